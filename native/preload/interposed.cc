// The functions of the C library that csync2's server calls for its connections and that this
// library replaces. It is preloaded into csync2's server and its updates (ld.so(8), LD_PRELOAD).
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

#include "next.h"
#include "places.h"
#include "turns.h"

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

__attribute__((visibility("default"))) pid_t fork() {
  const pid_t child = Next<decltype(fork)>("fork")();
  if (child > 0) NoteSession(child);
  // csync2.cfg may have changed since the server was started.
  if (child == 0) ReadTrees();
  return child;
}

}  // extern "C"
