// Preloaded into csync2's server and into its updates (ld.so(8), LD_PRELOAD): what the server calls
// of the C library for its connections, and is to be called here first.
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

__attribute__((visibility("default"))) pid_t fork() {
  const pid_t child = Next<decltype(fork)>("fork")();
  if (child > 0) NoteSession(child);
  // csync2.cfg may have changed since the server was started.
  if (child == 0) ReadTrees();
  return child;
}

}  // extern "C"
