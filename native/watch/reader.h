// The thread that drains the kernel's event queue and does nothing else: at full writing speed a
// stall of 100 ms fills the 16,384 events that the kernel keeps by default.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tree/event.h"
#include "watch/handover.h"

namespace inotify_csync {

struct ReaderOptions {
  size_t read_bytes = 256 * 1024;
  size_t queue_max = 64 * 1024 * 1024;  // beyond it events are dropped and said to be lost
  uint32_t dropped = 0;                 // events of files that are of no interest by themselves
  std::function<void()> on_data;  // called from the reader when data has come and none was waiting
};

class Reader {
 public:
  // Reads from a non-blocking inotify descriptor until Stop. Begins each reading in `handover`
  // first.
  Reader(int inotify_fd, Handover* handover, ReaderOptions options);
  ~Reader();

  struct Data {
    std::vector<char> events;  // whole struct inotify_event's
    bool lost = false;         // events after these were dropped
    int error = 0;             // errno: reading has ended
    uint64_t reading = 0;      // the last one that these are from
    int64_t read_at = 0;       // when the first was read; CLOCK_MONOTONIC, in microseconds
  };
  Data Take();
  size_t Bytes() const;
  // The number of readings that have returned events. If it doesn't change while events wait in the
  // kernel, the thread is stuck.
  uint64_t Readings() const { return readings_; }
  // For tests. Stops reading for this long, or until Stop.
  void Stall(Millis duration) { stall_ = duration; }
  void Stop();

 private:
  void Run();
  size_t Sift(char* bytes, size_t count) const;
  void Push(const char* bytes, size_t count, uint64_t reading);
  void Fail(int error);

  const int inotify_fd_;
  Handover* const handover_;
  const ReaderOptions options_;
  int stop_fd_;
  std::atomic<uint64_t> readings_{0};
  std::atomic<Millis> stall_{0};
  mutable std::mutex mutex_;
  Data data_;
  std::thread thread_;
};

}  // namespace inotify_csync
