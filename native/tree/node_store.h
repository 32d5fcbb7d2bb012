// Stores the directories as a tree of nodes. Paths are never stored. A node knows its parent and
// its own name, so that a rename changes one link, regardless of what lies below.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tree/flat_index.h"
#include "tree/selection.h"

namespace inotify_csync {

using NodeId = uint32_t;
constexpr NodeId kNoNode = 0;
constexpr NodeId kRootNode = 1;  // the directory "/"
constexpr int32_t kNoWatch = -1;
// Bytes of the longest path of a directory that is entered. csync2 can't handle entries of deeper
// directories because it gives whole paths to the kernel (PATH_MAX), and needs room for `/.` and
// `.XXXXXX` of a temporary file. A user may make directories a million levels deep, and all their
// paths together would fill any memory.
constexpr size_t kDeepestPath = 4087;

// A node number that notices when the number has been reused for another node.
struct NodeRef {
  NodeId id = kNoNode;
  uint32_t generation = 0;
};

struct Node {
  NodeId parent = kNoNode;  // none: the root, or the top of a detached subtree
  NodeId first_child = kNoNode;
  NodeId next = kNoNode;
  NodeId previous = kNoNode;
  NodeId next_alias = kNoNode;  // another node with the same descriptor (bind mounts)
  int32_t wd = kNoWatch;
  Reach reach = 0;
  uint32_t generation = 0;
  uint32_t epoch =
      0;  // the last walk with a sweep that has come by it, or the look that has found it first
  bool live = false;
  bool listed = false;  // its subdirectories have been looked at, or are being looked at
  bool full = true;     // its watch reports files, too
  bool clipped = false;  // there may be directories in it whose path is longer than kDeepestPath
  bool outdated = false;  // was out of its place when all else was walked after a loss, and has not
                          // been swept since
  bool deleted = false;  // DELETE_SELF or UNMOUNT seen: IGNORED is expected
  std::string name;
};

class NodeStore {
 public:
  NodeStore();

  Node& operator[](NodeId id) { return nodes_[id]; }
  const Node& operator[](NodeId id) const { return nodes_[id]; }

  NodeRef Ref(NodeId id) const { return {id, nodes_[id].generation}; }
  // The node, or none if it has been freed.
  NodeId Resolve(NodeRef ref) const;

  // Makes a node without a parent.
  NodeId Create(std::string_view name);
  // Forgets a node that has no children and no parent.
  void Free(NodeId id);

  void Link(NodeId id, NodeId parent, std::string_view name);
  void Unlink(NodeId id);
  NodeId Child(NodeId parent, std::string_view name) const;

  void SetWatch(NodeId id, int32_t wd);
  void ClearWatch(NodeId id);
  // The first of the nodes with this descriptor. The others follow by next_alias.
  NodeId ByWatch(int32_t wd) const;

  bool IsWithin(NodeId id, NodeId ancestor) const;
  // Whether the chain of parents ends at "/".
  bool IsRooted(NodeId id) const;
  // The path, "/" for the root; false for a detached node.
  bool Path(NodeId id, std::string* path) const;

  // The highest node number. Lower ones may be free.
  NodeId capacity() const { return static_cast<NodeId>(nodes_.size() - 1); }
  size_t nodes() const { return live_; }
  size_t watches() const { return watches_; }
  size_t Bytes() const;

 private:
  static uint32_t HashName(NodeId parent, std::string_view name);
  static uint32_t HashWatch(int32_t wd);

  std::deque<Node> nodes_;
  std::vector<NodeId> free_;
  FlatIndex by_name_;
  FlatIndex by_watch_;
  size_t live_ = 0;
  size_t watches_ = 0;
};

}  // namespace inotify_csync
