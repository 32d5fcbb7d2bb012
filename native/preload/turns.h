// Lets connections to csync2's server in one after another.
//
// csync2 forks for each connection at once, and a session that meets another's lock in csync2's
// database sleeps for a whole second; two that receive the same file take each other's half for a
// local change. So accept(2) waits, and the next connection with it in the kernel's queue, until
// the session before has ended, waits for its peer, or has had its time.
#pragma once
#include <sys/types.h>

namespace ics::preload {

/** Returns when the next session may begin. */
void AwaitTurn();

/** A connection has been accepted: looks whether its peer says who it is. */
void NoteConnection(int connection);

/** A process has been forked for the last connection. */
void NoteSession(pid_t pid);

}  // namespace ics::preload
