#include "places.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

namespace ics::preload {
namespace {

constexpr int kWay = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kTries = 100;
constexpr int kRandomLetters = 6;
constexpr size_t kMostTreesBytes = 1 << 20;

/** The paths of the trees, each followed by a NUL. */
char* trees = nullptr;
size_t trees_size = 0;

/** The file that lists the trees; nullptr if there is none. */
const char* trees_file = nullptr;

__attribute__((constructor)) void FindTrees() {
  const char* const file = getenv("INOTIFY_CSYNC_TREES");
  if (file != nullptr) trees_file = strdup(file);
  unsetenv("INOTIFY_CSYNC_TREES");
  ReadTrees();
}

/** The length of the longest root above a path; 0 if there is none. */
size_t RootOf(const char* path) {
  size_t longest = 0;
  for (size_t at = 0; at < trees_size; at += std::strlen(trees + at) + 1) {
    const char* const root = trees + at;
    // The root may be "/" as well as "/srv/data".
    size_t length = std::strlen(root);
    if (length == 1) length = 0;
    if (std::strncmp(path, root, length) != 0 || path[length] != '/') continue;
    if (length >= longest) longest = length == 0 ? 1 : length;
  }
  return longest;
}

void FillIn(char* end) {
  constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  unsigned char random[kRandomLetters] = {};
  if (getrandom(random, sizeof random, 0) < 0) std::memset(random, getpid() & 0xff, sizeof random);
  for (int at = 0; at < kRandomLetters; at++)
    end[at] = kLetters[random[at] % (sizeof kLetters - 1)];
}

}  // namespace

void ReadTrees() {
  const int error = errno;
  const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
  const int file = trees_file == nullptr ? -1 : open(trees_file, flags);
  struct stat status {};
  if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0 &&
      static_cast<size_t>(status.st_size) <= kMostTreesBytes) {
    const size_t whole = static_cast<size_t>(status.st_size);
    char* const read_trees = static_cast<char*>(malloc(whole));
    ssize_t size = read_trees == nullptr ? 0 : read(file, read_trees, whole);
    // A path without its NUL is incomplete and dropped.
    while (size > 0 && read_trees[size - 1] != 0) size--;
    if (size > 0) {
      free(trees);
      trees = read_trees;
      trees_size = static_cast<size_t>(size);
    } else {
      free(read_trees);
    }
  }
  if (file >= 0) close(file);
  errno = error;
}

Place::Place(const char* path) : path_(path), name_(path), directory_(AT_FDCWD) {
  const size_t root_length = RootOf(path);
  const char* const last = std::strrchr(path, '/');
  if (root_length == 0 || last[1] == 0) return;
  Walk(root_length);
}

Place::~Place() {
  const int error = errno;
  if (directory_ >= 0) close(directory_);
  errno = error;
}

void Place::Walk(size_t root_length) {
  char part[PATH_MAX];
  const int before = errno;
  is_in_tree_ = true;
  is_missing_ = true;
  errno = ENAMETOOLONG;
  if (root_length >= sizeof part) return;
  std::memcpy(part, path_, root_length);
  part[root_length] = 0;
  // The path of the root itself may lead over links, as the path of a prefix may.
  const int root = open(part, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return;
  directory_ = root;
  const char* at = path_ + root_length;
  while (*at == '/') at++;
  for (const char* end = std::strchr(at, '/'); end != nullptr; end = std::strchr(at, '/')) {
    const size_t length = static_cast<size_t>(end - at);
    errno = ENAMETOOLONG;
    if (length > NAME_MAX) return;
    std::memcpy(part, at, length);
    part[length] = 0;
    // No name of csync2 contains such a part: a peer could only use it to leave the tree.
    errno = ENOENT;
    if (std::strcmp(part, "..") == 0) return;
    const int next = openat(directory_, part, kWay);
    if (next < 0) {
      const int error = errno;
      struct stat status {};
      is_behind_link_ = fstatat(directory_, part, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                        S_ISLNK(status.st_mode);
      errno = is_behind_link_ ? ENOENT : error;
      return;
    }
    close(directory_);
    directory_ = next;
    for (at = end; *at == '/';) at++;
  }
  name_ = at;
  is_missing_ = false;
  errno = before;
}

int MakeTemporaryIn(const Place& place, char* path) {
  char* const end = path + std::strlen(path) - kRandomLetters;
  if (place.IsMissing() && !place.IsBehindLink()) return -1;
  FillIn(end);
  if (place.IsBehindLink()) {
    const int unnamed = openat(place.directory(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    // Not every file system has such files.
    return unnamed >= 0 ? unnamed : memfd_create("behind a link", MFD_CLOEXEC);
  }
  for (int tries = 0; tries < kTries; tries++) {
    FillIn(end);
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const int file = openat(place.directory(), place.name(), flags, 0600);
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}

}  // namespace ics::preload
