// Opens directories without ever following a symbolic link.
#pragma once

#include <string>

namespace inotify_csync {

// Opens `name` in `parent_fd` (AT_FDCWD with an absolute name, too). Returns -1 and sets errno if
// it fails, to ENOTDIR for a symbolic link.
int OpenDirectoryAt(int parent_fd, const char* name);

// Opens an absolute path of any length. No component may be a symbolic link. Returns -1 and sets
// errno if it fails.
int OpenDirectory(const std::string& path);

}  // namespace inotify_csync
