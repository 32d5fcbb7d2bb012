#include "watch/reader.h"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <chrono>
#include <system_error>

namespace inotify_csync {

namespace {

// A file that is written to all the time wakes us no oftener: equal events become one while they
// wait.
constexpr int kPauseAfterDropped = 2;

// Once a reading, which takes two system calls: some 25 ns of their microseconds.
int64_t Microseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Reader::Reader(int inotify_fd, Handover* handover, ReaderOptions options)
    : inotify_fd_(inotify_fd),
      handover_(handover),
      options_(std::move(options)),
      stop_fd_(eventfd(0, EFD_CLOEXEC)) {
  if (stop_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    close(stop_fd_);
    throw;
  }
}

Reader::~Reader() {
  Stop();
  close(stop_fd_);
}

void Reader::Stop() {
  const uint64_t one = 1;
  if (write(stop_fd_, &one, sizeof(one)) < 0) return;
  if (thread_.joinable()) thread_.join();
}

Reader::Data Reader::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Data taken = std::move(data_);
  data_ = Data();
  return taken;
}

size_t Reader::Bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return data_.events.size();
}

void Reader::Run() {
  std::vector<char> buffer(options_.read_bytes);
  pollfd polled[] = {{inotify_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
  while (true) {
    if (poll(polled, 2, -1) < 0 && errno != EINTR) return Fail(errno);
    if (polled[1].revents != 0) return;
    if (const Millis pause = stall_.exchange(0); pause > 0) {
      poll(&polled[1], 1, static_cast<int>(pause));
      continue;
    }
    const uint64_t reading = handover_->Begin();
    const ssize_t count = read(inotify_fd_, buffer.data(), buffer.size());
    if (count > 0) {
      const size_t kept = Sift(buffer.data(), static_cast<size_t>(count));
      if (kept > 0) {
        Push(buffer.data(), kept, reading);
        continue;
      }
      handover_->TakeBack();
      poll(&polled[1], 1, kPauseAfterDropped);
      continue;
    }
    const int error = count == 0 ? EIO : errno;
    handover_->TakeBack();
    if (error != EAGAIN && error != EINTR) return Fail(error);
  }
}

// Removes the events to drop. Returns how many bytes are left.
size_t Reader::Sift(char* bytes, size_t count) const {
  if (options_.dropped == 0) return count;
  size_t kept = 0;
  for (size_t at = 0; at < count;) {
    inotify_event head;
    std::memcpy(&head, bytes + at, sizeof(head));
    const size_t size = sizeof(head) + head.len;
    if ((head.mask & IN_ALL_EVENTS & ~options_.dropped) != 0 || (head.mask & IN_ALL_EVENTS) == 0) {
      if (kept != at) std::memmove(bytes + kept, bytes + at, size);
      kept += size;
    }
    at += size;
  }
  return kept;
}

void Reader::Push(const char* bytes, size_t count, uint64_t reading) {
  const int64_t now = Microseconds();
  bool first;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    first = data_.events.empty();
    if (first) data_.read_at = now;
    data_.reading = reading;
    readings_++;
    if (data_.lost || data_.events.size() + count > options_.queue_max) data_.lost = true;
    else data_.events.insert(data_.events.end(), bytes, bytes + count);
  }
  if (first) options_.on_data();
}

void Reader::Fail(int error) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    data_.error = error;
  }
  options_.on_data();
}

}  // namespace inotify_csync
