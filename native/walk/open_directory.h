// Opening directories without ever following a symbolic link.
#pragma once

#include <string>

namespace inotify_csync {

// Opens `name` in `parent_fd` (AT_FDCWD with an absolute name, too). -1 and errno; ENOTDIR for a
// symbolic link.
int OpenDirectoryAt(int parent_fd, const char* name);

// Opens an absolute path of any length; no component may be a symbolic link. -1 and errno.
int OpenDirectory(const std::string& path);

}  // namespace inotify_csync
