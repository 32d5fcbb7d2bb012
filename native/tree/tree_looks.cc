// Looks: what the tree asks the walkers, and how it uses their answers.
#include <sys/inotify.h>

#include <algorithm>

#include "tree/tree.h"

namespace inotify_csync {

namespace {

constexpr size_t kTouchedMin = 1024;

}  // namespace

void Tree::Start(std::string loss) {
  std::vector<Obligation> obligations;
  if (!loss.empty()) obligations.push_back({RecordKind::kLoss, {}, "", std::move(loss), true});
  StartWalk(kNoNode, "", false, std::move(obligations));
  jobs_[last_job_].first = true;
}

void Tree::Want(NodeId parent, const std::string& name, bool emit) {
  bool& emits = wanted_[parent][name];
  emits = emits || emit;
}

void Tree::Flush(Millis now) {
  std::string path;
  for (const Place& place : settle_.Fresh(64)) {
    const NodeId parent = store_.Resolve(place.parent);
    if (parent == kNoNode || !store_.Path(parent, &path)) continue;
    if (path.size() > 1) path += '/';
    path += place.name;
    if (sink_->AwaitsClose(path)) continue;
    settle_.Cancel(place.parent, place.name);
    Emit(RecordKind::kFile, path);
  }
  if (denied_new_ != 0) {
    Emit(RecordKind::kLoss,
         denied_new_ == 1
             ? "directory not readable: " + denied_first_
             : std::to_string(denied_new_) + " directories not readable, first: " + denied_first_);
    denied_new_ = 0;
  }
  if (unwatched_new_ && limit_retry_at_ < 0) {
    EmitLimit();
    limit_backoff_ = options_.backoff_min;
    limit_retry_at_ = now + limit_backoff_;
  }
  auto wanted = std::move(wanted_);
  wanted_.clear();
  for (auto& [asked, names] : wanted) {
    if (!store_[asked].live) continue;
    const NodeId parent = store_[asked].wd == kNoWatch || store_.IsRooted(asked)
                              ? asked
                              : PlacedNode(store_[asked].wd);
    Job job;
    job.parent = store_.Ref(parent);
    job.parent_wd = store_[parent].wd;
    job.parent_reach = store_[parent].reach;
    const bool rooted = store_.Path(parent, &job.parent_path);
    if (!rooted || job.parent_wd == kNoWatch) {
      // The directory can't be reached now. Its events wait until it is back in the tree.
      for (const auto& [name, emit] : names) {
        if (job.parent_wd != kNoWatch) Hold({job.parent_wd, IN_CREATE | IN_ISDIR, 0, name});
      }
      continue;
    }
    ActiveJob& active = Register(&job);
    for (const auto& [name, emit] : names) {
      path = job.parent_path;
      if (path.size() > 1) path += '/';
      path += name;
      job.names.push_back({name, selection_.Enter(path, job.parent_reach)});
      active.obligations.push_back({RecordKind::kTree, job.parent, name, path, emit});
    }
    stats_.looks += job.names.size();
    sink_->StartJob(std::move(job));
  }
  // The names wanted when the last job ended may not have become a job.
  if (options_.adopted > 0 && jobs_.empty() && !held_.empty()) ResolveHeld(now);
}

uint64_t Tree::StartWalk(NodeId parent, const std::string& name, bool sweep,
                         std::vector<Obligation> obligations) {
  Job job;
  job.deep = true;
  if (parent != kNoNode) {
    job.parent = store_.Ref(parent);
    job.parent_wd = store_[parent].wd;
    job.parent_reach = store_[parent].reach;
    if (!store_.Path(parent, &job.parent_path) || job.parent_wd == kNoWatch) return 0;
  }
  std::string path = job.parent_path;
  if (path.size() > 1) path += '/';
  path += name;
  job.names.push_back({name, parent == kNoNode ? selection_.RootReach()
                                               : selection_.Enter(path, job.parent_reach)});
  job.count_beyond_limit = last_job_ == 0;
  ActiveJob& active = Register(&job);
  active.sweep = sweep;
  active.recursed = true;
  active.top = {job.parent, name};
  active.obligations = std::move(obligations);
  const uint64_t id = job.id;
  sink_->StartJob(std::move(job));
  return id;
}

Tree::ActiveJob& Tree::Register(Job* job) {
  job->id = ++last_job_;
  job->high_water = high_water_;
  ActiveJob& active = jobs_[job->id];
  active.shape = shape_;
  active.serial = Serial();
  return active;
}

void Tree::OnStrayWatch(int32_t wd) { stray_.push_back(wd); }

void Tree::OnJobDone(uint64_t id, uint64_t beyond_limit, Millis now) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  const ActiveJob job = std::move(found->second);
  jobs_.erase(found);
  if (jobs_.empty()) touched_.clear();
  for (const int32_t wd : stray_) {
    if (store_.ByWatch(wd) != kNoNode || !removing_.insert(wd).second) continue;
    sink_->RemoveWatch(wd);
  }
  stray_.clear();
  if (job.sweep) Sweep(job, static_cast<uint32_t>(id));
  if (id == reconcile_job_) {
    reconcile_job_ = 0;
    reconciled_at_ = now;
  }
  for (const Obligation& obligation : job.obligations) {
    if (obligation.open) Discharge(obligation);
  }
  while (!deferred_.empty() && (jobs_.empty() || jobs_.begin()->first > deferred_.front().first)) {
    Discharge(deferred_.front().second);
    deferred_.pop_front();
  }
  ForgetRemoved();
  ResolveHeld(now);
  if (job.first) sink_->FirstWalkDone(beyond_limit);
}

