#include "watch/watcher.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "walk/sync_point.h"

namespace inotify_csync {

namespace {

// The events that the tree needs. They are never left out.
constexpr uint32_t kStructure =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;
// The kernel merges two equal events that follow each other (inotify(7)). Writes between two closes
// keep the closes apart, so that they can be counted, for example when csync2's server closes a
// file and another process closes it afterwards.
constexpr uint32_t kSeparator = IN_MODIFY;
constexpr Millis kNotifyEvery = 5;
constexpr Millis kProgressEvery = 100;

// Whether an event concerns a file that has no name, only an inode (open(2), O_TMPFILE). The kernel
// calls such a file `#INODE`, and reports it to the directory in which it has been opened.
bool IsOfUnnamedFile(RecordKind kind, std::string_view path) {
  if (kind != RecordKind::kTouch && kind != RecordKind::kWritten) return false;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.size() < 2 || name[0] != '#') return false;
  if (name.find_first_not_of("0123456789", 1) != std::string_view::npos) return false;
  // A file that has really had this name and is gone is reported by the event of its removal.
  struct stat status;
  return lstat(std::string(path).c_str(), &status) != 0 && errno == ENOENT;
}

Millis Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void Fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// The instance to watch with. Sets `adopted` to the highest descriptor that it has given out so
// far. The kernel gives descriptors out in rising order, so a temporary watch on an object of our
// own shows the highest.
int OpenInstance(int given, int32_t* adopted) {
  if (given < 0) {
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) Fail("inotify_init1");
    return fd;
  }
  const int flags = fcntl(given, F_GETFL);
  if (flags < 0 || fcntl(given, F_SETFL, flags | O_NONBLOCK) < 0)
    Fail("the inotify instance given");
  fcntl(given, F_SETFD, FD_CLOEXEC);
  const int probe = memfd_create("inotify-csync", MFD_CLOEXEC);
  if (probe < 0) Fail("memfd_create");
  const std::string path = "/proc/self/fd/" + std::to_string(probe);
  *adopted = inotify_add_watch(given, path.c_str(), IN_DELETE_SELF);
  const int error = errno;
  close(probe);
  errno = error;
  // At the watch limit the highest is unknown, so all count as the earlier watcher's.
  if (*adopted < 0 && errno == ENOSPC) *adopted = INT32_MAX;
  if (*adopted < 0) Fail("the inotify instance given");
  return given;
}

WatcherOptions Opened(WatcherOptions options, Opening* opening) {
  const bool given = options.inotify_fd >= 0;
  options.inotify_fd = OpenInstance(options.inotify_fd, &options.tree.adopted);
  if (!given) opening->Add(options.inotify_fd);
  return options;
}

}  // namespace

Watcher::Watcher(std::shared_ptr<const Selection> selection, WatcherOptions options,
                 std::function<void()> notify)
    : selection_(std::move(selection)),
      options_(Opened(std::move(options), &opening_)),
      notify_(std::move(notify)),
      handover_(options_.handover_fd, options_.fingerprint),
      reading_(handover_.begun()),
      records_(options_.records_max),
      tree_(*selection_, options_.tree, this) {
  inotify_fd_ = options_.inotify_fd;
  if (options_.handover_fd < 0) opening_.Add(handover_.fd());
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ < 0) Fail("eventfd");
  opening_.Add(wake_fd_);
  mounts_fd_ = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  // Without this file no mount change would be noticed, so a shortage of descriptors is an error.
  if (mounts_fd_ < 0 && StatusOf(errno) == LookStatus::kBusy) Fail("/proc/self/mountinfo");
  if (mounts_fd_ >= 0) mounts_ = ReadMounts(opening_.Add(mounts_fd_));
  if (mounts_) mounts_digest_ = MountsDigest(*mounts_, *selection_);
  ReaderOptions reader = options_.reader;
  reader.on_data = [this] { Wake(); };
  reader.dropped = kSeparator & ~options_.tree.file_mask;
  reader_ = std::make_unique<Reader>(inotify_fd_, &handover_, std::move(reader));
  WalkerOptions walkers;
  walkers.threads = std::max(1U, options_.walkers);
  walkers.mask = kStructure | kSeparator | options_.tree.file_mask | IN_ONLYDIR | IN_EXCL_UNLINK;
  walkers.structure = (kStructure & ~uint32_t{IN_ATTRIB}) | IN_ONLYDIR | IN_EXCL_UNLINK;
  walkers.on_results = [this] { Wake(); };
  walkers_ =
      std::make_unique<WalkerPool>(inotify_fd_, *selection_, tree_.Serial(), std::move(walkers));
  started_ = Now();
  thread_ = std::thread([this] { Run(); });
  opening_.Done();
}

