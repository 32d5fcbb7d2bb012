#include "walk/survey.h"

#include <fcntl.h>

#include "walk/open_directory.h"

namespace inotify_csync {

namespace {

// The entry is absent, or another one has taken its place, so this is no failure. ELOOP comes from
// links on the way to it. csync2 never looks behind links.
bool IsAbsence(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

// File systems can keep times that don't fit.
int64_t Nanoseconds(const struct timespec& time) {
  constexpr int64_t second = 1000000000;
  if (time.tv_sec >= INT64_MAX / second) return INT64_MAX;
  if (time.tv_sec <= INT64_MIN / second) return INT64_MIN;
  return time.tv_sec * second + static_cast<int64_t>(time.tv_nsec);
}

int StatAt(int fd, const char* name, struct stat* status) {
  int result;
  do result = fstatat(fd, name, status, AT_SYMLINK_NOFOLLOW);
  while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

}  // namespace

bool Survey::Run(const std::vector<std::string>& paths, SurveyResult* result) {
  result_ = result;
  for (const std::string& path : paths) {
    if (cancelled_) break;
    LookAt(path);
  }
  for (const Level& level : levels_) {
    if (level.fd >= 0) close(level.fd);
  }
  levels_.clear();
  return !cancelled_;
}

void Survey::LookAt(const std::string& path) {
  path_ = path;
  struct stat status;
  const int error = StatAt(AT_FDCWD, path.c_str(), &status);
  if (error != 0) {
    if (!IsAbsence(error)) result_->unreadable.push_back({path, error});
    return;
  }
  result_->entries++;
  if (!S_ISDIR(status.st_mode)) Change(path, status);
  else if (options_.recursive) Walk(path);
}

void Survey::Walk(const std::string& path) {
  const int fd = OpenDirectory(path);
  if (fd < 0) {
    if (!IsAbsence(errno)) result_->unreadable.push_back({path, errno});
    return;
  }
  if (path == "/") path_.clear();
  first_open_ = 0;
  Push(fd);
  while (!levels_.empty() && !cancelled_) {
    if (levels_.back().directories.empty()) Leave();
    else Descend();
  }
}

// Handles everything but directories here, so that no names are kept for a directory with a million
// files.
void Survey::List(Level* level) {
  size_t unreadable = 0;
  int last_error = 0;
  const size_t before = result_->unreadable.size();
  const int error = ForEachEntry(level->fd, &buffer_, [&](const DirectoryEntry& entry) {
    if (const int failure = Look(level, entry); failure != 0) {
      unreadable++;
      last_error = failure;
    }
    return unreadable <= options_.unreadable_max && !cancelled_;
  });
  if (unreadable <= options_.unreadable_max && (error == 0 || IsAbsence(error))) return;
  result_->unreadable.resize(before);
  level->directories.clear();
  Report(error != 0 ? error : last_error);
}

// Returns 0, or the errno of an entry that exists and can't be accessed.
int Survey::Look(Level* level, const DirectoryEntry& entry) {
  struct stat status;
  const int error = StatAt(level->fd, entry.name, &status);
  if (error != 0 && IsAbsence(error)) return 0;
  path_ += '/';
  path_ += entry.name;
  if (error != 0) {
    Report(error);
  } else {
    result_->entries++;
    if (path_.size() > options_.path_max) Report(ENAMETOOLONG);
    else if (!S_ISDIR(status.st_mode)) Change(path_, status);
    if (S_ISDIR(status.st_mode)) level->directories.emplace_back(entry.name);
  }
  path_.resize(level->path_size);
  return error;
}

void Survey::Descend() {
  Level& level = levels_.back();
  const std::string name = std::move(level.directories.back());
  level.directories.pop_back();
  path_.resize(level.path_size);
  const int fd = OpenDirectoryAt(level.fd, name.c_str());
  const int error = errno;
  path_ += '/';
  path_ += name;
  if (fd >= 0) Push(fd);
  else if (!IsAbsence(error)) Report(error);
}

void Survey::Push(int fd) {
  Level level;
  level.fd = fd;
  level.path_size = path_.size();
  struct stat status;
  if (fstat(fd, &status) == 0) {
    level.device = status.st_dev;
    level.inode = status.st_ino;
  }
  levels_.push_back(std::move(level));
  // In a very deep tree, close the directories that are farthest away. They are reopened on the way
  // back.
  while (levels_.size() - first_open_ > options_.open_max) {
    Level& farthest = levels_[first_open_++];
    if (farthest.fd >= 0) close(farthest.fd);
    farthest.fd = -1;
  }
  List(&levels_.back());
}

void Survey::Leave() {
  const int child_fd = levels_.back().fd;
  levels_.pop_back();
  if (!levels_.empty()) {
    Level& level = levels_.back();
    path_.resize(level.path_size);
    if (level.fd < 0) {
      first_open_ = levels_.size() - 1;
      if (!Reopen(&level, child_fd)) level.directories.clear();
    }
  }
  if (child_fd >= 0) close(child_fd);
}

bool Survey::Reopen(Level* level, int child_fd) {
  const auto is_same = [level](int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_dev == level->device &&
           status.st_ino == level->inode;
  };
  int fd = child_fd < 0 ? -1 : OpenDirectoryAt(child_fd, "..");
  if (fd >= 0 && !is_same(fd)) {
    close(fd);
    fd = -1;
  }
  // The child has been moved away, so reopen the directory by its path.
  if (fd < 0) {
    fd = OpenDirectory(path_);
    if (fd < 0 && !IsAbsence(errno)) Report(errno);
    if (fd >= 0 && !is_same(fd)) {
      close(fd);
      fd = -1;
    }
  }
  level->fd = fd;
  return fd >= 0;
}

// Reports path_, or if path_ is too long the closest directory above whose path is not.
void Survey::Report(int error) {
  std::string path = path_;
  if (path.size() > options_.path_max) {
    size_t at = levels_.size();
    while (at > 0 && levels_[at - 1].path_size > options_.path_max) at--;
    if (at == 0 || levels_[at - 1].is_reported) return;
    levels_[at - 1].is_reported = true;
    path.resize(levels_[at - 1].path_size);
    error = ENAMETOOLONG;
  }
  if (path.empty()) path = "/";
  result_->unreadable.push_back({std::move(path), error});
}

void Survey::Change(const std::string& path, const struct stat& status) {
  const int64_t ctime = Nanoseconds(status.st_ctim);
  if (ctime < options_.changed_since_ns) return;
  if (options_.linked_only && !(S_ISREG(status.st_mode) && status.st_nlink > 1)) return;
  const ChangedType type = S_ISREG(status.st_mode)   ? ChangedType::kFile
                           : S_ISLNK(status.st_mode) ? ChangedType::kLink
                                                     : ChangedType::kOther;
  result_->changed.push_back({path, type, status.st_ino, static_cast<uint64_t>(status.st_size),
                              Nanoseconds(status.st_mtim), ctime, status.st_dev,
                              static_cast<uint32_t>(status.st_nlink)});
}

}  // namespace inotify_csync
