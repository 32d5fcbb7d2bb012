// The tree with a model kernel, model walkers and a shadow copy that only the tree's records feed.
// Every system call of a walker, every event and every finding is a separate step, so that a test
// decides the order of everything.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tree/tree.h"
#include "kernel_model.h"

namespace inotify_csync::test {

class TreeWorld : private TreeSink {
 public:
  // `prepared`: directories that exist before the watcher starts.
  // `options`: limits of the tree that are not the usual ones.
  explicit TreeWorld(const std::vector<std::string>& prepared, TreeOptions options = {});
  // Copies a world, to continue from the same moment in another way.
  TreeWorld(const TreeWorld& other);
  TreeWorld& operator=(const TreeWorld&) = delete;

  KernelModel kernel;

  // The number of steps that can be taken now. Step(n) takes the n-th.
  size_t Steps() const;
  void Step(size_t which);
  void AdvanceTime(Millis duration);
  // Ends the watcher as Watcher::Detach does, in the order that `pick` decides, and starts a new
  // one on the same instance.
  void Restart(const std::function<size_t(size_t)>& pick);
  // Runs until there is nothing left to do and all deadlines have passed.
  void Quiesce();

  // Returns what is wrong, or an empty text. Tree, watches and shadow must equal the file system.
  // `lawful` requires that the tree knows every watch. After events that no kernel sends, an
  // unknown watch may remain until its next event.
  std::string Verify(bool lawful = true);
  // The paths at which the tree expects the kernel's watches; "?" for a watch that the tree doesn't
  // know.
  std::vector<std::string> Watched() const;
  const Tree& tree() const { return *tree_; }
  size_t losses = 0;
  std::vector<std::string> log;  // records as they came
  bool verbose = false;          // log events and findings, too
  // A look's system calls, up to its finding, are one step. That gives fewer orders, for longer
  // rows of operations.
  bool coarse = false;

 private:
  friend struct TreeInspector;
  struct Look {
    std::shared_ptr<Job> job;
    std::shared_ptr<size_t> open;         // looks of the job whose finding hasn't been delivered
    std::shared_ptr<NodeRef> parent_node; // the tree's node of the parent, once delivered
    Inode parent = kNoInode;              // open descriptor of the parent
    std::string name;
    std::string path;
    Reach reach = 0;
    int ticket = -1;
    int stage = 0;
    uint64_t serial = 0;
    Inode opened = kNoInode;
    Found found;
    std::shared_ptr<NodeRef> node = std::make_shared<NodeRef>();
    std::shared_ptr<Look> after;          // delivered before this one
    bool delivered = false;
  };

  void Emit(RecordKind kind, std::string_view text) override;
  void StartJob(Job job) override;
  void RemoveWatch(int32_t wd) override { kernel.RemoveWatch(wd); }
  bool AwaitsClose(const std::string&) override { return true; }
  void FirstWalkDone(uint64_t) override;

  void Advance(const std::shared_ptr<Look>& look);
  void Deliver(const std::shared_ptr<Look>& look);
  bool CanAdvance(const Look& look) const;
  void AfterInput();
  void Begin(int32_t adopted);
  void Copy(const std::string& path, bool recursive);
  void CopyMode(const std::string& path);
  void CopyAll();

  std::shared_ptr<const Selection> selection_;
  TreeOptions options_;
  std::unique_ptr<Tree> tree_;
  Millis now_ = 1000;
  bool restarted_ = false;
  bool told_loss_ = false;  // a loss was told at the end of a watcher
  std::vector<std::shared_ptr<Look>> looks_;
  struct Copied {
    int version = 0;  // -1: directory
    int mode = 0;
  };
  std::map<std::string, Copied> shadow_;  // by path
};

}  // namespace inotify_csync::test
