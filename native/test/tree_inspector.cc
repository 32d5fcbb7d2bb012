#include "tree_inspector.h"

#include <algorithm>
#include <cstring>

namespace inotify_csync::test {

struct TreeInspector {
  const TreeWorld& world;
  const Tree& tree = *world.tree_;
  const KernelModel& kernel = world.kernel;
  std::string text;

  std::vector<int32_t> descriptors;          // all descriptors that the world may still meet
  std::vector<uint64_t> touches;             // times of events that make a look under way old
  std::vector<int> versions;
  std::vector<NodeId> nodes;                 // place in this list: the node's new number
  std::vector<Inode> inodes;

  explicit TreeInspector(const TreeWorld& inspected) : world(inspected) { text.reserve(2048); }

  template <typename Value>
  static size_t Rank(const std::vector<Value>& sorted, Value value) {
    return static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), value) -
                               sorted.begin());
  }
  template <typename Value>
  static void Sort(std::vector<Value>* values) {
    std::sort(values->begin(), values->end());
    values->erase(std::unique(values->begin(), values->end()), values->end());
  }

  void Put(int64_t number) {
    char digits[24];
    char* at = digits + sizeof(digits);
    uint64_t left = number < 0 ? static_cast<uint64_t>(-number) : static_cast<uint64_t>(number);
    *--at = ' ';
    do *--at = static_cast<char>('0' + left % 10);
    while ((left /= 10) != 0);
    if (number < 0) *--at = '-';
    text.append(at, static_cast<size_t>(digits + sizeof(digits) - at));
  }
  void Put(const std::string& name) {
    text += name;
    text += ' ';
  }
  void Section(char name) {
    text += '\n';
    text += name;
    text += ' ';
  }

  void PutWatch(int32_t wd) { Put(wd < 0 ? -1 : static_cast<int64_t>(Rank(descriptors, wd))); }
  // Writes a mark between descriptors as the number of descriptors below it.
  void PutMark(int32_t wd) { Put(static_cast<int64_t>(Rank(descriptors, wd + 1))); }
  void PutNode(NodeId id) {
    const auto found = std::find(nodes.begin(), nodes.end(), id);
    Put(id == kNoNode || found == nodes.end() ? -1 : found - nodes.begin());
  }
  void PutNode(NodeRef ref) { PutNode(tree.store().Resolve(ref)); }
  void PutInode(Inode inode) {
    const auto found = std::find(inodes.begin(), inodes.end(), inode);
    Put(found == inodes.end() ? -1 : found - inodes.begin());
  }
  // Writes a job's number as the number of running jobs that are not younger.
  void PutJob(uint64_t job) {
    int64_t count = 0;
    for (const auto& [id, active] : tree.jobs_) count += id <= job;
    Put(count);
  }
  void PutTime(Millis at) { Put(at < 0 ? -1 : at - world.now_ + 1000000); }
  void PutEvent(const Event& event) {
    PutWatch(event.wd);
    Put(event.mask);
    Put(event.name);
  }
  void PutPlace(const Place& place) {
    PutNode(place.parent);
    Put(place.name);
  }
  // The node of a key made by Tree::Key or Settle::Key; none if the node is gone.
  NodeId KeyNode(const std::string& key) const {
    NodeId id;
    std::memcpy(&id, key.data(), sizeof(id));
    return id;
  }
  bool IsLive(NodeId id) const { return std::find(nodes.begin(), nodes.end(), id) != nodes.end(); }

  void Gather() {
    const NodeStore& store = tree.store();
    for (NodeId id = 1; id <= store.capacity(); id++) {
      if (store[id].live && store[id].wd >= 0) descriptors.push_back(store[id].wd);
    }
    std::vector<int32_t> known = descriptors;
    Sort(&known);
    for (const auto& [inode, wd] : kernel.watches()) descriptors.push_back(wd);
    for (const Event& event : kernel.queue) descriptors.push_back(event.wd);
    for (const int32_t wd : tree.removing_) descriptors.push_back(wd);
    for (const int32_t wd : tree.stray_) descriptors.push_back(wd);
    for (const auto& [wd, held] : tree.held_) descriptors.push_back(wd);
    uint64_t oldest = UINT64_MAX;
    for (const auto& look : world.looks_) {
      descriptors.push_back(look->found.wd);
      descriptors.push_back(look->job->parent_wd);
      if (look->after) descriptors.push_back(look->after->found.wd);
      if (look->stage != 0 && look->stage != 2) oldest = std::min(oldest, look->serial);
    }
    for (const auto& [key, serial] : tree.touched_) {
      if (serial > oldest &&
          std::binary_search(known.begin(), known.end(), static_cast<int32_t>(KeyNode(key)))) {
        touches.push_back(serial);
      }
    }
    for (const auto& [path, copied] : world.shadow_) {
      versions.push_back(copied.version);
      versions.push_back(copied.mode);
    }
    GatherFiles(kTop);
    Sort(&descriptors);
    if (!descriptors.empty() && descriptors.front() < 0) descriptors.erase(descriptors.begin());
    Sort(&touches);
    Sort(&versions);
    GatherNodes(kRootNode);
    for (const auto& entry : tree.detached_) {
      const NodeId id = store.Resolve(entry.node);
      if (id != kNoNode && store[id].parent == kNoNode) GatherNodes(id);
    }
    for (NodeId id = 1; id <= store.capacity(); id++) {
      if (store[id].live && !IsLive(id)) nodes.push_back(id);
    }
  }
  void GatherFiles(Inode inode) {
    inodes.push_back(inode);
    const File& file = kernel.At(inode);
    versions.push_back(file.version);
    versions.push_back(file.mode);
    for (const auto& [name, below] : file.entries) GatherFiles(below);
  }
  void GatherNodes(NodeId id) {
    if (IsLive(id)) return;
    nodes.push_back(id);
    std::vector<std::pair<std::string, NodeId>> children;
    for (NodeId child = tree.store()[id].first_child; child != kNoNode;
         child = tree.store()[child].next) {
      children.emplace_back(tree.store()[child].name, child);
    }
    std::sort(children.begin(), children.end());
    for (const auto& [name, child] : children) GatherNodes(child);
  }

  void PutKernel() {
    Section('k');
    for (const Inode inode : inodes) {
      const File& file = kernel.At(inode);
      Put(static_cast<int64_t>(Rank(versions, file.version)) * 2 + file.directory);
      Put(static_cast<int64_t>(Rank(versions, file.mode)));
      const auto watch = kernel.watches().find(inode);
      PutWatch(watch == kernel.watches().end() ? -1 : watch->second);
      for (const auto& [name, below] : file.entries) Put(name);
      text += ';';
    }
    Section('q');
    for (const Event& event : kernel.queue) PutEvent(event);
    Section('s');
    for (const auto& [path, copied] : world.shadow_) {
      Put(path);
      Put(copied.version < 0 ? -1 : static_cast<int64_t>(Rank(versions, copied.version)));
      Put(static_cast<int64_t>(Rank(versions, copied.mode)));
    }
  }

  void PutNodes() {
    const NodeStore& store = tree.store();
    Section('n');
    for (const NodeId id : nodes) {
      const Node& node = store[id];
      PutNode(node.parent);
      Put(node.name);
      PutWatch(node.wd);
      Put(node.reach * 32 + node.clipped * 16U + node.listed * 8U + node.full * 4U +
          node.deleted * 2U + (node.epoch < tree.lost_epoch_));
      PutJob(node.epoch);
      Put(node.outdated);
      if (node.next_alias != kNoNode || (node.wd >= 0 && store.ByWatch(node.wd) != id)) {
        for (NodeId alias = store.ByWatch(node.wd); alias != kNoNode;
             alias = store[alias].next_alias)
          PutNode(alias);
      }
      text += ';';
    }
    Section('d');
    for (const auto& entry : tree.detached_) {
      if (store.Resolve(entry.node) == kNoNode) continue;
      PutNode(entry.node);
      PutTime(entry.deadline);
      Put(entry.delays);
    }
  }

  void PutObligation(const Tree::Obligation& obligation) {
    Put(obligation.open);
    if (!obligation.open) return;
    Put(static_cast<int64_t>(obligation.kind));
    PutNode(obligation.parent);
    Put(obligation.name);
    Put(obligation.text);
  }

  void PutTree() {
    Section('j');
    for (const auto& [id, job] : tree.jobs_) {
      Put(job.recursed * 8 + job.first * 4 + job.sweep * 2 + (job.shape == tree.shape_));
      if (job.sweep) PutPlace(job.top);
      for (const auto& obligation : job.obligations) PutObligation(obligation);
      text += ';';
    }
    PutMark(tree.high_water_);
    if (tree.reconcile_job_ != 0) PutJob(tree.reconcile_job_);
    if (tree.lost_epoch_ != 0) PutJob(tree.lost_epoch_ - 1);
    Section('o');
    for (const auto& [job, obligation] : tree.deferred_) {
      PutJob(job);
      PutObligation(obligation);
    }
    Section('r');
    std::vector<int32_t> removing(tree.removing_.begin(), tree.removing_.end());
    Sort(&removing);
    for (const int32_t wd : removing) PutWatch(wd);
    text += ';';
    for (const auto& [job, wd] : tree.removed_) {
      PutJob(job);
      PutWatch(wd);
    }
    text += ';';
    for (const int32_t wd : tree.stray_) PutWatch(wd);
    Section('h');
    const std::map<int32_t, Tree::HeldEvents> held(tree.held_.begin(), tree.held_.end());
    for (const auto& [wd, waiting] : held) {
      PutJob(waiting.job);
      for (const Event& event : waiting.events) PutEvent(event);
      text += ';';
    }
    Section('t');
    const std::map<std::string, uint64_t> touched(tree.touched_.begin(), tree.touched_.end());
    for (const auto& [key, serial] : touched) {
      if (!std::binary_search(touches.begin(), touches.end(), serial)) continue;
      PutWatch(static_cast<int32_t>(KeyNode(key)));
      Put(key.substr(sizeof(NodeId)));
      Put(static_cast<int64_t>(Rank(touches, serial)));
    }
    Section('l');
    Put(tree.loss_);
    if (!tree.loss_.empty() || tree.reconcile_job_ != 0 || tree.reconciled_at_ >= 0) {
      Put(tree.reconcile_backoff_);
      PutTime(tree.reconciled_at_);
    }
    for (const auto& [key, retry] : tree.retries_) {
      PutPlace(retry.place);
      PutTime(retry.at);
    }
    for (const auto& [key, count] : tree.attempts_) {
      if (!IsLive(KeyNode(key))) continue;
      PutNode(KeyNode(key));
      Put(key.substr(sizeof(NodeId)));
      Put(count);
    }
    Section('w');
    for (const auto& entry : tree.settle_.order_) {
      if (!tree.settle_.IsOpen(entry)) continue;
      PutPlace(entry.place);
      PutTime(entry.deadline);
    }
  }

  void PutLooks() {
    Section('f');
    const std::string before = std::move(text);
    std::vector<std::string> looks;
    for (const auto& look : world.looks_) {
      text.clear();
      const Job& job = *look->job;
      PutJob(job.id);
      PutNode(job.parent);
      PutWatch(job.parent_wd);
      PutMark(job.high_water);
      Put(job.parent_path);
      Put(job.deep);
      Put(look->ticket);
      Put(look->path);
      Put(look->stage);
      if (look->stage != 0 && look->stage != 2)
        Put(static_cast<int64_t>(Rank(touches, look->serial + 1)));
      PutInode(look->parent);
      if (look->stage > 2) PutInode(look->opened);
      Put(static_cast<int64_t>(look->found.status));
      PutWatch(look->found.wd);
      Put(look->found.recursed);
      if (!look->after || look->after->delivered) {
        PutNode(*look->parent_node);
        PutWatch(look->after ? look->after->found.wd : -1);
      } else {
        Put(look->after->path);
      }
      looks.push_back(text);
    }
    text = before;
    std::sort(looks.begin(), looks.end());
    for (const std::string& look : looks) {
      text += look;
      text += ';';
    }
  }

  // Tree::DirectoryPath must remember what it would find. Otherwise two moments with one text may
  // differ.
  void CheckCache() {
    std::string path;
    if (tree.cached_node_ == kNoNode || tree.cached_shape_ != tree.shape_ ||
        !tree.store()[tree.cached_node_].live)
      return;
    if (!tree.store().Path(tree.cached_node_, &path) || path != tree.cached_path_)
      text += "STALE PATH";
  }
};

std::string Inspect(const TreeWorld& world) {
  TreeInspector inspector(world);
  inspector.Gather();
  inspector.PutKernel();
  inspector.PutNodes();
  inspector.PutTree();
  inspector.PutLooks();
  inspector.CheckCache();
  return std::move(inspector.text);
}

Digest Digested(const std::string& text) {
  Digest digest{0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f};
  for (size_t at = 0; at < text.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, std::min(sizeof(word), text.size() - at));
    digest[0] = (digest[0] ^ word) * 0xff51afd7ed558ccd;
    digest[0] ^= digest[0] >> 32;
    digest[1] = ((digest[1] << 23 | digest[1] >> 41) + word) * 0xc4ceb9fe1a85ec53;
    digest[1] ^= digest[1] >> 29;
  }
  return digest;
}

}  // namespace inotify_csync::test
