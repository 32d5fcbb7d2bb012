// Notes the changes that sessions of csync2's server make without a message.
//
// A session that is to put a file in place of a directory, a link or a pipe removes that first, and
// may never come to the file: its disk is full, its peer gone. A reader that finds the path empty
// could take it for removed here, and bring that to all others. And a session that finds a file to
// be as it should be sets its time all the same, and says nothing of that. So each removal (R),
// each time that is set (T) and each file that is moved into its place (M, with its inode) is
// appended to the file that INOTIFY_CSYNC_TRACES names, as
// `KIND PID SECONDS.NANOSECONDS [INODE ]PATH` and a NUL; and that this library is there (L), that a
// file is copied into its place, since it lies on another disk (X), and that something else was to
// take the place of a directory that has something in it (O): the host that has it so is to know
// that another one has it otherwise. What a session came to is a record (V) with
// `VERDICT ADDRESS NAME` in place of the path; see verdicts.h. See session-traces.ts in
// src/csync2/server-log.
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
