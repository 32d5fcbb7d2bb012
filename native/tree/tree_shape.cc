// How nodes change place: found, renamed, detached, expired.
#include <algorithm>

#include "tree/tree.h"

namespace inotify_csync {

NodeId Tree::Attach(const Found& found, NodeId parent, bool* fresh, bool* outdated, Millis now) {
  *fresh = *outdated = false;
  const NodeId present = store_.Child(parent, found.name);
  if (present != kNoNode && store_[present].wd == found.wd) {
    store_[present].reach = found.reach;
    *outdated = store_[present].outdated;
    return present;
  }
  if (present != kNoNode) Detach(present, now);

  std::vector<NodeId> elsewhere;
  NodeId detached = kNoNode;
  for (NodeId id = store_.ByWatch(found.wd); id != kNoNode; id = store_[id].next_alias) {
    if (store_.IsRooted(id)) elsewhere.push_back(id);
    else detached = id;
  }
  if (detached != kNoNode) {
    // The directory was out of its place while events were lost and the rest was walked again. Its
    // contents may have changed unseen.
    *outdated = store_[detached].outdated || store_[detached].epoch < lost_epoch_;
    store_[detached].outdated = *outdated;
    store_[detached].deleted = false;
    // Its directory has no place now, and its events are held. This finding may be older than they
    // are.
    if (store_[detached].parent != kNoNode)
      Want(store_[detached].parent, store_[detached].name, false);
    Relink(detached, parent, found.name);
    return detached;
  }
  // The directory is known in another place. Either it was moved and no event has reported that
  // yet, or it is a bind mount. Both places remain until the other one has been looked at.
  for (const NodeId id : elsewhere) {
    if (id != kRootNode) Want(store_[id].parent, store_[id].name, false);
  }
  const NodeId id = store_.Create(found.name);
  store_.Link(id, parent, found.name);
  store_.SetWatch(id, found.wd);
  store_[id].reach = found.reach;
  store_[id].epoch = static_cast<uint32_t>(found.job);
  *fresh = true;
  return id;
}

void Tree::Relink(NodeId id, NodeId parent, const std::string& name) {
  if (store_.IsWithin(parent, id)) {
    // An old finding has put the new parent below this directory. Both can't be true. Cut the
    // directory out; a look will find it.
    NodeId below = parent;
    while (below != id && store_[below].parent != id) below = store_[below].parent;
    if (below == id) return;
    store_.Unlink(below);
    detached_.push_back({store_.Ref(below), 0, 0});
  }
  store_.Unlink(id);
  store_.Link(id, parent, name);
  shape_++;
}

// Gives every directory from `top` down, or `top` alone, the reach of its new path. Returns true if
// directories may have to be entered that haven't been.
bool Tree::UpdateReach(NodeId top, const std::string& top_path, bool deep, Millis now) {
  bool changed = false;
  std::vector<std::pair<NodeRef, std::string>> below;
  below.emplace_back(store_.Ref(top), top_path);
  while (!below.empty()) {
    const auto [ref, path] = std::move(below.back());
    below.pop_back();
    const NodeId id = store_.Resolve(ref);
    if (id == kNoNode || store_[id].parent == kNoNode) continue;
    const NodeId parent = store_[id].parent;
    const Reach reach = selection_.Enter(path, store_[parent].reach);
    if (path.size() > options_.deepest) store_[parent].clipped = true;
    if (reach == 0 || path.size() > options_.deepest) {
      Detach(id, now);
      continue;
    }
    // A directory that was too deep may not be so here.
    if (store_[id].clipped) store_[id].clipped = store_[id].listed = false;
    // A look will find that the directory must be walked, and then emit a record. Each gets a
    // record of its own, without the directories between them.
    if (!store_[id].listed) Want(parent, store_[id].name, true);
    changed |= reach != store_[id].reach;
    // A watch that reports directories only may now be where files are selected.
    changed |= !store_[id].full &&
               selection_.MaySelectIn(path, reach, [](const std::string&) { return false; });
    store_[id].reach = reach;
    if (!deep) break;
    for (NodeId child = store_[id].first_child; child != kNoNode; child = store_[child].next) {
      below.emplace_back(store_.Ref(child), path + '/' + store_[child].name);
    }
  }
  return changed;
}

void Tree::Detach(NodeId id, Millis now) {
  store_.Unlink(id);
  shape_++;
  const int32_t wd = store_[id].wd;
  const NodeId placed = wd == kNoWatch ? kNoNode : PlacedNode(wd);
  if (placed != kNoNode && placed != id && store_.IsRooted(placed)) {
    Merge(id, placed, now);
  } else {
    detached_.push_back({store_.Ref(id), now + options_.grace, 0});
  }
}

// Merges two nodes that turned out to be one directory, with the children of both.
void Tree::Merge(NodeId from, NodeId into, Millis now) {
  shape_++;
  std::vector<std::pair<NodeRef, NodeRef>> pairs{{store_.Ref(from), store_.Ref(into)}};
  while (!pairs.empty()) {
    const NodeId old = store_.Resolve(pairs.back().first);
    const NodeId kept = store_.Resolve(pairs.back().second);
    pairs.pop_back();
    if (old == kNoNode || old == kept) continue;
    if (kept == kNoNode) {
      detached_.push_back({store_.Ref(old), now + options_.grace, 0});
      continue;
    }
    while (const NodeId child = store_[old].first_child) {
      const std::string name = store_[child].name;
      store_.Unlink(child);
      const NodeId twin = store_.Child(kept, name);
      if (twin != kNoNode && store_[twin].wd == store_[child].wd)
        pairs.emplace_back(store_.Ref(child), store_.Ref(twin));
      else Adopt(child, kept, name, twin == kNoNode, now);
    }
    MovePlaces(old, kept);
    store_.Unlink(old);
    store_.Free(old);
  }
}

// Takes over a child of a directory that was known twice. Asks the walkers whether it is there.
void Tree::Adopt(NodeId child, NodeId parent, const std::string& name, bool vacant, Millis now) {
  Want(parent, name, false);
  if (!vacant || store_.IsWithin(parent, child)) {
    detached_.push_back({store_.Ref(child), now + options_.grace, 0});
    return;
  }
  store_.Link(child, parent, name);
  std::string path;
  if (!store_.Path(child, &path)) return;
  const NodeRef ref = store_.Ref(child);
  UpdateReach(child, path, true, now);
  if (store_.Resolve(ref) != kNoNode) ReplayBelow(child, now);
}

// A directory that has a place again needs no other nodes without one.
void Tree::MergeStrays(NodeId into, Millis now) {
  if (!store_.IsRooted(into)) return;
  for (bool again = true; again;) {
    again = false;
    for (NodeId id = store_.ByWatch(store_[into].wd); id != kNoNode; id = store_[id].next_alias) {
      if (id == into || store_.IsRooted(id)) continue;
      store_.Unlink(id);
      Merge(id, into, now);
      again = true;
      break;
    }
  }
}

// Forgets a whole subtree and removes its watches.
void Tree::Prune(NodeId id, Millis now) {
  std::vector<NodeRef> below{store_.Ref(id)};
  std::vector<NodeId> doomed;
  while (!below.empty()) {
    const NodeId node = store_.Resolve(below.back());
    below.pop_back();
    if (node == kNoNode) continue;
    NodeId other = kNoNode;
    const int32_t wd = store_[node].wd;
    for (NodeId twin = wd == kNoWatch ? kNoNode : store_.ByWatch(wd); twin != kNoNode;
         twin = store_[twin].next_alias) {
      if (!store_.IsWithin(twin, id)) other = twin;
    }
    if (other != kNoNode) {
      store_.Unlink(node);
      Merge(node, other, now);
      continue;
    }
    doomed.push_back(node);
    for (NodeId child = store_[node].first_child; child != kNoNode; child = store_[child].next) {
      below.push_back(store_.Ref(child));
    }
  }
  for (auto node = doomed.rbegin(); node != doomed.rend(); ++node) {
    const int32_t wd = store_[*node].wd;
    store_.Unlink(*node);
    ForgetPlaces(*node);
    store_.Free(*node);
    if (wd == kNoWatch || store_.ByWatch(wd) != kNoNode || !removing_.insert(wd).second) continue;
    sink_->RemoveWatch(wd);
    const auto held = held_.find(wd);
    if (held != held_.end()) {
      stats_.held -= held->second.events.size();
      held_.erase(held);
    }
  }
  shape_++;
}

// Forgets one directory whose inode is gone. Its remaining children have been moved away before,
// and are looked for.
void Tree::Drop(NodeId id, Millis now) {
  if (id == kRootNode) {
    OnOverflow("the watch of / is gone");
    return;
  }
  while (store_[id].first_child != kNoNode) Detach(store_[id].first_child, now);
  store_.Unlink(id);
  ForgetPlaces(id);
  store_.Free(id);
  shape_++;
}

void Tree::ExpireDetached(Millis now) {
  for (size_t left = detached_.size(); left > 0 && detached_.front().deadline <= now; left--) {
    Detached entry = detached_.front();
    detached_.pop_front();
    const NodeId id = store_.Resolve(entry.node);
    if (id == kNoNode || id == kRootNode || store_[id].parent != kNoNode) continue;
    // A running look may be about to find it in its new place. Watching it again would be right,
    // but not cheap.
    if (!(jobs_.empty() && wanted_.empty()) && entry.delays < 60) {
      detached_.push_back({entry.node, now + options_.grace, entry.delays + 1});
    } else {
      Prune(id, now);
    }
  }
}

}  // namespace inotify_csync
