// Preloaded into csync2's server and into its updates (ld.so(8), LD_PRELOAD): what csync2 calls of
// the C library and is to be called here first. In an update, which makes no connections wait and
// leaves no traces, that is to open no FIFO.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "next.h"
#include "traces.h"
#include "turns.h"
#include "verdicts.h"
#include "whole_files.h"

using namespace ics::preload;

namespace {

/**
 * csync2 asks for 5, which hosts that push at the same time exceed: a connection that finds no room
 * is tried again after a second.
 */
constexpr int kBacklog = 128;

/** No program that the server starts is to be loaded with this. */
__attribute__((constructor)) void LeaveEnvironment() {
  const char* const list = getenv("LD_PRELOAD");
  const char* const rest = list == nullptr ? nullptr : std::strchr(list, ':');
  if (rest == nullptr) unsetenv("LD_PRELOAD");
  else setenv("LD_PRELOAD", rest + 1, 1);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int listen(int socket, int backlog) {
  return Next<decltype(listen)>("listen")(socket, backlog < kBacklog ? kBacklog : backlog);
}

__attribute__((visibility("default"))) int accept(int socket, sockaddr* address, socklen_t* size) {
  AwaitTurn();
  const int connection = Next<decltype(accept)>("accept")(socket, address, size);
  if (connection >= 0) NoteConnection(connection);
  return connection;
}

/** Of what the server looks up only a peer's name comes without a service. */
__attribute__((visibility("default"))) int getaddrinfo(const char* name, const char* service,
                                                       const addrinfo* hints, addrinfo** found) {
  if (name != nullptr && service == nullptr) NoteClaim(name);
  return Next<decltype(getaddrinfo)>("getaddrinfo")(name, service, hints, found);
}

// Two names of one function: which of them csync2 calls depends on how it was compiled. By their
// own names, since the compiler may know them as macros.
__attribute__((visibility("default"))) int Format(char* text, size_t size, const char* format,
                                                  va_list values) __asm__("vsnprintf");
int Format(char* text, size_t size, const char* format, va_list values) {
  // Looked up once: a list of all files is as many calls.
  static decltype(Format)* next = nullptr;
  if (next == nullptr) next = Next<decltype(Format)>("vsnprintf");
  const int length = next(text, size, format, values);
  if (length > 0 && static_cast<size_t>(length) < size) NoteAnswer(format, text);
  return length;
}

__attribute__((visibility("default"))) int FormatChecked(char* text, size_t size, int flag,
                                                         size_t room, const char* format,
                                                         va_list values) __asm__("__vsnprintf_chk");
int FormatChecked(char* text, size_t size, int flag, size_t room, const char* format,
                  va_list values) {
  static decltype(FormatChecked)* next = nullptr;
  if (next == nullptr) next = Next<decltype(FormatChecked)>("__vsnprintf_chk");
  const int length = next(text, size, flag, room, format, values);
  if (length > 0 && static_cast<size_t>(length) < size) NoteAnswer(format, text);
  return length;
}

__attribute__((visibility("default"))) int utime(const char* path, const utimbuf* times) {
  const int result = Next<decltype(utime)>("utime")(path, times);
  if (result == 0) Note('T', path);
  return result;
}

__attribute__((visibility("default"))) int unlink(const char* path) {
  const int result = Next<decltype(unlink)>("unlink")(path);
  if (result != 0) return result;
  Note('R', path);
  SettleTemporary(path);
  return result;
}

// By its own name: with 64-bit offsets the compiler would call it mkstemp64.
__attribute__((visibility("default"))) int MakeTemporary(char* path) __asm__("mkstemp");
int MakeTemporary(char* path) {
  const int file = Next<decltype(MakeTemporary)>("mkstemp")(path);
  NoteTemporaryOf(path);
  NoteTemporary(path, file);
  return file;
}

__attribute__((visibility("default"))) FILE* fdopen(int file, const char* mode) {
  FILE* const stream = Next<decltype(fdopen)>("fdopen")(file, mode);
  if (stream != nullptr) NoteStream(file, stream);
  return stream;
}

/**
 * csync2 opens a file that it has just looked at. A FIFO that stands there by then, which any user
 * may make, would have it wait for ever for somebody to write to it (fifo(7)). By its own name, as
 * MakeTemporary.
 */
__attribute__((visibility("default"))) FILE* OpenFile(const char* path,
                                                      const char* mode) __asm__("fopen");
FILE* OpenFile(const char* path, const char* mode) {
  if (std::strcmp(mode, "rb") != 0) return Next<decltype(OpenFile)>("fopen")(path, mode);
  const int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return nullptr;
  struct stat status {};
  if (fstat(file, &status) != 0 || S_ISFIFO(status.st_mode)) {
    close(file);
    errno = EINVAL;
    return nullptr;
  }
  // It counts for the open alone.
  (void)fcntl(file, F_SETFL, fcntl(file, F_GETFL) & ~O_NONBLOCK);
  return Next<decltype(fdopen)>("fdopen")(file, mode);
}

/** Where it can't, csync2 copies, and keeps its own file if that fails. */
__attribute__((visibility("default"))) int rename(const char* from, const char* to) {
  ino_t inode = 0;
  const Finished finished = Finish(from, &inode);
  if (finished == Finished::kFailed) return -1;
  // What is not known to be closed first counts as copied.
  if (finished == Finished::kUnknown) Note('X', to);
  const int result = Next<decltype(rename)>("rename")(from, to);
  if (result == 0 && finished == Finished::kWhole) NoteMove(to, inode);
  if (result != 0 && errno == EXDEV) Note('X', to);
  SettleTemporary(from);
  return result;
}

__attribute__((visibility("default"))) int rmdir(const char* path) {
  const int result = Next<decltype(rmdir)>("rmdir")(path);
  if (result == 0) Note('R', path);
  else if (errno == ENOTEMPTY || errno == EEXIST) NoteOccupied(path);
  return result;
}

__attribute__((visibility("default"))) int symlink(const char* target, const char* path) {
  NoteReplacement(path);
  return Next<decltype(symlink)>("symlink")(target, path);
}

__attribute__((visibility("default"))) int mkfifo(const char* path, mode_t mode) {
  NoteReplacement(path);
  return Next<decltype(mkfifo)>("mkfifo")(path, mode);
}

__attribute__((visibility("default"))) int mknod(const char* path, mode_t mode, dev_t device) {
  NoteReplacement(path);
  return Next<decltype(mknod)>("mknod")(path, mode, device);
}

__attribute__((visibility("default"))) pid_t fork() {
  const pid_t child = Next<decltype(fork)>("fork")();
  if (child > 0) NoteSession(child);
  return child;
}

}  // extern "C"
