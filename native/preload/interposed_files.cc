// The functions of the C library that csync2 calls for the files of a tree and that this library
// replaces. An update also uses them. It leaves no traces, but must follow no link and open no
// FIFO.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "next.h"
#include "own_name.h"
#include "places.h"
#include "traces.h"
#include "whole_files.h"

#define ICS_EXPORT __attribute__((visibility("default")))

using namespace ics::preload;

namespace {

void CloseQuietly(int file) {
  const int error = errno;
  close(file);
  errno = error;
}

/**
 * Opens a file that csync2 writes in its place because it can't move a file there from another
 * disk.
 */
FILE* OpenForWriting(const Place& place) {
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY;
  const int file = openat(place.directory(), place.name(), flags, 0600);
  return file < 0 ? nullptr : Next<decltype(fdopen)>("fdopen")(file, "wb");
}

/**
 * Opens a file that csync2 has just looked at. Any user may have put a FIFO in its place meanwhile,
 * and csync2 would wait for ever for a writer (fifo(7)).
 */
FILE* OpenForReading(const Place& place) {
  const int link = place.IsInTree() ? O_NOFOLLOW : 0;
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | link;
  const int file = openat(place.directory(), place.name(), flags);
  if (file < 0) {
    // csync2 must treat the file as absent. At another error its server sends no answer at all.
    if (errno == ELOOP) errno = ENOENT;
    return nullptr;
  }
  struct stat status {};
  if (fstat(file, &status) != 0 || S_ISFIFO(status.st_mode)) {
    close(file);
    errno = EINVAL;
    return nullptr;
  }
  // O_NONBLOCK is meant for the open only.
  (void)fcntl(file, F_SETFL, fcntl(file, F_GETFL) & ~O_NONBLOCK);
  return Next<decltype(fdopen)>("fdopen")(file, "rb");
}

}  // namespace

