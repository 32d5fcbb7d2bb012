#include "walk/place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include <cstring>

#include "walk/directory_entries.h"
#include "walk/open_directory.h"

namespace inotify_csync {

namespace {

void Describe(int fd, const char* path, int flags, PlaceFacts* facts) {
  struct statx status = {};
  if (statx(fd, path, flags | AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_INO | STATX_BTIME, &status) !=
      0) {
    facts->error = errno;
    return;
  }
  if (S_ISDIR(status.stx_mode)) facts->kind = PlaceKind::kDirectory;
  else if (S_ISREG(status.stx_mode)) facts->kind = PlaceKind::kFile;
  facts->inode = status.stx_ino;
  // Times are only compared, so one beyond the year 2262 may wrap around.
  if (status.stx_mask & STATX_BTIME) {
    const auto seconds = static_cast<uint64_t>(status.stx_btime.tv_sec);
    facts->born_ns = static_cast<int64_t>(seconds * 1000000000 + status.stx_btime.tv_nsec);
  }
}

uint64_t FileSystemId(const struct statfs& status) {
  uint64_t id = 0;
  static_assert(sizeof(status.f_fsid) == sizeof(id), "f_fsid has 8 bytes");
  std::memcpy(&id, &status.f_fsid, sizeof(id));
  return id;
}

}  // namespace

std::string AttributeNames(const std::string& path) {
  constexpr size_t list_max = 65536;  // XATTR_LIST_MAX
  std::string names(list_max, '\0');
  const ssize_t size = llistxattr(path.c_str(), names.data(), names.size());
  names.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return names;
}

PlaceFacts LookAtPlace(const std::string& path) {
  PlaceFacts facts;
  const int fd = OpenDirectory(path);
  if (fd < 0) {
    facts.error = errno;
    // It may be a file, since files can be mount points, too.
    if (errno == ENOTDIR || errno == ELOOP) {
      facts.error = 0;
      Describe(AT_FDCWD, path.c_str(), 0, &facts);
      if (facts.kind == PlaceKind::kDirectory) facts.kind = PlaceKind::kOther;
    }
    return facts;
  }
  Describe(fd, "", AT_EMPTY_PATH, &facts);
  struct statfs status;
  if (facts.error == 0 && fstatfs(fd, &status) == 0) facts.file_system = FileSystemId(status);
  if (facts.error == 0) {
    std::vector<char> buffer(2048);
    facts.empty = true;
    facts.error =
        ForEachEntry(fd, &buffer, [&facts](const DirectoryEntry&) { return facts.empty = false; });
  }
  close(fd);
  return facts;
}

}  // namespace inotify_csync
