// The questions that the tree asks the walkers, and their answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tree/node_store.h"
#include "tree/selection.h"

namespace inotify_csync {

enum class LookStatus : uint8_t {
  kWatched,       // opened and watched; `wd` is the inode's descriptor
  kGone,          // no such name
  kNotDirectory,  // another type, a symlink too
  kSkipped,       // a pseudo file system that csync2.cfg doesn't include
  kDenied,        // EACCES, EPERM
  kNoSpace,       // ENOSPC: the watch limit
  kBusy,          // EMFILE, ENFILE, ENOMEM: a temporary shortage
  kParentLost,    // the parent's path leads to another inode than its descriptor
  kUnlisted,      // watched, but getdents64 failed, in `error`
  kTooDeep,       // its path is longer than kDeepestPath
  kFailed,        // any other error, in `error`
};

// The status for a failed system call of a look.
LookStatus StatusOf(int error);

struct LookName {
  std::string name;
  Reach reach = 0;
};

// One request to open and watch these names of one watched directory, and to list the new ones.
struct Job {
  uint64_t id = 0;
  NodeRef parent;              // none: the one name is "/" itself
  int32_t parent_wd = kNoWatch;  // proves that parent_path still leads to the parent's inode
  Reach parent_reach = 0;
  std::string parent_path;
  std::vector<LookName> names;
  bool deep = false;           // list known directories, too
  bool count_beyond_limit = false;  // after ENOSPC continue and count directories
  // Descriptors grow. One above this mark was made by this very look, so its directory is listed at
  // once.
  int32_t high_water = 0;
};

// The answer for one directory: one of the job's names, or one found below them.
struct Found {
  uint64_t job = 0;
  NodeRef parent;
  int32_t parent_wd = kNoWatch;  // finds the parent when its node has been merged with another
  std::string name;
  LookStatus status = LookStatus::kGone;
  int32_t wd = kNoWatch;
  int error = 0;
  Reach reach = 0;
  bool full = true;       // its watch reports files, too
  bool recursed = false;  // its subdirectories have been listed and are being looked at
  int ticket = -1;        // index into the job's names, -1: found below them
  // The tree's clock (Tree::Serial) when the look began.
  uint64_t serial = 0;
};

}  // namespace inotify_csync
