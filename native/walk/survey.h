// Checks files and trees with lstat(2), as csync2 does, and reports entries that can't be accessed
// and entries that have changed lately.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "walk/directory_entries.h"

namespace inotify_csync {

struct SurveyOptions {
  bool recursive = false;
  int64_t changed_since_ns = INT64_MAX;  // since 1970
  // Report only changed regular files that have more than one name.
  bool linked_only = false;
  // Longest path that is reported and that csync2 can access, PATH_MAX without the NUL.
  size_t path_max = 4095;
  // Directories kept open at once.
  size_t open_max = 128;
  // If more entries of one directory can't be accessed, the directory is reported instead.
  size_t unreadable_max = 100;
};

enum class ChangedType : uint8_t { kFile, kLink, kOther };

struct ChangedEntry {
  std::string path;
  ChangedType type;
  uint64_t inode;
  uint64_t size;
  int64_t mtime_ns;
  int64_t ctime_ns;
  uint64_t device;
  uint32_t links;
};

struct UnreadableEntry {
  std::string path;
  int error;
};

struct SurveyResult {
  uint64_t entries = 0;
  // Entries but directories whose ctime is not before `changed_since_ns`, as far as asked for.
  std::vector<ChangedEntry> changed;
  // Entries for which lstat(2) fails, and directories that can't be listed. Absent entries are left
  // out.
  std::vector<UnreadableEntry> unreadable;
};

// One survey. It descends by directory descriptors, never by path and never through a symbolic
// link, so that neither depth nor renames lead it astray.
class Survey {
 public:
  Survey(SurveyOptions options, const std::atomic<bool>& cancelled)
      : options_(options), cancelled_(cancelled) {}

  // Surveys absolute paths. A path that lies within another is surveyed twice. Returns false if the
  // survey has been cancelled.
  bool Run(const std::vector<std::string>& paths, SurveyResult* result);

 private:
  struct Level {
    int fd = -1;
    uint64_t device = 0;
    uint64_t inode = 0;
    size_t path_size = 0;                  // of path_, up to and with this directory's name
    std::vector<std::string> directories;  // in it, still to be visited
    bool is_reported = false;
  };

  void LookAt(const std::string& path);
  void Walk(const std::string& path);
  void List(Level* level);
  int Look(Level* level, const DirectoryEntry& entry);
  void Descend();
  void Leave();
  bool Reopen(Level* level, int child_fd);
  void Push(int fd);
  void Report(int error);
  void Change(const std::string& path, const struct stat& status);

  const SurveyOptions options_;
  const std::atomic<bool>& cancelled_;
  SurveyResult* result_ = nullptr;
  std::vector<char> buffer_ = std::vector<char>(64 * 1024);
  std::deque<Level> levels_;
  size_t first_open_ = 0;  // levels above this one are closed
  std::string path_;
};

}  // namespace inotify_csync
