// Loss and shortage: overflow, mounts, watch limit, directories that can't be read.
#include <algorithm>
#include <cstring>

#include "tree/tree.h"

namespace inotify_csync {

namespace {

constexpr Millis kRetryAfter = 20;
constexpr int kRetries = 8;

// Whether an entry of a map, whose keys begin with a node, is there and of that node.
template <typename Map>
bool IsOf(typename Map::const_iterator entry, const Map& map, const std::string& node) {
  return entry != map.end() && entry->first.compare(0, node.size(), node) == 0;
}

}  // namespace

void Tree::OnOverflow(std::string_view reason) {
  stats_.overflows++;
  if (loss_.empty()) loss_ = reason;
}

// Walks everything again. All adds are idempotent: a watched inode answers with the descriptor that
// it has.
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
  // The record is emitted when the walk is over: a full check that began before would miss what the
  // walk has yet to watch.
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
    // Down to the directory that holds the mount point; what isn't in the tree doesn't concern us.
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

// The parent has been renamed or replaced and its events are still to come, or something is short:
// ask again. False: it has been asked often enough.
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

// What was found has been taken away by then; another look makes another watch. If it doesn't,
// again and again, then the watch has never gone.
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

// The place is watched, or there is nothing to watch any more. True: until now it couldn't be
// watched.
bool Tree::NoteWatched(NodeId parent, const std::string& name, Millis now) {
  if (!attempts_.empty()) attempts_.erase(Key(parent, name));
  const bool denied = !denied_.empty() && denied_.erase(Key(parent, name)) != 0;
  if (unwatched_.empty() || unwatched_.erase(Key(parent, name)) == 0) return denied;
  // There is room again: on with the others at once.
  limit_backoff_ = options_.backoff_min;
  limit_retry_at_ = unwatched_.empty() ? -1 : now;
  return true;
}

// What was to be asked of one node is asked of another that is the same directory.
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
  // The next directory of this number must not find its own question asked already, and often.
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
