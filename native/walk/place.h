// Describes a directory at this moment, enough to tell whether it is the same as before and whether
// it is empty.
#pragma once

#include <cstdint>
#include <string>

namespace inotify_csync {

enum class PlaceKind : uint8_t { kDirectory, kFile, kOther };

struct PlaceFacts {
  int error = 0;  // errno; if set, nothing else is known
  PlaceKind kind = PlaceKind::kOther;
  uint64_t inode = 0;
  int64_t born_ns = 0;        // since 1970; 0: the file system doesn't keep it
  uint64_t file_system = 0;   // statfs(2) f_fsid; 0: there is none
  bool empty = false;
};

// The names of a path's extended attributes, ACLs among them, each followed by a NUL. Empty if
// there are none or they can't be read.
std::string AttributeNames(const std::string& path);

// Describes an absolute path of any length. No component may be a symbolic link. All facts are
// about one inode.
PlaceFacts LookAtPlace(const std::string& path);

}  // namespace inotify_csync
