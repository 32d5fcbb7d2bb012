#include "walk/walker.h"

#include <cerrno>
#include <sched.h>
#include <unistd.h>

#include <system_error>

#include "walk/sync_point.h"

namespace inotify_csync {

namespace {

constexpr size_t kListBuffer = 64 * 1024;
constexpr size_t kResultsPerHandIn = 128;

}  // namespace

WalkedDirectory::~WalkedDirectory() {
  if (const int open = fd.load(); open >= 0) close(open);
  // Destroying a chain of thousands recursively would overflow the stack.
  std::shared_ptr<WalkedDirectory> next = std::move(parent);
  while (next && next.use_count() == 1) next = std::move(next->parent);
}

WalkerPool::WalkerPool(int inotify_fd, const Selection& selection,
                       const std::atomic<uint64_t>& serial, WalkerOptions options)
    : inotify_fd_(inotify_fd),
      selection_(selection),
      serial_(serial),
      options_(std::move(options)) {
  try {
    for (unsigned count = 0; count < options_.threads; count++)
      threads_.emplace_back([this] { Run(); });
  } catch (const std::system_error&) {
    // No further thread can be started. Fewer walkers only take longer.
    if (threads_.empty()) throw;
  }
}

WalkerPool::~WalkerPool() { Stop(); }

void WalkerPool::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WalkerPool::Start(Job job, std::shared_ptr<const MountTable> mounts) {
  auto running = std::make_shared<RunningJob>();
  running->job = std::move(job);
  running->mounts = std::move(mounts);
  running->open_tasks = 1;
  Task task;
  task.job = std::move(running);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    shared_.push_back(std::move(task));
  }
  wake_.notify_one();
}

std::vector<WalkResult> WalkerPool::Take() {
  const std::lock_guard<std::mutex> lock(results_mutex_);
  return std::move(results_);
}

bool WalkerPool::HasResults() {
  const std::lock_guard<std::mutex> lock(results_mutex_);
  return !results_.empty();
}

void WalkerPool::Run() {
  Worker worker;
  worker.buffer.resize(kListBuffer);
  // With a working directory of its own a thread can watch "." instead of walking to
  // /proc/self/fd/N each time.
  worker.own_directory = unshare(CLONE_FS) == 0;
  while (true) {
    if (worker.tasks.empty()) {
      HandIn(&worker);
      // A working directory keeps its file system from being unmounted.
      if (worker.own_directory && chdir("/") != 0) worker.own_directory = false;
      std::unique_lock<std::mutex> lock(mutex_);
      idle_++;
      wake_.wait(lock, [this] { return stopping_ || !shared_.empty(); });
      idle_--;
      if (stopping_) break;
      worker.tasks.push_back(std::move(shared_.front()));
      shared_.pop_front();
    }
    if (stopping_) break;
    Task task = std::move(worker.tasks.back());
    worker.tasks.pop_back();
    if (task.parent || task.ticket >= 0) Visit(&worker, &task);
    else Begin(&worker, task);
    worker.finished.push_back(std::move(task.job));
    if (worker.tasks.size() > 1 && idle_ > 0) Share(&worker);
    if (worker.results.size() >= kResultsPerHandIn || worker.finished.size() >= kResultsPerHandIn)
      HandIn(&worker);
  }
}

// Gives the oldest half of the tasks to walkers that wait. The results go first, because a
// directory's finding must reach the tree before those of its children.
void WalkerPool::Share(Worker* worker) {
  HandIn(worker);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (size_t count = worker->tasks.size() / 2; count > 0; count--) {
      shared_.push_back(std::move(worker->tasks.front()));
      worker->tasks.pop_front();
    }
  }
  wake_.notify_all();
}

void WalkerPool::HandIn(Worker* worker) {
  if (worker->results.empty() && worker->finished.empty()) return;
  SyncPoint("found", "");
  bool first;
  {
    const std::lock_guard<std::mutex> lock(results_mutex_);
    first = results_.empty();
    for (WalkResult& result : worker->results) results_.push_back(std::move(result));
    // A task is done only now. The last walker to hand in reports the job's end.
    for (const std::shared_ptr<RunningJob>& job : worker->finished) {
      if (job->open_tasks.fetch_sub(1) != 1) continue;
      WalkResult done;
      done.kind = WalkResult::Kind::kDone;
      done.found.job = job->job.id;
      done.beyond_limit = job->beyond_limit;
      results_.push_back(std::move(done));
    }
  }
  worker->results.clear();
  worker->finished.clear();
  if (first) options_.on_results();
}

// Begins a new job. Opens its parent once and makes a task of each name.
void WalkerPool::Begin(Worker* worker, const Task& task) {
  const Job& job = task.job->job;
  std::shared_ptr<WalkedDirectory> parent;
  if (job.parent.id != kNoNode) {
    parent = std::make_shared<WalkedDirectory>();
    parent->path = job.parent_path;
    parent->reach = job.parent_reach;
    parent->wd = job.parent_wd;
    parent->node = job.parent;
    errno = 0;
    const int fd = OpenVerified(worker, task.job, parent->path, parent->wd);
    if (fd < 0) {
      const bool busy = StatusOf(errno) == LookStatus::kBusy;
      for (size_t index = 0; index < job.names.size(); index++) {
        Task lost{task.job,
                  parent,
                  job.names[index].name,
                  job.names[index].reach,
                  static_cast<int>(index),
                  serial_.load()};
        Report(worker, lost, busy ? LookStatus::kBusy : LookStatus::kParentLost, errno);
      }
      return;
    }
    open_++;
    parent->fd = fd;
    parent->unopened = static_cast<uint32_t>(job.names.size());
  }
  task.job->open_tasks += job.names.size();
  for (size_t index = 0; index < job.names.size(); index++) {
    worker->tasks.push_back({task.job, parent, job.names[index].name, job.names[index].reach,
                             static_cast<int>(index), 0});
  }
}

}  // namespace inotify_csync
