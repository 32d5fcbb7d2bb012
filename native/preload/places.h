// Keeps csync2 within the trees. Each call on a path works in the directory of that name, and never
// in a directory that a link leads to.
//
// csync2's server runs as root. It writes, removes and sets the owner of the files that a peer
// names, and follows links on the way (daemon.c, rsync.c). So a user who can replace a directory of
// a tree with a link could make it write anywhere. csync2 treats a path behind a link as absent
// only where it checks (csync_check_pure in check.c). This library makes such a path absent for all
// calls of csync2. INOTIFY_CSYNC_TREES names a file with the paths of the trees, each followed by a
// NUL. Paths outside all trees are passed on unchanged.
#pragma once
#include <cstddef>
#include <sys/stat.h>

namespace ics::preload {

/** Reads the current trees. Keeps the previous ones if that fails. */
void ReadTrees();

/** The directory and name that a path stands for when no link is followed. */
class Place {
 public:
  explicit Place(const char* path);
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  /** The directory does not exist. errno says why; it is ENOENT if a link stands in its place. */
  bool IsMissing() const { return is_missing_; }
  /** A link stands in place of a directory above the path. */
  bool IsBehindLink() const { return is_behind_link_; }
  /** The path lies in a tree, below its root. */
  bool IsInTree() const { return is_in_tree_; }
  /**
   * The directory for openat(2) and the like; AT_FDCWD if the path lies in no tree. If a directory
   * is missing, the last one on the way that exists.
   */
  int directory() const { return directory_; }
  /** The name in that directory; the whole path if it lies in no tree. */
  const char* name() const { return name_; }

 private:
  void Walk(std::size_t root_length);

  const char* path_;
  const char* name_;
  int directory_;
  bool is_in_tree_ = false;
  bool is_missing_ = false;
  bool is_behind_link_ = false;
};

/**
 * Makes a temporary file as mkstemp(3) does, in a tree. Behind a link the file gets no name at all.
 * csync2 must read everything that the peer sends for the file, and fail only when it moves the
 * file. Its server would treat unread bytes as the peer's next commands.
 */
int MakeTemporaryIn(const Place& place, char* path);

}  // namespace ics::preload