Watcher::~Watcher() { Stop(); }

void Watcher::Stop() {
  stopping_ = true;
  End();
  if (const int fd = inotify_fd_.exchange(-1); fd >= 0) close(fd);
  // After Detach it is the caller's.
  if (!detaching_) handover_.Close();
}

int Watcher::Detach() {
  detaching_ = true;
  End();
  return inotify_fd_.exchange(-1);
}

void Watcher::End() {
  if (wake_fd_ >= 0) Wake();
  if (thread_.joinable()) thread_.join();
  walkers_.reset();
  reader_.reset();
  for (int* fd : {&wake_fd_, &mounts_fd_}) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
}

WatcherState Watcher::State() const {
  const std::lock_guard<std::mutex> lock(state_mutex_);
  return state_;
}

WatcherStats Watcher::Stats() const {
  const std::lock_guard<std::mutex> lock(state_mutex_);
  WatcherStats stats = stats_;
  stats.pending_bytes = records_.Bytes();
  return stats;
}

ThreadPulse Watcher::ReaderPulse() const {
  ThreadPulse pulse;
  int bytes = 0;
  const int fd = inotify_fd_;
  pulse.waiting = fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
  if (reader_) pulse.moved = reader_->Readings();
  return pulse;
}

ThreadPulse Watcher::TreePulse() const {
  ThreadPulse pulse;
  pulse.moved = turns_;
  const Millis due = due_;
  pulse.waiting = (due >= 0 && due < Now()) || (reader_ && reader_->Bytes() > 0) ||
                  (walkers_ && walkers_->HasResults());
  return pulse;
}

void Watcher::Run() {
  const uint64_t before = handover_.earlier_mounts();
  tree_.Start(before != 0 && before != mounts_digest_ ? "mounts have changed while nobody watched"
                                                      : "");
  while (!stopping_ && !detaching_) {
    Millis next = tree_.Deadline();
    if (dirty_) {
      const Millis due = published_ + kNotifyEvery;
      if (next < 0 || due < next) next = due;
    }
    due_ = next;
    Wait(next < 0 ? -1 : std::max<Millis>(0, next - Now()));
    if (const Millis pause = stall_.exchange(0); pause > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(pause));
    }
    if (!stopping_) Turn();
  }
  if (detaching_) Drain();
}

// Turns everything that has been read into records, because the kernel does not send it again.
// Later events stay unread.
void Watcher::Drain() {
  reader_->Stop();
  const Millis end = Now() + options_.drain;
  Turn();
  while (!stopping_ && !tree_.IsFirstWalk() && !tree_.IsSettled() && Now() < end) {
    const Millis next = tree_.Deadline();
    Wait(std::max<Millis>(0, (next < 0 ? end : std::min(next, end)) - Now()));
    Turn();
  }
  tree_.Leave();
  // Unfinished work is in the records as a loss.
  if (tree_.IsWhole()) handover_.Settled(reading_, records_.Added(), mounts_digest_);
  Publish(true);
}

void Watcher::Turn() {
  ApplyResults();
  ApplyEvents();
  const Millis now = Now();
  tree_.Tick(now);
  tree_.Flush(now);
  if (tree_.IsSettled() && tree_.IsWhole())
    handover_.Settled(reading_, records_.Added(), mounts_digest_);
  Publish(false);
  turns_++;
}

void Watcher::ApplyResults() {
  const Millis now = Now();
  for (WalkResult& result : walkers_->Take()) {
    switch (result.kind) {
      case WalkResult::Kind::kDone:
        tree_.OnJobDone(result.found.job, result.beyond_limit, now);
        break;
      case WalkResult::Kind::kStray:
        tree_.OnStrayWatch(result.found.wd);
        break;
      case WalkResult::Kind::kFound:
        const WalkedDirectory* parent =
            result.directory ? result.directory->parent.get() : result.above.get();
        if (parent) {
          result.found.parent = parent->node;
          result.found.parent_wd = parent->wd;
        }
        const NodeRef node = tree_.OnFound(result.found, now);
        if (result.directory) result.directory->node = node;
        break;
    }
  }
}

