// Keeps apart what a program and its children say on stderr, so that a file name in one message
// can't pass for another.
#pragma once

namespace inotify_csync {

/**
 * Puts a socket in the place of stderr and starts a process that writes what comes through it to
 * the stderr of before, one line a message: `2026-11-26T10:07:16.123Z <PID> TEXT`.
 *
 * Time and pid are the kernel's (unix(7): SO_TIMESTAMP, SCM_CREDENTIALS) and tell when the message
 * was sent, and by whom. TEXT has no bytes below 32, no 127 and no lone backslash: `\n`, `\\`,
 * `\xHH`. What csync2 does not begin with the time of day of its own (`-t`) has `-` in the place of
 * the blank behind the pid: it may be a piece of something longer.
 *
 * The process outlives its parent and ends when nobody can write to the socket any more. It sleeps
 * only when everything is written (state `S` in proc_pid_stat(5)). Its first line is
 * `TIME <PID>+keeper for PID`, with its own pid first.
 *
 * Returns false, with errno set, if that can't be done.
 */
bool KeepMessagesApart();

}  // namespace inotify_csync
