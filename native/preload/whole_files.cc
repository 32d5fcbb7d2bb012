#include "whole_files.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "next.h"
#include "own_name.h"
#include "places.h"

namespace ics::preload {
namespace {

/**
 * The path by which csync2 knows the last temporary file that this process has made and neither
 * moved nor removed; empty if there is none.
 */
char unfinished[4096];
/** Whether the file has that path in the file system as well. */
bool is_named = false;
/** The descriptor that is open for writing on it. */
int unfinished_file = -1;
FILE* unfinished_stream = nullptr;

void RemoveUnfinished() {
  if (unfinished[0] == 0) return;
  const int error = errno;
  if (is_named) Next<decltype(unlink)>("unlink")(unfinished);
  unfinished[0] = 0;
  errno = error;
}

/**
 * Flushes the stream of this file, and leaves its descriptor open for reading only. Returns false,
 * with errno set, if the file can't be written. Other streams are not flushed, so that a log on a
 * full disk doesn't make csync2 reject files.
 */
bool CloseForWriting(int file) {
  if (fflush(unfinished_stream) != 0) return false;
  const int reading = open(OwnName(file).text, O_RDONLY | O_CLOEXEC);
  if (reading < 0) return false;
  const bool is_closed = dup2(reading, file) >= 0;
  close(reading);
  return is_closed;
}

/**
 * Removes the unfinished file and dies of the signal as csync2 would have without this library.
 * Calls only functions that are safe in a signal handler (signal-safety(7)).
 */
void LeaveBySignal(int number) {
  if (unfinished[0] != 0 && is_named) (void)unlinkat(AT_FDCWD, unfinished, 0);
  unfinished[0] = 0;
  (void)raise(number);
}

constexpr int kDeadly[] = {SIGTERM, SIGINT, SIGHUP, SIGABRT, SIGSEGV, SIGBUS};

__attribute__((constructor)) void CatchSignals() {
  struct sigaction action {};
  action.sa_handler = LeaveBySignal;
  action.sa_flags = SA_RESETHAND;
  for (const int number : kDeadly) {
    struct sigaction before {};
    // A process that ignores the signal has a reason.
    if (sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
      (void)sigaction(number, &action, nullptr);
  }
}

__attribute__((destructor)) void Leave() { RemoveUnfinished(); }

}  // namespace

void NoteTemporary(const char* path, int file, bool has_name) {
  // csync2 makes the next only when it has given the last one up.
  RemoveUnfinished();
  if (file < 0 || path[0] != '/' || std::strlen(path) >= sizeof unfinished) return;
  std::strcpy(unfinished, path);
  is_named = has_name;
  unfinished_file = file;
  unfinished_stream = nullptr;
}

bool IsUnnamed(const char* path) {
  return unfinished[0] != 0 && !is_named && std::strcmp(unfinished, path) == 0;
}

void NoteStream(int file, FILE* stream) {
  if (unfinished[0] != 0 && file == unfinished_file) unfinished_stream = stream;
}

void SettleTemporary(const char* path) {
  if (std::strcmp(unfinished, path) == 0) unfinished[0] = 0;
}

void RemoveTemporary() {
  const int error = errno;
  char path[sizeof unfinished];
  const ssize_t length =
      readlinkat(AT_FDCWD, OwnName(unfinished_file).text, path, sizeof path - 1);
  if (unfinished[0] != 0 && is_named && length > 0) {
    path[length] = 0;
    const Place place(path);
    if (!place.IsMissing()) (void)unlinkat(place.directory(), place.name(), 0);
  }
  unfinished[0] = 0;
  errno = error;
}

Finished Finish(const char* path, ino_t* inode) {
  if (unfinished[0] == 0 || std::strcmp(unfinished, path) != 0) return Finished::kNotOurs;
  if (unfinished_stream == nullptr) return Finished::kUnknown;
  if (!CloseForWriting(unfinished_file)) return Finished::kFailed;
  struct stat status {};
  if (fstat(unfinished_file, &status) == 0) *inode = status.st_ino;
  return Finished::kWhole;
}

}  // namespace ics::preload
