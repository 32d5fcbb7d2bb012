// What a watcher leaves its successor besides the inotify instance: a page of memory that belongs
// to no file, kept by the service manager as a descriptor, which tells whether anything had been
// read from the kernel and not been written down when the watcher ended, however it ended.
//
// The argument, for an end by SIGKILL at any instruction:
//   - What has not been read waits in the instance, which outlives the process, and so is read by
//     the successor.
//   - Before a reading the reader stores `begun` + 1 into the page, in program order before the
//     system call. The memory is shared with every process that holds the descriptor, and a process
//     that is killed loses no store that it has made.
//   - `kept` becomes N only when all that readings 1 to N gave has left the tree as records
//     (Tree::IsSettled), and the consumer has said that these records are in the queue's file, or
//     that the queue has recorded that a full check is due.
//   - So `begun` == `kept` means: nothing was between kernel and queue. Anything else is taken for
//     a loss; at worst one that was none.
// The machine's end takes instance, page and the service manager's store alike: then there is
// nothing to be trusted.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace inotify_csync {

// What is watched and how, as a digest: opaque here.
using WatchFingerprint = std::array<unsigned char, 32>;

class Handover {
 public:
  // Goes on with an earlier watcher's page, which is the object's from then on, or makes one (-1).
  // A reading is begun: until the first walk is over, nothing is certain. Throws std::system_error;
  // EINVAL: it is no such page.
  Handover(int fd, const WatchFingerprint& fingerprint);
  ~Handover();
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // A digest of the mounts that an earlier watcher has seen, 0: there was none.
  uint64_t earlier_mounts() const { return earlier_mounts_; }
  // The number of the last reading that has begun.
  uint64_t begun() const;

  // Of the reader's thread: a reading begins. It has its number when it has brought something; else
  // it is taken back.
  uint64_t Begin();
  void TakeBack();

  // Of the tree's thread: all that readings up to this one gave, and these mounts, has become
  // records; so many in all.
  void Settled(uint64_t reading, uint64_t records, uint64_t mounts);
  // Of the consumer: so many records, the first ones, are written down.
  void Kept(uint64_t records);

  int fd() const { return fd_; }
  void Close();

 private:
  struct Page;
  void Advance();

  std::atomic<int> fd_{-1};
  Page* page_ = nullptr;
  uint64_t earlier_mounts_ = 0;

  std::mutex mutex_;
  uint64_t kept_records_ = 0;
  uint64_t settled_reading_ = 0;
  uint64_t settled_records_ = 0;
  uint64_t settled_mounts_ = 0;
};

}  // namespace inotify_csync
