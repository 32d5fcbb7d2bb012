// A small model of a file system and its inotify for tests. It has directories, files with
// versions, the events of inotify(7) in the order in which Linux sends them, and descriptors by
// inode.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tree/event.h"

namespace inotify_csync::test {

using Inode = int;
constexpr Inode kNoInode = 0;
constexpr Inode kTop = 1;

struct File {
  bool directory = false;
  bool linked = true;
  int version = 0;  // of the content
  int mode = 0;     // of all else
  Inode parent = kNoInode;
  std::map<std::string, Inode> entries;
};

class KernelModel {
 public:
  KernelModel();

  // Each returns false and does nothing where the system call would fail.
  bool MakeDirectory(const std::string& path);
  bool RemoveDirectory(const std::string& path);
  bool Create(const std::string& path);
  bool Write(const std::string& path);
  bool Unlink(const std::string& path);
  bool Rename(const std::string& from, const std::string& to);
  bool Exchange(const std::string& left, const std::string& right);
  bool ChangeMode(const std::string& path);

  Inode Resolve(const std::string& path) const;
  Inode Entry(Inode directory, const std::string& name) const;
  const File& At(Inode inode) const { return files_.at(inode); }

  // Returns -1 when the limit is reached.
  int32_t AddWatch(Inode inode);
  void RemoveWatch(int32_t wd);
  const std::map<Inode, int32_t>& watches() const { return watches_; }
  int32_t last_watch() const { return last_wd_; }

  // The unread events.
  std::deque<Event> queue;
  // The number of events that may wait. One overflow event follows them.
  size_t queue_max = 1000000;
  // Watches that may exist at the same time.
  size_t watches_max = 1000000;
  // The highest descriptor. After it numbers start over and skip those in use (idr_alloc_cyclic).
  int32_t wd_max = INT32_MAX;

 private:
  struct Where {
    Inode parent = kNoInode;
    std::string name;
    Inode inode = kNoInode;
  };
  Where Split(const std::string& path) const;
  void Send(Inode inode, uint32_t mask, const std::string& name, uint32_t cookie = 0);
  void Vanish(Inode inode);
  void Put(const Where& where, Inode inode);
  bool IsWithin(Inode inode, Inode ancestor) const;

  std::map<Inode, File> files_;
  std::map<Inode, int32_t> watches_;
  Inode last_inode_ = kTop;
  int32_t last_wd_ = 0;
  int versions_ = 0;
  uint32_t cookie_ = 0;
};

}  // namespace inotify_csync::test
