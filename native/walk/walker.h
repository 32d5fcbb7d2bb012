// The threads that open, watch and list directories. They know nothing of the tree. They receive
// jobs and return findings.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tree/look.h"
#include "walk/mounts.h"
#include "tree/selection.h"

namespace inotify_csync {

class WalkerPool;

// A directory on the way of a walk. It is kept while entries below it must be opened, and until the
// tree has read its finding. `node` belongs to the tree's thread.
struct WalkedDirectory {
  std::shared_ptr<WalkedDirectory> parent;
  std::string path;
  Reach reach = 0;
  int32_t wd = kNoWatch;
  NodeRef node;
  std::atomic<int> fd{-1};
  std::atomic<uint32_t> unopened{0};  // children that still need the fd
  ~WalkedDirectory();
};

struct WalkResult {
  enum class Kind : uint8_t { kFound, kStray, kDone } kind = Kind::kFound;
  Found found;  // without `parent`: that is directory->parent's node, or `above`'s if nothing was
                // opened
  std::shared_ptr<WalkedDirectory> directory;
  std::shared_ptr<WalkedDirectory> above;
  uint64_t beyond_limit = 0;
};

struct WalkerOptions {
  unsigned threads = 4;
  uint32_t mask = 0;         // for inotify_add_watch
  uint32_t structure = 0;    // the part of it for directories in which no file can be selected
  int max_open = 1024;       // directories kept open at once
  std::function<void()>
      on_results;  // called from any walker when results have come and none were waiting
};

class WalkerPool {
 public:
  WalkerPool(int inotify_fd, const Selection& selection, const std::atomic<uint64_t>& serial,
             WalkerOptions options);
  ~WalkerPool();

  void Start(Job job, std::shared_ptr<const MountTable> mounts);
  std::vector<WalkResult> Take();
  bool HasResults();
  void Stop();

 private:
  struct RunningJob {
    Job job;
    std::shared_ptr<const MountTable> mounts;
    std::atomic<uint64_t> open_tasks{0};
    std::atomic<bool> limit_hit{false};
    std::atomic<uint64_t> beyond_limit{0};
  };
  struct Task {
    std::shared_ptr<RunningJob> job;
    std::shared_ptr<WalkedDirectory> parent;  // none: the job has just come
    std::string name;
    Reach reach = 0;
    int ticket = -1;
    uint64_t serial = 0;  // the tree's clock when the look began
  };
  struct Worker {
    std::vector<char> buffer;
    std::deque<Task> tasks;
    std::vector<WalkResult> results;
    std::vector<std::shared_ptr<RunningJob>>
        finished;                // one entry a task, settled when the results are handed in
    bool own_directory = false;  // this thread has a working directory of its own
  };

  void Run();
  void Begin(Worker* worker, const Task& task);
  void Visit(Worker* worker, Task* task);
  void List(Worker* worker, const Task& task, const std::shared_ptr<WalkedDirectory>& directory);
  int OpenBelow(Worker* worker, const Task& task, LookStatus* failure, int* error);
  int OpenVerified(Worker* worker, const std::shared_ptr<RunningJob>& job, const std::string& path,
                   int32_t wd);
  int32_t Watch(Worker* worker, int fd, uint32_t mask);
  bool WantsFiles(const std::string& path, Reach reach, int fd, bool* asked) const;
  void Release(WalkedDirectory* directory);
  bool IsSkipped(const Task& task, const std::string& path) const;
  void Report(Worker* worker, const Task& task, LookStatus status, int error);
  void HandIn(Worker* worker);
  void Share(Worker* worker);

  const int inotify_fd_;
  const Selection& selection_;
  const std::atomic<uint64_t>& serial_;
  const WalkerOptions options_;
  std::atomic<int> open_{0};
  std::atomic<unsigned> idle_{0};
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> shared_;
  std::vector<std::thread> threads_;

  std::mutex results_mutex_;
  std::vector<WalkResult> results_;
};

}  // namespace inotify_csync
