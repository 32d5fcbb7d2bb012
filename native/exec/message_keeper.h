// Keeps apart what a program and its children write to stderr, so that a file name in one message
// can't pass for another message.
#pragma once

namespace inotify_csync {

/**
 * Puts a socket in the place of stderr, and starts a keeper process that copies messages from the
 * socket to the previous stderr, one line a message: `2026-11-26T10:07:16.123Z <PID> TEXT`.
 *
 * Time and pid come from the kernel (unix(7): SO_TIMESTAMP, SCM_CREDENTIALS) and say when the
 * message was sent and by which process. TEXT has no bytes below 32, no 127 and no lone backslash,
 * but `\n`, `\\` and `\xHH`. A message that csync2 does not begin with its own time of day (`-t`)
 * has `-` in place of the blank after the pid, because the message may be a piece of a longer one.
 *
 * The keeper outlives its parent and ends when no process can write to the socket any more. It
 * sleeps only when everything is written (state `S` in proc_pid_stat(5)). Its first line is
 * `TIME <PID>+keeper for PID`, with its own pid first.
 *
 * Returns false, with errno set, if that can't be done.
 */
bool KeepMessagesApart();

}  // namespace inotify_csync