void Watcher::ApplyEvents() {
  const Reader::Data data = reader_->Take();
  if (data.reading != 0) reading_ = data.reading;
  if (!data.events.empty()) read_at_ = data.read_at;
  const Millis now = Now();
  Event event;
  for (size_t at = 0; at + sizeof(inotify_event) <= data.events.size();) {
    inotify_event head;
    std::memcpy(&head, data.events.data() + at, sizeof(head));
    const char* name = data.events.data() + at + sizeof(head);
    event.wd = head.wd;
    event.mask = head.mask;
    event.cookie = head.cookie;
    event.name.assign(name, strnlen(name, head.len));
    at += sizeof(head) + head.len;
    tree_.OnEvent(event, now);
  }
  if (data.lost) tree_.OnOverflow("more events came than could be kept in memory");
  if (data.error != 0) {
    const std::lock_guard<std::mutex> lock(state_mutex_);
    state_.error = data.error;
    dirty_ = true;
  }
}

// Tells JavaScript, at most once in a few milliseconds: what comes meanwhile goes with the next
// batch.
void Watcher::Publish(bool force) {
  const Millis now = Now();
  {
    const std::lock_guard<std::mutex> lock(state_mutex_);
    stats_.tree = tree_.Stats();
    stats_.directories = tree_.store().nodes();
    stats_.watches = tree_.store().watches();
    stats_.node_bytes = tree_.store().Bytes();
    stats_.unread_bytes = reader_->Bytes();
    if (!state_.walked && now - published_ >= kProgressEvery) {
      state_.directories = stats_.watches;
      dirty_ = true;
    }
  }
  if (!dirty_ || (!force && now - published_ < kNotifyEvery)) return;
  dirty_ = false;
  published_ = now;
  notify_();
}

void Watcher::Emit(RecordKind kind, std::string_view text) {
  if (IsOfUnnamedFile(kind, text)) return;
  records_.Add(kind, text, read_at_);
  dirty_ = true;
}

void Watcher::StartJob(Job job) { walkers_->Start(std::move(job), mounts_); }

void Watcher::RemoveWatch(int32_t wd) {
  SyncPoint("removing", "");
  inotify_rm_watch(inotify_fd_, wd);
}

bool Watcher::AwaitsClose(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) return true;
  return S_ISREG(status.st_mode) && status.st_nlink == 1;
}

void Watcher::FirstWalkDone(uint64_t beyond_limit) {
  const std::lock_guard<std::mutex> lock(state_mutex_);
  state_.walked = true;
  state_.directories = tree_.store().watches();
  state_.seconds = static_cast<double>(Now() - started_) / 1000;
  state_.beyond_limit = beyond_limit;
  dirty_ = true;
}

void Watcher::Wake() {
  const uint64_t one = 1;
  // A full counter is as good as a wake-up.
  if (write(wake_fd_, &one, sizeof(one)) < 0) return;
}

int Watcher::Wait(Millis timeout) {
  pollfd polled[] = {{wake_fd_, POLLIN, 0}, {mounts_fd_, POLLPRI, 0}};
  const int ready = poll(polled, 2, static_cast<int>(std::min<Millis>(timeout, 3600 * 1000)));
  uint64_t count;
  if (read(wake_fd_, &count, sizeof(count)) < 0 && errno != EAGAIN) return -1;
  if (ready > 0 && (polled[1].revents & (POLLPRI | POLLERR))) {
    auto mounts = ReadMounts(mounts_fd_);
    const auto changed = ChangedMounts(*mounts_, *mounts);
    mounts_ = std::move(mounts);
    mounts_digest_ = MountsDigest(*mounts_, *selection_);
    tree_.OnMountsChanged(changed);
    // A check that is about to begin must know before the walks have come to their end.
    {
      const std::lock_guard<std::mutex> lock(state_mutex_);
      state_.mounts++;
    }
    notify_();
  }
  return ready;
}

}  // namespace inotify_csync
