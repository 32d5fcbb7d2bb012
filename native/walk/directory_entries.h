// Lists directories with getdents64(2), which needs no allocation for each entry and shows errors
// that readdir(3) would hide.
#pragma once

#include <cerrno>
#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

namespace inotify_csync {

// The kernel's struct linux_dirent64.
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

// Calls `each` with every entry but "." and ".." until it returns false. Returns 0 or errno.
template <typename Each>
int ForEachEntry(int fd, std::vector<char>* buffer, Each each) {
  while (true) {
    const long count = syscall(SYS_getdents64, fd, buffer->data(), buffer->size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
    for (long at = 0; at < count;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer->data() + at);
      at += entry->length;
      const char* name = entry->name;
      if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
      if (!each(*entry)) return 0;
    }
  }
}

}  // namespace inotify_csync
