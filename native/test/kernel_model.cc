#include "kernel_model.h"

#include <sys/inotify.h>

#include <algorithm>

namespace inotify_csync::test {

KernelModel::KernelModel() { files_[kTop].directory = true; }

bool KernelModel::MakeDirectory(const std::string& path) {
  const Where at = Split(path);
  if (at.parent == kNoInode || at.inode != kNoInode) return false;
  files_[++last_inode_].directory = true;
  Put(at, last_inode_);
  Send(at.parent, IN_CREATE | IN_ISDIR, at.name);
  return true;
}

bool KernelModel::RemoveDirectory(const std::string& path) {
  const Where at = Split(path);
  if (at.inode == kNoInode || !At(at.inode).directory || !At(at.inode).entries.empty())
    return false;
  files_[at.parent].entries.erase(at.name);
  Vanish(at.inode);
  Send(at.parent, IN_DELETE | IN_ISDIR, at.name);
  return true;
}

bool KernelModel::Create(const std::string& path) {
  const Where at = Split(path);
  if (at.parent == kNoInode || at.inode != kNoInode) return false;
  files_[++last_inode_].version = ++versions_;
  Put(at, last_inode_);
  Send(at.parent, IN_CREATE, at.name);
  return true;
}

bool KernelModel::Write(const std::string& path) {
  const Where at = Split(path);
  if (at.inode == kNoInode || At(at.inode).directory) return false;
  files_[at.inode].version = ++versions_;
  Send(at.parent, IN_CLOSE_WRITE, at.name);
  return true;
}

bool KernelModel::Unlink(const std::string& path) {
  const Where at = Split(path);
  if (at.inode == kNoInode || At(at.inode).directory) return false;
  files_[at.parent].entries.erase(at.name);
  files_[at.inode].linked = false;
  Send(at.parent, IN_DELETE, at.name);
  return true;
}

bool KernelModel::Rename(const std::string& from, const std::string& to) {
  const Where source = Split(from);
  const Where target = Split(to);
  if (source.inode == kNoInode || target.parent == kNoInode || source.inode == target.inode)
    return false;
  const File& moved = At(source.inode);
  if (moved.directory && IsWithin(target.parent, source.inode)) return false;
  if (target.inode != kNoInode) {
    const File& old = At(target.inode);
    if (old.directory != moved.directory || !old.entries.empty()) return false;
  }
  const uint32_t kind = moved.directory ? IN_ISDIR : 0U;
  files_[source.parent].entries.erase(source.name);
  Put(target, source.inode);
  cookie_++;
  Send(source.parent, IN_MOVED_FROM | kind, source.name, cookie_);
  Send(target.parent, IN_MOVED_TO | kind, target.name, cookie_);
  if (target.inode != kNoInode && At(target.inode).directory)
    Send(target.inode, IN_ATTRIB | IN_ISDIR, "");
  Send(source.inode, IN_MOVE_SELF, "");
  if (target.inode != kNoInode) Vanish(target.inode);
  return true;
}

bool KernelModel::Exchange(const std::string& left, const std::string& right) {
  const Where one = Split(left);
  const Where two = Split(right);
  if (one.inode == kNoInode || two.inode == kNoInode || one.inode == two.inode) return false;
  if (IsWithin(one.parent, two.inode) || IsWithin(two.parent, one.inode)) return false;
  Put(one, two.inode);
  Put(two, one.inode);
  for (const auto& [from, to] : {std::pair(one, two), std::pair(two, one)}) {
    const uint32_t kind = At(from.inode).directory ? IN_ISDIR : 0U;
    cookie_++;
    Send(from.parent, IN_MOVED_FROM | kind, from.name, cookie_);
    Send(to.parent, IN_MOVED_TO | kind, to.name, cookie_);
    Send(from.inode, IN_MOVE_SELF, "");
  }
  return true;
}

bool KernelModel::ChangeMode(const std::string& path) {
  const Where at = Split(path);
  if (at.inode == kNoInode) return false;
  files_[at.inode].mode = ++versions_;
  const uint32_t kind = At(at.inode).directory ? IN_ISDIR : 0U;
  Send(at.parent, IN_ATTRIB | kind, at.name);
  Send(at.inode, IN_ATTRIB | kind, "");
  return true;
}

Inode KernelModel::Resolve(const std::string& path) const {
  return path == "/" ? kTop : Split(path).inode;
}

Inode KernelModel::Entry(Inode directory, const std::string& name) const {
  const auto found = files_.find(directory);
  if (found == files_.end() || !found->second.linked) return kNoInode;
  const auto entry = found->second.entries.find(name);
  return entry == found->second.entries.end() ? kNoInode : entry->second;
}

int32_t KernelModel::AddWatch(Inode inode) {
  const auto known = watches_.find(inode);
  if (known != watches_.end()) return known->second;
  if (watches_.size() >= watches_max) return -1;
  const auto taken = [this] {
    return std::any_of(watches_.begin(), watches_.end(),
                       [this](const auto& watch) { return watch.second == last_wd_; });
  };
  do last_wd_ = last_wd_ >= wd_max ? 1 : last_wd_ + 1;
  while (taken());
  return watches_[inode] = last_wd_;
}

void KernelModel::RemoveWatch(int32_t wd) {
  for (auto watch = watches_.begin(); watch != watches_.end(); ++watch) {
    if (watch->second != wd) continue;
    watches_.erase(watch);
    queue.push_back({wd, IN_IGNORED, 0, ""});
    return;
  }
}

KernelModel::Where KernelModel::Split(const std::string& path) const {
  Where where;
  where.inode = kTop;
  for (size_t from = 1; from <= path.size();) {
    const size_t to = std::min(path.find('/', from), path.size());
    where.parent = where.inode;
    where.name = path.substr(from, to - from);
    if (where.parent == kNoInode || !At(where.parent).directory) return {};
    where.inode = Entry(where.parent, where.name);
    from = to + 1;
  }
  return where;
}

void KernelModel::Send(Inode inode, uint32_t mask, const std::string& name, uint32_t cookie) {
  const auto watch = watches_.find(inode);
  if (watch == watches_.end()) return;
  if (queue.size() >= queue_max) {
    if (queue.back().mask != IN_Q_OVERFLOW) queue.push_back({-1, IN_Q_OVERFLOW, 0, ""});
    return;
  }
  const Event event{watch->second, mask, cookie, name};
  // Equal adjacent events merge (inotify(7)).
  if (!queue.empty() && queue.back().wd == event.wd && queue.back().mask == mask &&
      queue.back().name == name && queue.back().cookie == cookie) {
    return;
  }
  queue.push_back(event);
}

void KernelModel::Vanish(Inode inode) {
  files_[inode].linked = false;
  Send(inode, IN_DELETE_SELF, "");
  const auto watch = watches_.find(inode);
  if (watch == watches_.end()) return;
  queue.push_back({watch->second, IN_IGNORED, 0, ""});
  watches_.erase(watch);
}

void KernelModel::Put(const Where& where, Inode inode) {
  files_[where.parent].entries[where.name] = inode;
  files_[inode].parent = where.parent;
}

bool KernelModel::IsWithin(Inode inode, Inode ancestor) const {
  for (; inode != kNoInode; inode = At(inode).parent) {
    if (inode == ancestor) return true;
  }
  return false;
}

}  // namespace inotify_csync::test
