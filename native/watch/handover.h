// A page of memory that a watcher leaves to its successor besides the inotify instance. The page
// belongs to no file, and the service manager keeps it as a descriptor. It says whether events that
// had been read from the kernel were not yet written down when the watcher ended, however it ended.
//
// The argument, for an end by SIGKILL at any instruction:
//   - Unread events wait in the instance, which outlives the process, and the successor reads them.
//   - Before a reading the reader stores `begun` + 1 into the page, in program order before the
//     system call. The memory is shared with every process that holds the descriptor, and a killed
//     process loses no store that it has made.
//   - `kept` becomes N only when all events of readings 1 to N have left the tree as records
//     (Tree::IsSettled), and the consumer has said that these records are in the queue's file, or
//     that the queue has recorded that a full check is due.
//   - So `begun` == `kept` means that no event was between kernel and queue. Any other state counts
//     as a loss, at worst needlessly.
// When the machine ends, the instance, the page and the service manager's store all vanish, so
// nothing stale remains.
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
  // Continues with an earlier watcher's page, which belongs to the object from then on, or makes
  // one (-1). Begins a reading, so that nothing is certain until the first walk is over. Throws
  // std::system_error, with EINVAL if `fd` is no such page.
  Handover(int fd, const WatchFingerprint& fingerprint);
  ~Handover();
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // A digest of the mounts that an earlier watcher has seen, 0: there was none.
  uint64_t earlier_mounts() const { return earlier_mounts_; }
  // The number of the last reading that has begun.
  uint64_t begun() const;

  // For the reader's thread. Begins a reading. The reading keeps its number if it returns events;
  // otherwise it is taken back.
  uint64_t Begin();
  void TakeBack();

  // For the tree's thread. All events of readings up to this one, and these mounts, have become
  // records, `records` of them in all.
  void Settled(uint64_t reading, uint64_t records, uint64_t mounts);
  // For the consumer. The first `records` records are written down.
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
