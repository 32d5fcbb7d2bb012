// Puts the walkers' findings into the tree, also those of missing directories.
#include <algorithm>

#include "tree/tree.h"

namespace inotify_csync {

NodeRef Tree::OnFound(const Found& found, Millis now) {
  if (found.wd > high_water_) high_water_ = found.wd;
  const auto running = jobs_.find(found.job);
  if (running != jobs_.end() && found.recursed) running->second.recursed = true;

  if (found.name.empty() && found.status == LookStatus::kWatched) {
    // "/" itself.
    store_.SetWatch(kRootNode, found.wd);
    store_[kRootNode].full = found.full;
    Replay(found.wd, now);
    return store_.Ref(kRootNode);
  }
  if (found.name.empty()) {
    if (found.status != LookStatus::kNoSpace) OnOverflow("/ cannot be watched");
    return {};
  }
  NodeId parent = store_.Resolve(found.parent);
  if (parent == kNoNode && found.parent_wd != kNoWatch) parent = PlacedNode(found.parent_wd);
  if (found.status != LookStatus::kWatched) {
    if (parent != kNoNode) OnNotFound(found, parent, now);
    return {};
  }
  if (parent == kNoNode) {
    // The parent was deleted or has left meanwhile. The look that finds this directory elsewhere
    // watches it again.
    if (store_.ByWatch(found.wd) == kNoNode) stray_.push_back(found.wd);
    return {};
  }
  if (removing_.count(found.wd) != 0) {
    // The watch was put on before we took it away, so it is dead now. No event reports changes
    // until there is another watch.
    LookAgain(found, parent);
    return {};
  }
  if (IsOld(found, parent)) {
    // An event for this name has been processed since the look began. That event or a later one
    // shows what is there. The descriptor must belong to a node until then.
    NodeId id = store_.Child(parent, found.name);
    if (id == kNoNode || store_[id].wd != found.wd) id = PlacedNode(found.wd);
    // The look for that event may emit no record, so one is emitted when everything below is
    // watched.
    if (const Obligation* obligation = ObligationOf(found);
        obligation && obligation->open && obligation->kind == RecordKind::kTree)
      Want(parent, found.name, true);
    if (id == kNoNode) {
      id = store_.Create(found.name);
      store_.SetWatch(id, found.wd);
      store_[id].reach = found.reach;
      store_[id].epoch = static_cast<uint32_t>(found.job);
      store_[id].listed = found.recursed;
      store_[id].full = found.full;
      Detach(id, now);
    }
    return store_.Ref(id);
  }

  const uint64_t shape = shape_;
  bool fresh = false;
  bool outdated = false;
  const NodeId id = Attach(found, parent, &fresh, &outdated, now);
  MergeStrays(id, now);
  const NodeRef ref = store_.Ref(id);
  const bool unseen = NoteWatched(parent, found.name, now);
  const bool swept = running != jobs_.end() && running->second.sweep;
  if (swept) store_[id].epoch = static_cast<uint32_t>(found.job);
  store_[id].listed |= found.recursed;
  store_[id].full = found.full;
  const bool moved = !fresh && shape_ != shape;
  std::string path;
  if (store_.Path(id, &path)) {
    if (path.size() > options_.deepest) {
      // The walker used a shorter path, which its parent had when the look began.
      store_[store_[id].parent].clipped = true;
      Detach(id, now);
      return ref;
    }
    // The walk that should list it may have come too late to its former place.
    bool walk = (outdated && !swept) || !store_[id].listed;
    if (moved || (running != jobs_.end() && running->second.shape != shape)) {
      // Directories below one that has not moved got their reach when they appeared there.
      walk |= UpdateReach(id, path, moved, now);
      // Walkers that are under way below may still use the old path.
      walk |= moved && Recursing(found.job);
    }
    if (store_.Resolve(ref) == kNoNode || !store_.IsRooted(id)) return ref;
    Obligation* obligation = ObligationOf(found);
    if (walk) {
      std::vector<Obligation> obligations;
      if (obligation && obligation->open) {
        obligations.push_back(*obligation);
        obligation->open = false;
      }
      StartWalk(store_[id].parent, store_[id].name, outdated, std::move(obligations));
    } else if (moved && obligation && obligation->open) {
      deferred_.emplace_back(last_job_, *obligation);
      obligation->open = false;
    }
    // No event has reported what happened there while the directory couldn't be watched.
    if (unseen)
      deferred_.push_back(
          {last_job_, {RecordKind::kTree, store_.Ref(parent), found.name, path, true}});
    if (moved) ReplayBelow(id, now);
    else Replay(found.wd, now);
  }
  return ref;
}

Tree::Obligation* Tree::ObligationOf(const Found& found) {
  const auto running = jobs_.find(found.job);
  if (running == jobs_.end() || found.ticket < 0) return nullptr;
  auto& obligations = running->second.obligations;
  const auto ticket = static_cast<size_t>(found.ticket);
  return ticket < obligations.size() ? &obligations[ticket] : nullptr;
}

// Whether a directory is too deep or has no place. One without a place is reported when it gets
// one.
bool Tree::IsTooDeep(NodeId parent, const std::string& name) const {
  std::string path;
  return !store_.Path(parent, &path) || path.size() + 1 + name.size() > options_.deepest;
}

// The name was not there, or couldn't be watched.
void Tree::OnNotFound(const Found& found, NodeId parent, Millis now) {
  const NodeId child = store_.Child(parent, found.name);
  switch (found.status) {
    case LookStatus::kBusy:
    case LookStatus::kParentLost:
      // Then the retry emits the record, when the directory is watched.
      if (Obligation* obligation = RetryLater(found, parent, now) ? ObligationOf(found) : nullptr)
        obligation->open = false;
      return;
    case LookStatus::kNoSpace:
      NoteUnwatched(found, parent);
      break;
    case LookStatus::kDenied:
    case LookStatus::kFailed:
      NoteDenied(found, parent);
      break;
    case LookStatus::kTooDeep:
      if (!IsTooDeep(parent, found.name)) {
        // Since the look began it has moved to a shorter path, together with its siblings, which
        // have not been reported.
        if (parent == kRootNode) Want(parent, found.name, true);
        else StartWalk(store_[parent].parent, store_[parent].name, false, {});
        return;
      }
      store_[parent].clipped = true;
      if (!IsOld(found, parent)) NoteWatched(parent, found.name, now);
      break;
    case LookStatus::kUnlisted:
      OnOverflow("a directory could not be listed");
      return;
    default:
      // A directory that has since taken this name may still be unwatched.
      if (!IsOld(found, parent)) NoteWatched(parent, found.name, now);
      break;
  }
  if (child != kNoNode && !IsOld(found, parent)) Detach(child, now);
}

}  // namespace inotify_csync
