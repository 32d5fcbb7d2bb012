// One watcher: the inotify instance, its reader, its walkers and the thread that owns the tree.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "watch/handover.h"
#include "watch/opening.h"
#include "walk/mounts.h"
#include "watch/reader.h"
#include "watch/record_buffer.h"
#include "tree/selection.h"
#include "tree/tree.h"
#include "walk/walker.h"

namespace inotify_csync {

struct WatcherOptions {
  // An inotify instance to go on with, which belongs to the watcher from then on; -1: a new one.
  int inotify_fd = -1;
  // The page that belongs to it (handover.h), likewise; -1: a new one.
  int handover_fd = -1;
  WatchFingerprint fingerprint{};
  // How long Detach waits for looks that are under way.
  Millis drain = 5000;
  unsigned walkers = 4;
  size_t records_max = 128 * 1024 * 1024;
  ReaderOptions reader;
  TreeOptions tree;
};

struct WatcherStats {
  TreeStats tree;
  size_t directories = 0;
  size_t watches = 0;
  size_t node_bytes = 0;
  size_t pending_bytes = 0;
  size_t unread_bytes = 0;
};

// What happens to a watcher besides records.
struct WatcherState {
  bool walked = false;         // the first walk is over
  uint64_t directories = 0;    // watched so far
  double seconds = 0;          // the first walk's duration
  uint64_t beyond_limit = 0;   // directories that the first walk could not watch
  int error = 0;               // errno: the reader has died
  uint64_t mounts = 0;         // how often mounts have changed
};

// Shows whether a thread is stuck. It is if something waits for it in two samples and the count has
// not changed between them.
struct ThreadPulse {
  uint64_t moved = 0;
  bool waiting = false;
};

class Watcher : private TreeSink {
 public:
  // Begins to watch. Throws std::system_error if there is no inotify instance (inotify_init1(2)),
  // descriptor or thread to be had; the given descriptors then still belong to the caller. `notify`
  // is called from the tree's thread when there are records to take or the state has changed.
  Watcher(std::shared_ptr<const Selection> selection, WatcherOptions options,
          std::function<void()> notify);
  ~Watcher() override;

  RecordBuffer& records() { return records_; }
  // All records that have been taken are written down.
  void Kept() { handover_.Kept(records_.Taken()); }
  // Both pulses are only read. No thread is woken for it.
  ThreadPulse ReaderPulse() const;
  ThreadPulse TreePulse() const;
  WatcherState State() const;
  WatcherStats Stats() const;
  // For tests. The tree does nothing for this long, which shows that the reader doesn't need it.
  void Stall(Millis duration) { stall_ = duration; Wake(); }
  void StallReader(Millis duration) { reader_->Stall(duration); }
  // Ends all threads and closes the instance.
  void Stop();
  // Ends all threads when everything that has been read has become records. The instance stays open
  // with its watches and unread events, and belongs to the caller. Returns -1 if the watcher was
  // stopped before.
  int Detach();
  int inotify_fd() const { return inotify_fd_; }
  // The page for a successor; after Detach it is the caller's, too.
  int handover_fd() const { return handover_.fd(); }

 private:
  void Emit(RecordKind kind, std::string_view text) override;
  void StartJob(Job job) override;
  void RemoveWatch(int32_t wd) override;
  bool AwaitsClose(const std::string& path) override;
  void FirstWalkDone(uint64_t beyond_limit) override;

  void Run();
  void Turn();
  void Drain();
  void End();
  void ApplyResults();
  void ApplyEvents();
  void Publish(bool force);
  void Wake();
  int Wait(Millis timeout);

  Opening opening_;
  const std::shared_ptr<const Selection> selection_;
  const WatcherOptions options_;
  const std::function<void()> notify_;
  std::atomic<int> inotify_fd_{-1};
  int wake_fd_ = -1;
  int mounts_fd_ = -1;
  std::shared_ptr<const MountTable> mounts_;
  uint64_t mounts_digest_ = 0;
  Handover handover_;
  uint64_t reading_ = 0;  // all up to this one have been taken from the reader
  int64_t read_at_ = 0;   // when the events were read that are applied, or were last
  RecordBuffer records_;
  Tree tree_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<WalkerPool> walkers_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> detaching_{false};
  std::atomic<Millis> stall_{0};
  std::atomic<uint64_t> turns_{0};
  std::atomic<Millis> due_{
      -1};  // when the tree's thread is to turn at the latest, -1: when something comes
  Millis started_ = 0;
  Millis published_ = 0;
  bool dirty_ = false;  // records or state since the last notify

  mutable std::mutex state_mutex_;
  WatcherState state_;
  WatcherStats stats_;
  std::thread thread_;
};

}  // namespace inotify_csync
