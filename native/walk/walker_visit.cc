// Opens, watches and lists one directory at a time.
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "walk/open_directory.h"
#include "walk/sync_point.h"
#include "walk/walker.h"

namespace inotify_csync {

namespace {

struct linux_dirent64_head {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

}  // namespace

LookStatus StatusOf(int error) {
  switch (error) {
    case ENOENT: return LookStatus::kGone;
    case ENOTDIR:
    case ELOOP: return LookStatus::kNotDirectory;
    case EACCES:
    case EPERM: return LookStatus::kDenied;
    case ENOSPC: return LookStatus::kNoSpace;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return LookStatus::kBusy;
    default: return LookStatus::kFailed;
  }
}

void WalkerPool::Visit(Worker* worker, Task* task) {
  const Job& job = task->job->job;
  task->serial = serial_.load();
  std::string path = task->parent ? task->parent->path : "/";
  if (task->parent) {
    if (path.size() > 1) path += '/';
    path += task->name;
  }
  const bool deep = path.size() > kDeepestPath;
  if (task->parent && (deep || IsSkipped(*task, path))) {
    Release(task->parent.get());
    Report(worker, *task, deep ? LookStatus::kTooDeep : LookStatus::kSkipped, 0);
    return;
  }
  LookStatus failure = LookStatus::kGone;
  int error = 0;
  const int fd = task->parent ? OpenBelow(worker, *task, &failure, &error) : OpenDirectory("/");
  if (fd < 0) {
    if (!task->parent) failure = StatusOf(errno);
    Report(worker, *task, failure, error);
    return;
  }
  auto directory = std::make_shared<WalkedDirectory>();
  directory->parent = task->parent;
  directory->path = std::move(path);
  directory->reach = task->reach;
  directory->fd = fd;
  open_++;
  SyncPoint("opened", directory->path);
  // Watch before listing. Entries made after the listing have an event, and earlier entries are in
  // the listing.
  const bool counting = task->job->limit_hit;
  bool full = true;
  if (!counting) {
    bool asked = false;
    full = WantsFiles(directory->path, directory->reach, fd, &asked);
    // Watch before looking. A directory that a file replaces after the look must have an event.
    if (asked && Watch(worker, fd, options_.structure | IN_MASK_ADD) >= 0) {
      full = WantsFiles(directory->path, directory->reach, fd, &asked);
    }
    directory->wd = Watch(worker, fd, full ? options_.mask : options_.structure);
    if (directory->wd < 0) {
      error = errno;
      Report(worker, *task, StatusOf(error), error);
      if (error != ENOSPC || !job.count_beyond_limit) {
        directory->unopened = 1;
        Release(directory.get());
        return;
      }
      task->job->limit_hit = true;
    }
  } else if (task->parent && task->parent->wd != kNoWatch) {
    Report(worker, *task, LookStatus::kNoSpace, ENOSPC);
  }
  if (directory->wd < 0) task->job->beyond_limit++;
  WalkResult result;
  result.directory = directory;
  result.found.job = job.id;
  result.found.name = task->name;
  result.found.status = LookStatus::kWatched;
  result.found.wd = directory->wd;
  result.found.reach = task->reach;
  result.found.ticket = task->ticket;
  result.found.serial = task->serial;
  const bool list = task->reach != 0 && (job.deep || directory->wd > job.high_water);
  result.found.recursed = list;
  result.found.full = full;
  if (directory->wd >= 0) worker->results.push_back(std::move(result));
  SyncPoint("watched", directory->path);
  if (list) List(worker, *task, directory);
  SyncPoint("listed", directory->path);
  if (directory->unopened == 0) {
    directory->unopened = 1;
    Release(directory.get());
  }
}

void WalkerPool::List(Worker* worker, const Task& task,
                      const std::shared_ptr<WalkedDirectory>& directory) {
  const int fd = directory->fd;
  const size_t before = worker->tasks.size();
  bool clipped = false;
  std::string path = directory->path;
  if (path.size() > 1) path += '/';
  const size_t base = path.size();
  while (!stopping_) {
    const long count = syscall(SYS_getdents64, fd, worker->buffer.data(), worker->buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != ENOENT) {
      Report(worker, task, LookStatus::kUnlisted, errno);
    }
    if (count <= 0) break;
    for (long at = 0; at < count;) {
      const auto* entry = reinterpret_cast<const linux_dirent64_head*>(worker->buffer.data() + at);
      at += entry->length;
      if (entry->type != DT_DIR && entry->type != DT_UNKNOWN) continue;
      const char* name = entry->name;
      if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
      path.resize(base);
      path += name;
      const Reach reach = selection_.Enter(path, directory->reach);
      if (reach == 0) continue;
      if (path.size() > kDeepestPath) {
        // One report of a too deep directory is enough.
        if (!clipped)
          Report(worker, {task.job, directory, name, reach, -1, task.serial}, LookStatus::kTooDeep,
                 0);
        clipped = true;
        continue;
      }
      if (entry->type == DT_UNKNOWN) {
        struct stat status;
        if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode))
          continue;
      }
      worker->tasks.push_back({task.job, directory, name, reach, -1, 0});
    }
  }
  const size_t children = worker->tasks.size() - before;
  if (children == 0) return;
  task.job->open_tasks += children;
  directory->unopened = static_cast<uint32_t>(children);
  // Too many directories are open at once (a very deep tree). The children come back by path and
  // verify the inode.
  if (open_ > options_.max_open) {
    const int open = directory->fd.exchange(-1);
    if (open >= 0) {
      close(open);
      open_--;
    }
  }
}