extern "C" {

// The asm label gives the plain name. With 64-bit offsets the compiler would call it lstat64. The
// same is true of the other functions.
ICS_EXPORT int LookAt(const char* path, struct stat* status) __asm__("lstat");
int LookAt(const char* path, struct stat* status) {
  const Place place(path);
  if (place.IsMissing()) return -1;
  return fstatat(place.directory(), place.name(), status, AT_SYMLINK_NOFOLLOW);
}

/**
 * csync2 gives a new file the owner and mode of the file in its place. A link must not lend it
 * those of its target.
 */
ICS_EXPORT int LookBehind(const char* path, struct stat* status) __asm__("stat");
int LookBehind(const char* path, struct stat* status) {
  const Place place(path);
  if (place.IsMissing()) return -1;
  return fstatat(place.directory(), place.name(), status,
                 place.IsInTree() ? AT_SYMLINK_NOFOLLOW : 0);
}

ICS_EXPORT ssize_t readlink(const char* path, char* target, size_t size) noexcept {
  const Place place(path);
  return place.IsMissing() ? -1 : readlinkat(place.directory(), place.name(), target, size);
}

ICS_EXPORT int utime(const char* path, const utimbuf* times) noexcept {
  const Place place(path);
  if (place.IsMissing()) return -1;
  timespec both[] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  if (times != nullptr) {
    both[0] = {times->actime, 0};
    both[1] = {times->modtime, 0};
  }
  const int link = place.IsInTree() ? AT_SYMLINK_NOFOLLOW : 0;
  const int result = utimensat(place.directory(), place.name(), both, link);
  if (result == 0) Note('T', path);
  return result;
}

ICS_EXPORT int chmod(const char* path, mode_t mode) noexcept {
  const Place place(path);
  if (place.IsMissing()) return -1;
  if (!place.IsInTree()) return fchmodat(AT_FDCWD, path, mode, 0);
  const int file = openat(place.directory(), place.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return -1;
  // Uses the open file's name in /proc, because chmod(2) follows a link that has appeared
  // meanwhile.
  const int result = fchmodat(AT_FDCWD, OwnName(file).text, mode, 0);
  CloseQuietly(file);
  return result;
}

ICS_EXPORT int chown(const char* path, uid_t owner, gid_t group) noexcept {
  const Place place(path);
  if (place.IsMissing()) return -1;
  const int link = place.IsInTree() ? AT_SYMLINK_NOFOLLOW : 0;
  return fchownat(place.directory(), place.name(), owner, group, link);
}

ICS_EXPORT int lchown(const char* path, uid_t owner, gid_t group) noexcept {
  const Place place(path);
  if (place.IsMissing()) return -1;
  return fchownat(place.directory(), place.name(), owner, group, AT_SYMLINK_NOFOLLOW);
}

ICS_EXPORT int unlink(const char* path) noexcept {
  if (IsUnnamed(path)) {
    SettleTemporary(path);
    return 0;
  }
  const Place place(path);
  const int result = place.IsMissing() ? -1 : unlinkat(place.directory(), place.name(), 0);
  if (result != 0) return result;
  Note('R', path);
  SettleTemporary(path);
  return result;
}

ICS_EXPORT int rmdir(const char* path) noexcept {
  const Place place(path);
  const int result =
      place.IsMissing() ? -1 : unlinkat(place.directory(), place.name(), AT_REMOVEDIR);
  if (result == 0) Note('R', path);
  else if (errno == ENOTEMPTY || errno == EEXIST) NoteOccupied(path);
  return result;
}

ICS_EXPORT int MakeTemporary(char* path) __asm__("mkstemp");
int MakeTemporary(char* path) {
  const Place place(path);
  const int file = place.IsInTree() ? MakeTemporaryIn(place, path)
                                    : Next<decltype(MakeTemporary)>("mkstemp")(path);
  NoteTemporaryOf(path);
  NoteTemporary(path, file, !place.IsBehindLink());
  return file;
}

ICS_EXPORT FILE* fdopen(int file, const char* mode) noexcept {
  FILE* const stream = Next<decltype(fdopen)>("fdopen")(file, mode);
  if (stream != nullptr) NoteStream(file, stream);
  return stream;
}

ICS_EXPORT FILE* OpenFile(const char* path, const char* mode) __asm__("fopen");
FILE* OpenFile(const char* path, const char* mode) {
  const Place place(path);
  if (place.IsMissing()) return nullptr;
  if (std::strcmp(mode, "rb") == 0) return OpenForReading(place);
  if (std::strcmp(mode, "wb") == 0 && place.IsInTree()) return OpenForWriting(place);
  return Next<decltype(OpenFile)>("fopen")(path, mode);
}

/**
 * When the file can't be moved to another disk, csync2 copies it and removes the temporary file.
 */
ICS_EXPORT int rename(const char* from, const char* to) noexcept {
  if (IsUnnamed(from)) {
    SettleTemporary(from);
    errno = ENOENT;
    return -1;
  }
  ino_t inode = 0;
  const Finished finished = Finish(from, &inode);
  if (finished == Finished::kFailed) {
    RemoveTemporary();
    return -1;
  }
  // A file that may not be closed yet counts as copied.
  if (finished == Finished::kUnknown) Note('X', to);
  const Place source(from);
  const Place target(to);
  const bool is_missing = source.IsMissing() || target.IsMissing();
  const int result =
      is_missing ? -1
                 : renameat(source.directory(), source.name(), target.directory(), target.name());
  if (result == 0 && finished == Finished::kWhole) NoteMove(to, inode);
  if (result != 0 && errno == EXDEV) Note('X', to);
  if (result != 0 && errno != EXDEV && finished == Finished::kWhole) RemoveTemporary();
  SettleTemporary(from);
  return result;
}

ICS_EXPORT int mkdir(const char* path, mode_t mode) noexcept {
  const Place place(path);
  return place.IsMissing() ? -1 : mkdirat(place.directory(), place.name(), mode);
}

ICS_EXPORT int symlink(const char* target, const char* path) noexcept {
  NoteReplacement(path);
  const Place place(path);
  return place.IsMissing() ? -1 : symlinkat(target, place.directory(), place.name());
}

ICS_EXPORT int mkfifo(const char* path, mode_t mode) noexcept {
  NoteReplacement(path);
  const Place place(path);
  return place.IsMissing() ? -1 : mkfifoat(place.directory(), place.name(), mode);
}

ICS_EXPORT int mknod(const char* path, mode_t mode, dev_t device) noexcept {
  NoteReplacement(path);
  const Place place(path);
  return place.IsMissing() ? -1 : mknodat(place.directory(), place.name(), mode, device);
}

}  // extern "C"
