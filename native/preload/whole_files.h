// Completes files before they are moved into their places.
//
// csync2 moves a new file into its place before it has written all of the file, and closes it there
// (rsync.c, csync_rs_patch). A process that reads or writes the file in that moment gets an
// incomplete file. On a full disk the file stays incomplete. And an observer can't tell which
// process closed the file. So this library writes the file and closes it for writing first, and
// does not let csync2 move a file that can't be written. It also removes files that a session could
// not finish, even when a signal ends the session, because such a file would be part of the tree
// and sent to all peers.
#pragma once
#include <cstdio>
#include <sys/types.h>

namespace ics::preload {

/**
 * A temporary file has been made, open as `file`. The one before is given up.
 *
 * @param has_name - not only csync2 knows it by this path: it is there
 */
void NoteTemporary(const char* path, int file, bool has_name);

/** Whether this is the path of a temporary file that only csync2 knows by it. */
bool IsUnnamed(const char* path);

/** A stream has been opened on a descriptor. */
void NoteStream(int file, FILE* stream);

/** The unfinished file has been moved or removed. */
void SettleTemporary(const char* path);

/**
 * Removes the unfinished file because it can't be moved to its place and csync2 would leave it
 * where it is. Succeeds also if a directory on the way has been renamed. errno stays as it is.
 */
void RemoveTemporary();

/** The state of a file just before it is moved. */
enum class Finished {
  /** The file is not the unfinished one. */
  kNotOurs,
  /** The file is written, and closed for writing. */
  kWhole,
  /** It is unknown how the file is written. It may be closed later. */
  kUnknown,
  /** The file can't be written; errno says why. */
  kFailed,
};

/**
 * Flushes a file, and leaves its descriptor open for reading only. Sets `inode` if the file is
 * whole.
 */
Finished Finish(const char* path, ino_t* inode);

}  // namespace ics::preload
