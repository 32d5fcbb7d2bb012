// Notes the changes that sessions of csync2's server make without a message.
//
// A session that receives a file for the place of a directory, a link or a pipe removes the
// obstacle first, and may never receive the file because its disk is full or its peer has gone. A
// reader that finds the path empty could treat it as removed here, and remove it on all peers. A
// session that finds a file right still sets its time, and writes no message. So the library
// appends each removal (R), each time that is set (T) and each file that is moved into its place
// (M, with its inode) to the file that INOTIFY_CSYNC_TRACES names, as
// `KIND PID SECONDS.NANOSECONDS [INODE ]PATH` and a NUL. It also notes that it is loaded (L), that
// a file is copied into its place from another disk (X), and that something else should replace a
// directory that is not empty (O), so that this host learns that another host has something else
// there. A record (V) with `VERDICT ADDRESS NAME` in place of the path tells how a session ended;
// see verdicts.h. See session-traces.ts in src/csync2/server-log.
#pragma once
#include <sys/types.h>

namespace ics::preload {

/** Appends a trace. A trace that can't be written is lost. errno stays as it is. */
void Note(char kind, const char* path);

/** A file of this inode has been moved into this place. */
void NoteMove(const char* path, ino_t inode);

/** A directory could not be removed, since there is something in it. */
void NoteOccupied(const char* path);

/**
 * Call before something is made under this name. Notes it if a directory there could not be removed
 * just before.
 */
void NoteReplacement(const char* path);

/** The same for the file that csync2 has made this temporary one for. */
void NoteTemporaryOf(const char* temporary);

/**
 * What a session came to, where its peer came from, and who that says it is. Left out when there
 * are very many already.
 */
void NoteVerdict(const char* verdict, const char* address, const char* name);

}  // namespace ics::preload
