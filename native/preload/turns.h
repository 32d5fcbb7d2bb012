// Lets connections to csync2's server begin one after another.
//
// csync2 forks for each connection at once. A session that meets another's lock in csync2's
// database sleeps for a whole second, and two sessions that receive the same file take each other's
// half-written file for a local change. So accept(2) waits until the previous session has ended,
// waits for its peer or has used up its time. The next connection stays in the kernel's queue.
#pragma once
#include <sys/types.h>

namespace ics::preload {

/** Returns when the next session may begin. */
void AwaitTurn();

/** Call when a connection has been accepted. Checks whether the peer has sent its greeting. */
void NoteConnection(int connection);

/** Call when a process has been forked for the last connection. */
void NoteSession(pid_t pid);

}  // namespace ics::preload
