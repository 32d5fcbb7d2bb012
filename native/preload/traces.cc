#include "traces.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace ics::preload {
namespace {

/**
 * The file in which sessions note what they do; nullptr if there is none. It is kept closed,
 * because the open files of a session show what it is doing.
 */
const char* traces = nullptr;
/** Whoever reaches the port can have one verdict after another noted: the file stays bounded. */
constexpr off_t kMostVerdictBytes = 4 * 1024 * 1024;
/** The directory that could not be removed last; empty: none. A removal leaves it at that. */
char occupied[4096];

bool EndsWith(const char* text, const char* end) {
  const size_t length = std::strlen(text), more = std::strlen(end);
  return length >= more && std::strcmp(text + length - more, end) == 0;
}

/**
 * Whether the name is `.NAME.XXXXXX`, as csync2 names its temporary files (rsync.c), several for
 * each file that it receives.
 */
bool IsTemporary(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  if (slash == nullptr) return false;
  const char* const name = slash + 1;
  const size_t length = std::strlen(name);
  return name[0] == '.' && length > 7 && name[length - 7] == '.';
}

__attribute__((constructor)) void FindTraces() {
  const char* const file = getenv("INOTIFY_CSYNC_TRACES");
  if (file != nullptr) traces = strdup(file);
  // Notes that this library is loaded at all.
  Note('L', "/");
  unsetenv("INOTIFY_CSYNC_TRACES");
}

/** `more` stands before the text. `most`: not into a file that is longer; 0: into any. */
void Write(char kind, const char* text, const char* more, off_t most) {
  if (traces == nullptr) return;
  const int error = errno;
  const int file = open(traces, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  char head[64];
  const int size =
      std::snprintf(head, sizeof head, "%c %d %lld.%09ld ", kind, static_cast<int>(getpid()),
                    static_cast<long long>(now.tv_sec), now.tv_nsec);
  const iovec parts[] = {{head, static_cast<size_t>(size)},
                         {const_cast<char*>(more), std::strlen(more)},
                         {const_cast<char*>(text), std::strlen(text) + 1}};
  if (file >= 0) {
    struct stat status {};
    const bool is_full = most > 0 && fstat(file, &status) == 0 && status.st_size > most;
    // In one write, so that two sessions don't mix.
    if (!is_full) (void)!writev(file, parts, 3);
    close(file);
  }
  errno = error;
}

/** `more` stands before the path. */
void Append(char kind, const char* path, const char* more) {
  // SQLite removes its journal at the end of each transaction.
  if (path[0] == '/' && !EndsWith(path, ".db3-journal")) Write(kind, path, more, 0);
}

}  // namespace

void Note(char kind, const char* path) {
  if (!IsTemporary(path)) Append(kind, path, "");
}

void NoteMove(const char* path, ino_t inode) {
  char more[24];
  std::snprintf(more, sizeof more, "%llu ", static_cast<unsigned long long>(inode));
  // A moved file is in its place, even if its name looks like a temporary one.
  Append('M', path, more);
}

void NoteOccupied(const char* path) {
  if (std::strlen(path) < sizeof occupied) std::strcpy(occupied, path);
}

void NoteReplacement(const char* path) {
  if (occupied[0] != 0 && std::strcmp(occupied, path) == 0) Note('O', path);
  occupied[0] = 0;
}

void NoteTemporaryOf(const char* temporary) {
  const char* const slash = std::strrchr(occupied, '/');
  if (slash == nullptr || !IsTemporary(temporary)) return;
  // Compare names only, because csync2.cfg decides the directory of temporary files.
  const char* const name = std::strrchr(temporary, '/') + 2;
  const size_t length = std::strlen(name) - 7;
  if (std::strlen(slash + 1) == length && std::strncmp(slash + 1, name, length) == 0)
    Note('O', occupied);
  occupied[0] = 0;
}

void NoteVerdict(const char* verdict, const char* address, const char* name) {
  char more[128];
  std::snprintf(more, sizeof more, "%s %s ", verdict, address);
  Write('V', name, more, kMostVerdictBytes);
}

}  // namespace ics::preload
