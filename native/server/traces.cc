#include "traces.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace ics::server {
namespace {

/** Where sessions note what they do, nullptr: nowhere. Kept closed: by its open files it is told what a session is at. */
const char* traces = nullptr;

bool EndsWith(const char* text, const char* end) {
  const size_t length = std::strlen(text), more = std::strlen(end);
  return length >= more && std::strcmp(text + length - more, end) == 0;
}

/** `.NAME.XXXXXX`, as csync2 names its own files (rsync.c), several for each that it receives. */
bool IsTemporary(const char* path) {
  const char* const name = std::strrchr(path, '/') + 1;
  const size_t length = std::strlen(name);
  return name[0] == '.' && length > 7 && name[length - 7] == '.';
}

__attribute__((constructor)) void FindTraces() {
  const char* const file = getenv("INOTIFY_CSYNC_TRACES");
  if (file != nullptr) traces = strdup(file);
  // That it is there at all.
  Note('L', "/");
  unsetenv("INOTIFY_CSYNC_TRACES");
}

}  // namespace

void Note(char kind, const char* path) {
  // SQLite removes its journal at the end of each transaction.
  if (traces == nullptr || path[0] != '/' || EndsWith(path, ".db3-journal") || IsTemporary(path)) return;
  const int error = errno;
  const int file = open(traces, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  char head[64];
  const int size = std::snprintf(head, sizeof head, "%c %d %lld.%09ld ", kind, static_cast<int>(getpid()),
                                 static_cast<long long>(now.tv_sec), now.tv_nsec);
  const iovec parts[] = {{head, static_cast<size_t>(size)}, {const_cast<char*>(path), std::strlen(path) + 1}};
  if (file >= 0) {
    // In one write, so that two sessions don't mix.
    (void)!writev(file, parts, 2);
    close(file);
  }
  errno = error;
}

}  // namespace ics::server
