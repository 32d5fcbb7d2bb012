// Repairs the tree after a loss or a shortage, namely overflow, mounts, the watch limit and
// directories that can't be read.
#include <algorithm>
#include <cstring>

#include "tree/tree.h"

namespace inotify_csync {

namespace {

constexpr Millis kRetryAfter = 20;
constexpr int kRetries = 8;

// Whether `entry` exists and belongs to a node. The keys of the map begin with the node.
template <typename Map>
bool IsOf(typename Map::const_iterator entry, const Map& map, const std::string& node) {
  return entry != map.end() && entry->first.compare(0, node.size(), node) == 0;
}

}  // namespace

void Tree::OnOverflow(std::string_view reason) {
  stats_.overflows++;
  if (loss_.empty()) loss_ = reason;
}

// Walks everything again. Adding a watch is idempotent, because a watched inode answers with its
// present descriptor.
void Tree::Reconcile(Millis now) {
  if (loss_.empty() || reconcile_job_ != 0) return;
  if (jobs_.count(1) != 0)
    return;  // the first walk is still under way, it would do everything twice
  if (reconciled_at_ >= 0 && now < reconciled_at_ + reconcile_backoff_) return;
  const bool again = reconciled_at_ >= 0 &&
                     now < reconciled_at_ + 2 * std::max(reconcile_backoff_, options_.backoff_min);
  reconcile_backoff_ =
      again ? std::min(std::max(reconcile_backoff_ * 2, options_.backoff_min), options_.backoff_max)
            : options_.backoff_min;
  stats_.reconciles++;
  // The record is emitted when the walk is over. A full check that began before would miss changes
  // in directories that the walk has yet to watch.
  std::vector<Obligation> obligations{{RecordKind::kLoss, {}, "", std::move(loss_), true}};
  loss_.clear();
  reconcile_job_ = StartWalk(kNoNode, "", true, std::move(obligations));
  lost_epoch_ = static_cast<uint32_t>(reconcile_job_);
}

void Tree::OnMountsChanged(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path == "/") {
      OnOverflow("the root mount has changed");
      continue;
    }
    // Walk down to the directory that holds the mount point. Mount points outside the tree don't
    // matter.
    NodeId parent = kRootNode;
    size_t from = 1;
    for (size_t to = path.find('/', from); to != std::string::npos && parent != kNoNode;
         to = path.find('/', from)) {
      parent = store_.Child(parent, std::string_view(path).substr(from, to - from));
      from = to + 1;
    }
    if (parent == kNoNode) continue;
    const std::string name = path.substr(from);
    const bool known = store_.Child(parent, name) != kNoNode;
    if (!known && selection_.Enter(path, store_[parent].reach) == 0) continue;
    Touch(parent, name);
    StartWalk(
        parent, name, true,
        {{RecordKind::kLoss, store_.Ref(parent), name, "a mount has changed at " + path, true}});
  }
}

// Asks again, because the parent has been renamed or replaced and its events are still to come, or
// because something is short. Returns false if the question has been asked often enough.
bool Tree::RetryLater(const Found& found, NodeId parent, Millis now) {
  const std::string key = Key(parent, found.name);
  if (retries_.count(key) != 0) return true;
  const int attempts = ++attempts_[key];
  if (attempts > kRetries) {
    attempts_.erase(key);
    OnOverflow(found.status == LookStatus::kBusy
                   ? "too few file descriptors or too little memory to watch a directory"
                   : "a directory's path leads elsewhere");
    return false;
  }
  if (found.status == LookStatus::kParentLost && store_[parent].parent != kNoNode) {
    Want(store_[parent].parent, store_[parent].name, false);
  }
  AddRetry(parent, found.name, now + kRetryAfter * (Millis{1} << attempts));
  return true;
}

void Tree::AddRetry(NodeId parent, const std::string& name, Millis at) {
  std::string key = Key(parent, name);
  if (!retries_.emplace(key, Retry{{store_.Ref(parent), name}, at}).second) return;
  retry_times_.emplace(at, std::move(key));
}

void Tree::WantRetries(Millis now) {
  while (!retry_times_.empty() && retry_times_.begin()->first <= now) {
    const auto retry = retries_.find(retry_times_.begin()->second);
    retry_times_.erase(retry_times_.begin());
    const Place place = std::move(retry->second.place);
    retries_.erase(retry);
    if (store_.Resolve(place.parent) != kNoNode) Want(place.parent.id, place.name, true);
  }
}

