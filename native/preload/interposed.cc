// The functions of the C library that csync2's server calls for its connections and answers, and
// that this library replaces. It is preloaded into csync2's server and its updates (ld.so(8),
// LD_PRELOAD).
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "next.h"
#include "places.h"
#include "turns.h"
#include "verdicts.h"

using namespace ics::preload;

namespace {

/**
 * csync2 asks for 5, which is too few when hosts push at the same time. A connection that finds no
 * room is tried again after a second.
 */
constexpr int kBacklog = 128;

/** Keeps this library out of the programs that the server starts. */
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

__attribute__((visibility("default"))) pid_t fork() {
  const pid_t child = Next<decltype(fork)>("fork")();
  if (child > 0) NoteSession(child);
  // csync2.cfg may have changed since the server was started.
  if (child == 0) ReadTrees();
  return child;
}

}  // extern "C"
