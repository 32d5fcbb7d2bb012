#include "tree/node_store.h"

#include <functional>

namespace inotify_csync {

NodeStore::NodeStore() {
  nodes_.emplace_back();  // number 0 is none
  Create("");             // number 1 is "/"
}

NodeId NodeStore::Resolve(NodeRef ref) const {
  if (ref.id == kNoNode || ref.id >= nodes_.size()) return kNoNode;
  const Node& node = nodes_[ref.id];
  return node.live && node.generation == ref.generation ? ref.id : kNoNode;
}

NodeId NodeStore::Create(std::string_view name) {
  NodeId id;
  if (free_.empty()) {
    id = static_cast<NodeId>(nodes_.size());
    nodes_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  nodes_[id].live = true;
  nodes_[id].name = name;
  live_++;
  return id;
}

void NodeStore::Free(NodeId id) {
  ClearWatch(id);
  const uint32_t generation = nodes_[id].generation + 1;
  nodes_[id] = Node();
  nodes_[id].generation = generation;
  free_.push_back(id);
  live_--;
}

void NodeStore::Link(NodeId id, NodeId parent, std::string_view name) {
  Node& node = nodes_[id];
  if (node.name != name) node.name = name;
  node.parent = parent;
  node.previous = kNoNode;
  node.next = nodes_[parent].first_child;
  if (node.next != kNoNode) nodes_[node.next].previous = id;
  nodes_[parent].first_child = id;
  by_name_.Insert(HashName(parent, node.name), id);
}

void NodeStore::Unlink(NodeId id) {
  Node& node = nodes_[id];
  if (node.parent == kNoNode) return;
  by_name_.Erase(HashName(node.parent, node.name), id);
  if (node.previous != kNoNode) nodes_[node.previous].next = node.next;
  else nodes_[node.parent].first_child = node.next;
  if (node.next != kNoNode) nodes_[node.next].previous = node.previous;
  node.parent = node.next = node.previous = kNoNode;
}

NodeId NodeStore::Child(NodeId parent, std::string_view name) const {
  return by_name_.Find(HashName(parent, name), [&](NodeId id) {
    return nodes_[id].parent == parent && nodes_[id].name == name;
  });
}

void NodeStore::SetWatch(NodeId id, int32_t wd) {
  Node& node = nodes_[id];
  if (node.wd == wd) return;
  ClearWatch(id);
  if (wd == kNoWatch) return;
  const NodeId head = ByWatch(wd);
  node.wd = wd;
  if (head == kNoNode) {
    by_watch_.Insert(HashWatch(wd), id);
    watches_++;
  } else {
    node.next_alias = nodes_[head].next_alias;
    nodes_[head].next_alias = id;
  }
}

void NodeStore::ClearWatch(NodeId id) {
  Node& node = nodes_[id];
  if (node.wd == kNoWatch) return;
  const uint32_t hash = HashWatch(node.wd);
  const NodeId head = ByWatch(node.wd);
  if (head != id) {
    NodeId before = head;
    while (nodes_[before].next_alias != id) before = nodes_[before].next_alias;
    nodes_[before].next_alias = node.next_alias;
  } else if (node.next_alias != kNoNode) {
    by_watch_.Replace(hash, id, node.next_alias);
  } else {
    by_watch_.Erase(hash, id);
    watches_--;
  }
  node.wd = kNoWatch;
  node.next_alias = kNoNode;
}

NodeId NodeStore::ByWatch(int32_t wd) const {
  return by_watch_.Find(HashWatch(wd), [&](NodeId id) { return nodes_[id].wd == wd; });
}

bool NodeStore::IsWithin(NodeId id, NodeId ancestor) const {
  for (; id != kNoNode; id = nodes_[id].parent) {
    if (id == ancestor) return true;
  }
  return false;
}

bool NodeStore::IsRooted(NodeId id) const { return IsWithin(id, kRootNode); }

bool NodeStore::Path(NodeId id, std::string* path) const {
  path->clear();
  if (id == kRootNode) {
    *path = "/";
    return true;
  }
  size_t length = 0;
  NodeId top = id;
  for (; top != kNoNode && top != kRootNode; top = nodes_[top].parent)
    length += nodes_[top].name.size() + 1;
  if (top != kRootNode) return false;
  path->resize(length);
  for (; id != kRootNode; id = nodes_[id].parent) {
    const std::string& name = nodes_[id].name;
    length -= name.size();
    name.copy(path->data() + length, name.size());
    (*path)[--length] = '/';
  }
  return true;
}

size_t NodeStore::Bytes() const {
  return nodes_.size() * sizeof(Node) + by_name_.Bytes() + by_watch_.Bytes() +
         free_.capacity() * sizeof(NodeId);
}

uint32_t NodeStore::HashName(NodeId parent, std::string_view name) {
  const size_t hash = std::hash<std::string_view>()(name) ^ (parent * 0x9e3779b97f4a7c15ULL);
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

uint32_t NodeStore::HashWatch(int32_t wd) { return static_cast<uint32_t>(wd) * 2654435769U; }

}  // namespace inotify_csync