// Asks again for a directory whose watch has been removed meanwhile. Another look makes another
// watch. If the look keeps finding the same watch, that watch was never removed.
void Tree::LookAgain(const Found& found, NodeId parent) {
  if (++attempts_[Key(parent, found.name)] <= kRetries) {
    Want(parent, found.name, true);
    return;
  }
  attempts_.erase(Key(parent, found.name));
  removing_.erase(found.wd);
  OnOverflow("a watch that was taken away has stayed");
}

void Tree::NoteUnwatched(const Found& found, NodeId parent) {
  if (unwatched_.emplace(Key(parent, found.name), Place{store_.Ref(parent), found.name}).second)
    unwatched_new_ = true;
}

void Tree::EmitLimit() {
  unwatched_new_ = false;
  Emit(RecordKind::kLoss, "the watch limit is reached: new directories are not watched");
}

void Tree::NoteDenied(const Found& found, NodeId parent) {
  if (!denied_.emplace(Key(parent, found.name), Place{store_.Ref(parent), found.name}).second)
    return;
  if (denied_new_++ > 0) return;
  store_.Path(parent, &denied_first_);
  if (denied_first_.size() > 1) denied_first_ += '/';
  denied_first_ += found.name;
  denied_first_ += ": ";
  denied_first_ += std::strerror(found.error);
}

bool Tree::IsSettled() const {
  return jobs_.empty() && wanted_.empty() && deferred_.empty() && retries_.empty() &&
         loss_.empty() && settle_.Deadline() < 0;
}

void Tree::Leave() {
  if (IsFirstWalk()) {
    Emit(RecordKind::kLoss, "watching ended before the first walk was over");
  } else if (!loss_.empty()) {
    Emit(RecordKind::kLoss, loss_);
  } else if (!IsSettled()) {
    Emit(RecordKind::kLoss, "watching ended while directories were still being looked at");
  }
  if (unwatched_new_) EmitLimit();
}

// Call when the place is watched or there is nothing to watch any more. Returns true if it couldn't
// be watched until now.
bool Tree::NoteWatched(NodeId parent, const std::string& name, Millis now) {
  if (!attempts_.empty()) attempts_.erase(Key(parent, name));
  const bool denied = !denied_.empty() && denied_.erase(Key(parent, name)) != 0;
  if (unwatched_.empty() || unwatched_.erase(Key(parent, name)) == 0) return denied;
  // There is room again, so continue with the others at once.
  limit_backoff_ = options_.backoff_min;
  limit_retry_at_ = unwatched_.empty() ? -1 : now;
  return true;
}

// Moves the open questions of one node to another node that is the same directory.
void Tree::MovePlaces(NodeId from, NodeId into) {
  if (const auto wanted = wanted_.find(from); wanted != wanted_.end()) {
    const auto names = std::move(wanted->second);
    for (const auto& [name, emit] : names) Want(into, name, emit);
  }
  const std::string prefix = Key(from, "");
  for (const auto* places : {&denied_, &unwatched_}) {
    for (auto place = places->lower_bound(prefix); IsOf(place, *places, prefix); ++place)
      Want(into, place->second.name, true);
  }
  std::vector<Retry> moved;
  for (auto retry = retries_.lower_bound(prefix); IsOf(retry, retries_, prefix); ++retry)
    moved.push_back(retry->second);
  ForgetPlaces(from);
  for (const Retry& retry : moved) AddRetry(into, retry.place.name, retry.at);
}

void Tree::ForgetPlaces(NodeId parent) {
  wanted_.erase(parent);
  const std::string prefix = Key(parent, "");
  // The next directory with this number must not inherit the retries of this one.
  for (auto retry = retries_.lower_bound(prefix); IsOf(retry, retries_, prefix);) {
    retry_times_.erase({retry->second.at, retry->first});
    retry = retries_.erase(retry);
  }
  for (auto attempt = attempts_.lower_bound(prefix); IsOf(attempt, attempts_, prefix);)
    attempt = attempts_.erase(attempt);
  for (auto* places : {&denied_, &unwatched_}) {
    for (auto place = places->lower_bound(prefix); IsOf(place, *places, prefix);)
      place = places->erase(place);
  }
}

}  // namespace inotify_csync
