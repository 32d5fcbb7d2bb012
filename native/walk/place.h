// What a directory is at this moment: enough to tell whether it is the one it was, and whether
// anything is in it.
#pragma once

#include <cstdint>
#include <string>

namespace inotify_csync {

enum class PlaceKind : uint8_t { kDirectory, kFile, kOther };

struct PlaceFacts {
  int error = 0;  // errno: nothing else is known
  PlaceKind kind = PlaceKind::kOther;
  uint64_t inode = 0;
  int64_t born_ns = 0;        // since 1970, 0: this file system doesn't keep it
  uint64_t file_system = 0;   // statfs(2) f_fsid, 0: it has none
  bool empty = false;
};

// Names of a path's extended attributes, ACLs among them, each ended by a NUL; empty if there are
// none or they can't be told.
std::string AttributeNames(const std::string& path);

// Looks at an absolute path of any length; no component may be a symbolic link. All facts are of
// one inode.
PlaceFacts LookAtPlace(const std::string& path);

}  // namespace inotify_csync
