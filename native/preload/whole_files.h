// Has files whole before they are moved into their places.
//
// csync2 moves a new file into its place before it has written all of it, and closes it there
// (rsync.c, csync_rs_patch): a process that reads or writes it in that moment meets a half, on a
// full disk for good, and nobody can tell whose close of it was seen. So it is written and closed
// for writing first; what can't be written is not moved. And what a session could not finish, it
// removes, also when it is ended by a signal: that would be a file of the tree, to be brought to
// all.
#pragma once
#include <cstdio>
#include <sys/types.h>

#include "places.h"

namespace ics::preload {

/**
 * A temporary file has been made, open as `file`. The one before is given up.
 *
 * @param has_name - not only csync2 knows it by this path: it is there
 */
void NoteTemporary(const char* path, int file, bool has_name);

/** The descriptor of the temporary file that has this path for csync2 alone; -1: there is none. */
int UnnamedFile(const char* path);

/** Gives that file its name in the file system; false, with errno, if that fails. */
bool GiveName(const Place& place);

/** A stream has been opened on a descriptor. */
void NoteStream(int file, FILE* stream);

/** The file that was under way has been moved or removed. */
void SettleTemporary(const char* path);

/**
 * The file that was under way can't be moved to its place, and csync2 would leave it where it is.
 * Removes it, also if a directory on the way there has another name by now. errno stays as it is.
 */
void Discard();

/** What is to be done before a file is moved. */
enum class Finished {
  /** It is not the one that is under way. */
  kNotOurs,
  /** It is written, and closed for writing. */
  kWhole,
  /** Nothing is known of how it is written: it may be closed later. */
  kUnknown,
  /** It can't be written: errno says why. */
  kFailed,
};

/**
 * Writes what is still to be written of a file, and leaves its descriptor open for reading alone.
 * Tells the `inode` if it is whole.
 */
Finished Finish(const char* path, ino_t* inode);

}  // namespace ics::preload
