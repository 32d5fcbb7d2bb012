#include "tree/tree.h"

#include <sys/inotify.h>

#include <algorithm>

namespace inotify_csync {

namespace {

constexpr uint32_t kOwnEvents = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;
constexpr size_t kProbesPerTurn = 64;

RecordKind KindOf(uint32_t what) {
  if (what == IN_ATTRIB) return RecordKind::kTouch;
  if (what == IN_CLOSE_WRITE) return RecordKind::kWritten;
  return what == IN_MOVED_TO ? RecordKind::kMoved : RecordKind::kFile;
}

std::string Join(const std::string& directory, std::string_view name) {
  std::string path;
  path.reserve(directory.size() + name.size() + 1);
  path = directory;
  if (path.size() != 1) path += '/';
  return path += name;
}

}  // namespace

Tree::Tree(const Selection& selection, TreeOptions options, TreeSink* sink)
    : selection_(selection), options_(options), sink_(sink), settle_(options.settle) {
  store_[kRootNode].reach = selection.RootReach();
  high_water_ = options.adopted;
}

void Tree::OnEvent(const Event& event, Millis now) {
  stats_.events++;
  if (event.mask & IN_Q_OVERFLOW) {
    OnOverflow("the kernel's event queue overflowed");
    return;
  }
  const NodeId head = store_.ByWatch(event.wd);
  // The file system was unmounted while no watcher ran. The one that is mounted there now may be
  // another one that looks the same.
  if ((event.mask & IN_UNMOUNT) && event.wd <= options_.adopted)
    OnOverflow("a file system was unmounted meanwhile");
  if (head == kNoNode) {
    if (removing_.count(event.wd) != 0) {
      // Events that were queued before inotify_rm_watch stay readable; IGNORED is the last. A
      // finding under way may still have the dead descriptor.
      if (event.mask & IN_IGNORED) removed_.emplace_back(last_job_, event.wd);
      if (jobs_.empty()) ForgetRemoved();
    } else {
      Hold(event);
      if (jobs_.empty()) ResolveHeld(now);
    }
    return;
  }
  if (event.mask & IN_IGNORED) {
    Ignored(event.wd, now);
    return;
  }
  std::vector<NodeRef> nodes;
  for (NodeId id = head; id != kNoNode; id = store_[id].next_alias) nodes.push_back(store_.Ref(id));
  if (event.mask & kOwnEvents) {
    for (const NodeRef& node : nodes) {
      if (event.mask & (IN_DELETE_SELF | IN_UNMOUNT)) store_[node.id].deleted = true;
    }
    return;
  }
  bool applied = false;
  for (const NodeRef& node : nodes) {
    if (store_.Resolve(node) == kNoNode || !store_.IsRooted(node.id)) continue;
    applied = true;
    Apply(node.id, event, now);
  }
  // The directory's place is unknown at the moment. It may come back under another name.
  if (!applied) Hold(event);
}

void Tree::Apply(NodeId id, const Event& event, Millis now) {
  const std::string* directory = nullptr;
  if (!DirectoryPath(id, &directory)) return;
  if (event.name.empty()) {
    // The parent reports the same event with the name. Only "/" has no parent.
    if (id == kRootNode && selection_.Explain("/") == Scope::kSelected)
      Emit(RecordKind::kFile, "/");
    // Nor does a parent report it whose watch leaves out attributes.
    const NodeId parent = store_[id].parent;
    if ((event.mask & IN_ATTRIB) && parent != kNoNode && !store_[parent].full &&
        selection_.Selects(*directory, store_[parent].reach)) {
      Emit(RecordKind::kTouch, *directory);
    }
    return;
  }
  const std::string path = Join(*directory, event.name);
  if (event.mask & IN_ISDIR) ApplyDirectory(id, event, path, now);
  else ApplyFile(id, event, path, now);
}

void Tree::ApplyDirectory(NodeId id, const Event& event, const std::string& path, Millis now) {
  const Reach parent_reach = store_[id].reach;
  if (event.mask & IN_ATTRIB) {
    if (selection_.Selects(path, parent_reach)) Emit(RecordKind::kTouch, path);
    if (denied_.count(Key(id, event.name)) != 0) Want(id, event.name, true);
    return;
  }
  Touch(id, event.name);
  const bool deep = path.size() > options_.deepest;
  if (deep) store_[id].clipped = true;
  const bool entered = !deep && selection_.Enter(path, parent_reach) != 0;
  const NodeId child = store_.Child(id, event.name);
  if (event.mask & (IN_MOVED_FROM | IN_DELETE)) {
    if (child != kNoNode) Detach(child, now);
    if (child != kNoNode || entered || selection_.Selects(path, parent_reach))
      Emit(RecordKind::kTree, path);
    // After RENAME_EXCHANGE the last event for a name may be MOVED_FROM although the name is taken.
    if (entered && (event.mask & IN_MOVED_FROM)) Want(id, event.name, false);
    return;
  }
  if (entered) {
    Want(id, event.name, true);
  } else {
    if (child != kNoNode) Detach(child, now);
    if (selection_.Selects(path, parent_reach)) Emit(RecordKind::kFile, path);
  }
}

void Tree::ApplyFile(NodeId id, const Event& event, const std::string& path, Millis now) {
  if ((event.mask & (IN_CREATE | IN_MOVED_TO)) && store_.Child(id, event.name) != kNoNode) {
    Want(id, event.name, false);
  }
  // A file has replaced a directory that was selected. The watch must report more from now on.
  if ((event.mask & (IN_CREATE | IN_MOVED_TO)) && !store_[id].full &&
      store_[id].parent != kNoNode && selection_.Selects(path, store_[id].reach)) {
    Want(store_[id].parent, store_[id].name, true);
  }
  const uint32_t what = event.mask & IN_ALL_EVENTS;
  const bool waits = settle_.Waits(store_.Ref(id), event.name);
  // A name that waits for its CLOSE_WRITE needs no record for earlier changes.
  if (waits && (what & (IN_ATTRIB | IN_MODIFY))) return;
  if (waits && what != IN_CREATE) settle_.Cancel(store_.Ref(id), event.name);
  if (!waits && (what & options_.file_mask) == 0) return;
  if (!selection_.Selects(path, store_[id].reach)) return;
  if (what == IN_CREATE) settle_.Add(store_.Ref(id), event.name, now);
  else Emit(KindOf(what), path);
}

void Tree::Hold(const Event& event) {
  if (stats_.held >= options_.held_max) {
    OnOverflow("too many events for directories whose place is not known");
    return;
  }
  HeldEvents& held = held_[event.wd];
  held.job = last_job_;
  held.events.push_back(event);
  stats_.held++;
}

void Tree::Replay(int32_t wd, Millis now) {
  const auto found = held_.find(wd);
  if (found == held_.end()) return;
  const std::vector<Event> events = std::move(found->second.events);
  held_.erase(found);
  stats_.held -= events.size();
  stats_.events -= events.size();
  for (const Event& event : events) OnEvent(event, now);
}

void Tree::ReplayBelow(NodeId id, Millis now) {
  std::vector<int32_t> ready;
  for (const auto& [wd, held] : held_) {
    for (NodeId node = store_.ByWatch(wd); node != kNoNode; node = store_[node].next_alias) {
      if (store_.IsWithin(node, id)) {
        ready.push_back(wd);
        break;
      }
    }
  }
  for (const int32_t wd : ready) Replay(wd, now);
}

void Tree::Ignored(int32_t wd, Millis now) {
  // Find the node by descriptor, never by name. The name may already belong to a new directory,
  // when a process has held the old one open (DELETE, CREATE, then DELETE_SELF and IGNORED of the
  // old inode).
  while (const NodeId id = store_.ByWatch(wd)) {
    store_.ClearWatch(id);
    const bool expected = store_[id].deleted || id == kRootNode || store_[id].parent == kNoNode;
    if (expected) {
      Drop(id, now);
    } else {
      // The directory was not deleted, not unmounted and not removed by us. Look at the name again.
      Want(store_[id].parent, store_[id].name, true);
    }
  }
  if (!jobs_.empty() && removing_.insert(wd).second) removed_.emplace_back(last_job_, wd);
  const auto held = held_.find(wd);
  if (held != held_.end()) {
    stats_.held -= held->second.events.size();
    held_.erase(held);
  }
}

void Tree::Emit(RecordKind kind, std::string_view text) {
  stats_.records++;
  sink_->Emit(kind, text);
}

bool Tree::DirectoryPath(NodeId id, const std::string** path) {
  if (cached_node_ != id || cached_shape_ != shape_) {
    if (!store_.Path(id, &cached_path_)) {
      cached_node_ = kNoNode;
      return false;
    }
    cached_node_ = id;
    cached_shape_ = shape_;
  }
  *path = &cached_path_;
  return true;
}

void Tree::Tick(Millis now) {
  std::string path;
  for (const Place& place : settle_.Due(now)) {
    const NodeId parent = store_.Resolve(place.parent);
    // The place of a detached directory is unknown. If it comes back, its record covers the name.
    if (parent == kNoNode || !store_.Path(parent, &path)) continue;
    Emit(RecordKind::kFile, Join(path, place.name));
  }
  ExpireDetached(now);
  WantRetries(now);
  if (!unwatched_.empty() && limit_retry_at_ >= 0 && limit_retry_at_ <= now) {
    limit_backoff_ =
        std::min(std::max(limit_backoff_ * 2, options_.backoff_min), options_.backoff_max);
    limit_retry_at_ = now + limit_backoff_;
    // Each look ends with a record, even if the directory can't be watched, so unwatched
    // directories are checked from time to time. If there are more than can be asked for at once, a
    // full check covers the others.
    const bool beyond =
        unwatched_.size() > kProbesPerTurn && limit_backoff_ == options_.backoff_max;
    if (unwatched_new_ || beyond) EmitLimit();
    size_t count = 0;
    for (const auto& [key, place] : unwatched_) {
      if (store_.Resolve(place.parent) != kNoNode) Want(place.parent.id, place.name, true);
      if (++count == kProbesPerTurn) break;
    }
  }
  Reconcile(now);
}

Millis Tree::Deadline() const {
  Millis next = settle_.Deadline();
  const auto consider = [&next](Millis at) {
    if (at >= 0 && (next < 0 || at < next)) next = at;
  };
  if (!detached_.empty()) consider(detached_.front().deadline);
  if (!retry_times_.empty()) consider(retry_times_.begin()->first);
  if (!unwatched_.empty()) consider(limit_retry_at_);
  if (!loss_.empty() && reconcile_job_ == 0 && jobs_.count(1) == 0)
    consider(std::max<Millis>(0, reconciled_at_ + reconcile_backoff_));
  return next;
}

TreeStats Tree::Stats() const {
  TreeStats stats = stats_;
  stats.denied = denied_.size();
  stats.unwatched = unwatched_.size();
  stats.detached = detached_.size();
  return stats;
}

}  // namespace inotify_csync
