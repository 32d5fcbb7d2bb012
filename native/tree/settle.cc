#include "tree/settle.h"

namespace inotify_csync {

void Settle::Add(NodeRef parent, const std::string& name, Millis now) {
  waiting_[Key(parent, name)] = ++serial_;
  order_.push_back({{parent, name}, now + window_, serial_});
}

void Settle::Cancel(NodeRef parent, const std::string& name) {
  if (waiting_.empty()) return;
  waiting_.erase(Key(parent, name));
  if (waiting_.empty()) order_.clear();
}

bool Settle::Waits(NodeRef parent, const std::string& name) const {
  return !waiting_.empty() && waiting_.count(Key(parent, name)) != 0;
}

std::vector<Place> Settle::Due(Millis now) {
  std::vector<Place> due;
  while (!order_.empty() && (order_.front().deadline <= now || !IsOpen(order_.front()))) {
    Entry& entry = order_.front();
    if (IsOpen(entry)) {
      waiting_.erase(Key(entry.place.parent, entry.place.name));
      due.push_back(std::move(entry.place));
    }
    order_.pop_front();
  }
  return due;
}

std::vector<Place> Settle::Fresh(size_t limit) {
  std::vector<Place> fresh;
  for (auto entry = order_.rbegin(); entry != order_.rend() && entry->serial > probed_; ++entry) {
    if (fresh.size() == limit) break;
    if (IsOpen(*entry)) fresh.push_back(entry->place);
  }
  probed_ = serial_;
  return fresh;
}

Millis Settle::Deadline() const { return order_.empty() ? -1 : order_.front().deadline; }

std::string Settle::Key(NodeRef parent, const std::string& name) {
  static_assert(sizeof(parent) == sizeof(parent.id) + sizeof(parent.generation),
                "no bytes between them");
  std::string key(reinterpret_cast<const char*>(&parent), sizeof(parent));
  return key += name;
}

bool Settle::IsOpen(const Entry& entry) const {
  const auto found = waiting_.find(Key(entry.place.parent, entry.place.name));
  return found != waiting_.end() && found->second == entry.serial;
}

}  // namespace inotify_csync
