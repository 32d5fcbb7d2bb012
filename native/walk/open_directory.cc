#include "walk/open_directory.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace inotify_csync {

namespace {

constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
constexpr size_t kPieceMax = 4000;  // below PATH_MAX

std::atomic<bool> has_openat2{true};

// openat2(2), Linux 5.6, resolves several components at once without links. Older kernels need one
// call for each component.
int OpenPiece(int parent_fd, const std::string& piece) {
  if (has_openat2.load(std::memory_order_relaxed)) {
    struct open_how how = {};
    how.flags = static_cast<uint64_t>(kFlags);
    how.resolve = RESOLVE_NO_SYMLINKS;
    const long fd = syscall(SYS_openat2, parent_fd, piece.c_str(), &how, sizeof(how));
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
    if (errno == ENOSYS) has_openat2 = false;
  }
  int fd = -1;
  for (size_t from = 0; from < piece.size();) {
    const size_t to = std::min(piece.find('/', from), piece.size());
    const int next =
        OpenDirectoryAt(fd < 0 ? parent_fd : fd, piece.substr(from, to - from).c_str());
    const int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    if (next < 0) return -1;
    fd = next;
    from = to + 1;
  }
  return fd;
}

}  // namespace

int OpenDirectoryAt(int parent_fd, const char* name) {
  int fd;
  do fd = openat(parent_fd, name, kFlags);
  while (fd < 0 && errno == EINTR);
  return fd;
}

int OpenDirectory(const std::string& path) {
  int fd = OpenDirectoryAt(AT_FDCWD, "/");
  for (size_t from = 1; fd >= 0 && from < path.size();) {
    size_t to = path.size();
    if (to - from > kPieceMax) to = path.rfind('/', from + kPieceMax);
    const int next = OpenPiece(fd, path.substr(from, to - from));
    const int error = errno;
    close(fd);
    errno = error;
    fd = next;
    from = to + 1;
  }
  return fd;
}

}  // namespace inotify_csync
