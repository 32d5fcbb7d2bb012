// Keeps csync2 within the trees: what it does under a path is done in the directory of that name,
// and never where a link leads.
//
// csync2's server writes, removes and sets the owner of what a peer names, as root, and follows
// links on the way: whoever may put a link in place of a directory of a tree could have it write
// anywhere (daemon.c, rsync.c). It takes what lies behind a link for absent where it checks
// (csync_check_pure in check.c), and only there. So here it is absent for all that it does.
// INOTIFY_CSYNC_TREES names a file with the paths of the trees, each with a NUL behind it; what
// lies in none of them is not looked at.
#pragma once
#include <cstddef>
#include <sys/stat.h>

namespace ics::preload {

/** Reads the trees as they are now; where that can't be done, those of before count. */
void ReadTrees();

/** Where a path leads without links: a directory, and a name in it. */
class Place {
 public:
  explicit Place(const char* path);
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  /** There is no such directory: errno says why, ENOENT where a link stands in its place. */
  bool IsMissing() const { return is_missing_; }
  /** A link stands in place of a directory above it. */
  bool IsBehindLink() const { return is_behind_link_; }
  /** It lies in a tree, below its root. */
  bool IsInTree() const { return is_in_tree_; }
  /**
   * For openat(2) and the like; AT_FDCWD where the path lies in no tree. Where one is missing, the
   * last on the way that is there.
   */
  int directory() const { return directory_; }
  /** In that directory; the whole path where it lies in no tree. */
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
 * As mkstemp(3), in a tree, but the file gets no name there (open(2), O_TMPFILE): csync2 removes
 * most of its temporary files at once, and a process that is killed leaves none behind.
 *
 * Behind a link there is such a file as well: csync2's server must read what the peer sends for it,
 * and fail only when it moves the file to its place. It would take what it has not read for the
 * peer's next commands.
 *
 * @param has_name - set where the file system can't do without
 */
int MakeTemporaryIn(const Place& place, char* path, bool* has_name);

}  // namespace ics::preload