int WalkerPool::OpenBelow(Worker* worker, const Task& task, LookStatus* failure, int* error) {
  WalkedDirectory* parent = task.parent.get();
  int parent_fd = parent->fd;
  const bool reopened = parent_fd < 0;
  if (reopened) {
    errno = 0;
    parent_fd = OpenVerified(worker, task.job, parent->path, parent->wd);
    if (parent_fd < 0) {
      *error = errno;
      *failure = StatusOf(errno) == LookStatus::kBusy ? LookStatus::kBusy : LookStatus::kParentLost;
      return -1;
    }
  }
  int fd = OpenDirectoryAt(parent_fd, task.name.c_str());
  if (fd < 0 && (errno == EACCES || errno == EPERM)) {
    // Only the parent's watch can report that the directory becomes readable.
    Watch(worker, parent_fd, options_.structure | IN_ATTRIB | IN_MASK_ADD);
    fd = OpenDirectoryAt(parent_fd, task.name.c_str());
  }
  *error = errno;
  if (fd < 0) *failure = StatusOf(*error);
  if (reopened) close(parent_fd);
  else Release(parent);
  return fd;
}

// Opens a path and verifies by its descriptor that it is the expected inode. errno is 0 if it is
// another one.
int WalkerPool::OpenVerified(Worker* worker, const std::shared_ptr<RunningJob>& job,
                             const std::string& path, int32_t wd) {
  const int fd = OpenDirectory(path);
  if (fd < 0 || wd == kNoWatch) return fd;
  // The flag keeps the events that the watch already has.
  const int32_t got = Watch(worker, fd, options_.structure | IN_MASK_ADD);
  if (got == wd) return fd;
  const int error = got < 0 ? errno : 0;
  close(fd);
  if (got >= 0) {
    WalkResult stray;
    stray.kind = WalkResult::Kind::kStray;
    stray.found.job = job->job.id;
    stray.found.wd = got;
    worker->results.push_back(std::move(stray));
  }
  errno = error;
  return -1;
}

int32_t WalkerPool::Watch(Worker* worker, int fd, uint32_t mask) {
  if (worker->own_directory && fchdir(fd) == 0) return inotify_add_watch(inotify_fd_, ".", mask);
  char path[40];
  std::snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  return inotify_add_watch(inotify_fd_, path, mask);
}

// Whether the watch of a directory must report files. "/" must if files there can be selected,
// because it has no parent that could report that a file takes a directory's place.
bool WalkerPool::WantsFiles(const std::string& path, Reach reach, int fd, bool* asked) const {
  return selection_.MaySelectIn(path, reach, [&path, fd, asked](const std::string& name) {
    struct stat status;
    *asked = true;
    return path != "/" && fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
  });
}

void WalkerPool::Release(WalkedDirectory* directory) {
  if (directory->unopened.fetch_sub(1) != 1) return;
  const int fd = directory->fd.exchange(-1);
  if (fd < 0) return;
  close(fd);
  open_--;
}

// Whether to skip a pseudo file system. It is entered only on the way to a root below it, or if the
// root is its mount point.
bool WalkerPool::IsSkipped(const Task& task, const std::string& path) const {
  const MountTable* mounts = task.job->mounts.get();
  if (!mounts || mounts->pseudo.count(path) == 0) return false;
  return selection_.Explain(path) == Scope::kSelected &&
         (task.parent->path == "/" ? selection_.Explain("/")
                                   : selection_.Explain(task.parent->path)) == Scope::kSelected;
}

void WalkerPool::Report(Worker* worker, const Task& task, LookStatus status, int error) {
  WalkResult result;
  result.above = task.parent;
  result.found.job = task.job->job.id;
  result.found.name = task.name;
  result.found.status = status;
  result.found.error = error;
  result.found.reach = task.reach;
  result.found.ticket = task.ticket;
  result.found.serial = task.serial;
  worker->results.push_back(std::move(result));
}

}  // namespace inotify_csync