void Tree::ForgetRemoved() {
  while (!removed_.empty() && (jobs_.empty() || jobs_.begin()->first > removed_.front().first)) {
    removing_.erase(removed_.front().second);
    removed_.pop_front();
  }
}

void Tree::Discharge(const Obligation& obligation) {
  Emit(obligation.kind, obligation.text);
  if (obligation.kind != RecordKind::kTree) return;
  // The directory above may have been renamed while this one was being walked.
  const NodeId parent = store_.Resolve(obligation.parent);
  std::string path;
  if (parent == kNoNode || !store_.Path(parent, &path)) return;
  if (path.size() > 1) path += '/';
  path += obligation.name;
  if (path != obligation.text) Emit(obligation.kind, path);
}

// Handles events whose descriptor no finished walk has found. No unknown event is dropped silently.
void Tree::ResolveHeld(Millis) {
  const uint64_t oldest = jobs_.empty() ? last_job_ + 1 : jobs_.begin()->first;
  for (auto held = held_.begin(); held != held_.end();) {
    const int32_t wd = held->first;
    if (held->second.job >= oldest || store_.ByWatch(wd) != kNoNode || MayStillBeFound(wd)) {
      ++held;
      continue;
    }
    stats_.held -= held->second.events.size();
    // The directory came and went while it was being looked at. Its parent reports that.
    const bool gone = (held->second.events.back().mask & IN_IGNORED) != 0;
    if (!gone && removing_.insert(wd).second) {
      sink_->RemoveWatch(wd);
      // A directory that an earlier watcher has watched and this one does not reach has left the
      // tree, or isn't selected any more.
      if (wd > options_.adopted) {
        stats_.unknown_descriptors++;
        OnOverflow("events came for an unknown directory");
      }
    }
    held = held_.erase(held);
  }
}

// Whether a look may still find the directory of an unknown descriptor. An earlier watcher's
// descriptor can send events long before a look reaches its directory, which may have been moved
// back into the tree. The descriptor is unused only when no look is under way.
bool Tree::MayStillBeFound(int32_t wd) const {
  return wd <= options_.adopted && !(jobs_.empty() && wanted_.empty());
}

// Follows a walk of known directories. Looks again, by name, at each one that the walk hasn't
// reached.
void Tree::Sweep(const ActiveJob& job, uint32_t epoch) {
  NodeId top = kRootNode;
  if (job.top.parent.id != kNoNode) {
    const NodeId parent = store_.Resolve(job.top.parent);
    top = parent == kNoNode ? kNoNode : store_.Child(parent, job.top.name);
  }
  if (top == kNoNode) return;
  std::vector<NodeId> below{top};
  if (top == kRootNode) {
    // A directory that has no place now may get one, and would bring along what was below it before
    // the loss.
    for (const Detached& entry : detached_) {
      if (const NodeId id = store_.Resolve(entry.node);
          id != kNoNode && store_[id].parent == kNoNode)
        below.push_back(id);
    }
  }
  while (!below.empty()) {
    const NodeId id = below.back();
    below.pop_back();
    if (store_[id].epoch == epoch) store_[id].outdated = false;
    for (NodeId child = store_[id].first_child; child != kNoNode; child = store_[child].next) {
      if (static_cast<int32_t>(store_[child].epoch - epoch) >= 0) {
        below.push_back(child);
        continue;
      }
      // The directory may be gone. If it is there, it was elsewhere when the walk came by, and so
      // was everything below it.
      store_[child].outdated = true;
      Want(id, store_[child].name, false);
    }
  }
}

// The node of a descriptor that has a place in the tree, else any node that has lost its place.
NodeId Tree::PlacedNode(int32_t wd) const {
  const NodeId head = store_.ByWatch(wd);
  for (NodeId id = head; id != kNoNode; id = store_[id].next_alias) {
    if (store_.IsRooted(id)) return id;
  }
  return head;
}

bool Tree::Recursing(uint64_t except) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [except](const auto& entry) {
    return entry.first != except && entry.second.recursed;
  });
}

bool Tree::IsOld(const Found& found, NodeId parent) const {
  if (found.job <= forgotten_) return true;
  if (touched_.empty()) return false;
  const auto touched = touched_.find(Key(static_cast<NodeId>(store_[parent].wd), found.name));
  return touched != touched_.end() && touched->second > found.serial;
}

void Tree::Touch(NodeId parent, const std::string& name) {
  const uint64_t serial = serial_.value.fetch_add(1) + 1;
  if (jobs_.empty()) return;
  touched_[Key(static_cast<NodeId>(store_[parent].wd), name)] = serial;
  if (touched_.size() > touched_limit_) ForgetTouched();
}

// Forgets old names. Otherwise names would pile up while looks follow each other without a break.
void Tree::ForgetTouched() {
  // The serial of a finding is not below the serial of its job.
  uint64_t oldest = Serial();
  for (const auto& [id, job] : jobs_) oldest = std::min(oldest, job.serial);
  for (auto touched = touched_.begin(); touched != touched_.end();) {
    if (touched->second <= oldest) touched = touched_.erase(touched);
    else ++touched;
  }
  touched_limit_ = std::min(options_.touched_max, std::max(kTouchedMin, touched_.size() * 2));
  if (touched_.size() <= options_.touched_max) return;
  touched_.clear();
  forgotten_ = last_job_;
  OnOverflow("too much has changed while directories were being looked at");
}

std::string Tree::Key(NodeId parent, std::string_view name) {
  std::string key(reinterpret_cast<const char*>(&parent), sizeof(parent));
  return key += name;
}

}  // namespace inotify_csync
