// The watcher's state machine. Kernel events and walkers' findings go in, records and requests come
// out. It has no I/O, no clock and no thread. Its owner calls it from one thread and passes the
// time.
//
// Every change of the tree rests on a look, which opens a directory relative to its watched parent
// and identifies it by the descriptor that inotify_add_watch(2) returns for its inode. Events only
// say where to look. The descriptor of an inode stays the same wherever the directory is moved, so
// a known descriptor in a new place shows a rename, without cookies.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tree/event.h"
#include "tree/look.h"
#include "tree/node_store.h"
#include "tree/selection.h"
#include "tree/settle.h"

namespace inotify_csync {

namespace test {
struct TreeInspector;
}

struct TreeOptions {
  uint32_t file_mask = 0;  // which events of non-directories become records
  Millis settle = 50;      // how long a CREATE waits for its CLOSE_WRITE
  Millis grace = 500;      // how long a directory that left its place keeps its watches
  Millis backoff_min = 1000;  // between two repairs of the whole tree, doubling
  Millis backoff_max = 60000;
  size_t held_max = 1 << 20;  // events kept for descriptors that are not known yet
  size_t touched_max =
      1 << 20;  // names of which the last event is remembered while looks are under way
  size_t deepest = kDeepestPath;  // bytes of the longest path of a directory that is entered
  // The highest descriptor that an earlier watcher of the same inotify instance has made; 0 if
  // there was none.
  int32_t adopted = 0;
};

struct TreeStats {
  uint64_t events = 0;
  uint64_t records = 0;
  uint64_t overflows = 0;
  uint64_t unknown_descriptors = 0;
  uint64_t reconciles = 0;
  uint64_t looks = 0;
  size_t held = 0;
  size_t denied = 0;
  size_t unwatched = 0;
  size_t detached = 0;
};

// Receives the tree's output.
class TreeSink {
 public:
  virtual ~TreeSink() = default;
  virtual void Emit(RecordKind kind, std::string_view text) = 0;
  virtual void StartJob(Job job) = 0;
  virtual void RemoveWatch(int32_t wd) = 0;
  // Whether a CLOSE_WRITE can be expected for this path, which must be a regular file with one
  // name. Only this question needs the file system. A wrong answer costs only time or a second
  // look.
  virtual bool AwaitsClose(const std::string& path) = 0;
  // The first walk is over. `beyond_limit` counts the directories that could not be watched.
  virtual void FirstWalkDone(uint64_t beyond_limit) = 0;
};

class Tree {
 public:
  Tree(const Selection& selection, TreeOptions options, TreeSink* sink);
  // Continues from the state of `other`, independent of it. A model checker tries several ways from
  // one state.
  Tree(const Tree& other, TreeSink* sink) : Tree(other) { sink_ = sink; }

  // Asks for the first walk from "/". `loss` is a loss that is reported when the walk is over;
  // empty if there is none.
  void Start(std::string loss = {});

  void OnEvent(const Event& event, Millis now);
  // Returns the node for the finding. It is the parent of the directories found below it.
  NodeRef OnFound(const Found& found, Millis now);
  // Passes in a watch that a walker put on an inode that turned out to be a wrong one.
  void OnStrayWatch(int32_t wd);
  void OnJobDone(uint64_t job, uint64_t beyond_limit, Millis now);
  // Events were lost before they reached the tree (IN_Q_OVERFLOW comes as an event).
  void OnOverflow(std::string_view reason);
  // Mounts have appeared or vanished at these paths.
  void OnMountsChanged(const std::vector<std::string>& paths);

  // Does the work that is due. Call when all events read so far have been passed in, then call
  // Flush.
  void Tick(Millis now);
  // Starts the looks that the events have asked for.
  void Flush(Millis now);
  // When Tick has something to do; -1 if not before the next input.
  Millis Deadline() const;

  // Whether a successor that continues with the unread events would miss nothing, because no record
  // waits and no look is under way.
  bool IsSettled() const;
  // Whether every selected directory is watched, so that events report all changes.
  bool IsWhole() const { return denied_.empty() && unwatched_.empty(); }
  bool IsFirstWalk() const { return jobs_.count(1) != 0; }
  // Emits outstanding records, and reports unfinished looks as a loss. Call last.
  void Leave();

  // Grows with every event that moves a directory. Walkers read it when they begin a look. A
  // finding is old if an event was processed after that. Safe to read from any thread.
  const std::atomic<uint64_t>& Serial() const { return serial_.value; }

  const NodeStore& store() const { return store_; }
  TreeStats Stats() const;

 private:
  friend struct test::TreeInspector;
  Tree(const Tree&) = default;

  struct Clock {
    std::atomic<uint64_t> value{1};
    Clock() = default;
    Clock(const Clock& other) : value(other.value.load()) {}
  };
  struct Obligation {
    RecordKind kind = RecordKind::kTree;
    NodeRef parent;
    std::string name;
    std::string text;
    bool open = false;
  };
  struct ActiveJob {
    bool recursed = false;
    bool first = false;
    bool sweep = false;  // afterwards, look at what the walk has not reached
    Place top;           // where the sweep begins; no parent: "/"
    uint64_t shape = 0;
    uint64_t serial = 0;  // when it began
    std::vector<Obligation> obligations;  // by ticket
  };
  struct Detached {
    NodeRef node;
    Millis deadline;
    int delays;
  };
  struct Retry {
    Place place;
    Millis at;
  };

  // tree.cc: events
  void Apply(NodeId id, const Event& event, Millis now);
  void ApplyDirectory(NodeId id, const Event& event, const std::string& path, Millis now);
  void ApplyFile(NodeId id, const Event& event, const std::string& path, Millis now);
  void Hold(const Event& event);
  void Replay(int32_t wd, Millis now);
  void ReplayBelow(NodeId id, Millis now);
  void Ignored(int32_t wd, Millis now);
  void Emit(RecordKind kind, std::string_view text);
  bool DirectoryPath(NodeId id, const std::string** path);

  // tree_shape.cc: nodes change place
  NodeId Attach(const Found& found, NodeId parent, bool* fresh, bool* outdated, Millis now);
  void Relink(NodeId id, NodeId parent, const std::string& name);
  bool UpdateReach(NodeId id, const std::string& path, bool deep, Millis now);
  void Detach(NodeId id, Millis now);
  void Prune(NodeId id, Millis now);
  void Merge(NodeId from, NodeId into, Millis now);
  void Adopt(NodeId child, NodeId parent, const std::string& name, bool vacant, Millis now);
  void MergeStrays(NodeId into, Millis now);
  void Drop(NodeId id, Millis now);
  void ExpireDetached(Millis now);

  // tree_found.cc: what looks have found
  Obligation* ObligationOf(const Found& found);
  void OnNotFound(const Found& found, NodeId parent, Millis now);
  bool IsTooDeep(NodeId parent, const std::string& name) const;

  // tree_looks.cc: looks and walks
  void Want(NodeId parent, const std::string& name, bool emit);
  uint64_t StartWalk(NodeId parent, const std::string& name, bool sweep,
                     std::vector<Obligation> obligations);
  ActiveJob& Register(Job* job);
  void ForgetRemoved();
  void Discharge(const Obligation& obligation);
  void ResolveHeld(Millis now);
  bool MayStillBeFound(int32_t wd) const;
  void Sweep(const ActiveJob& job, uint32_t epoch);
  NodeId PlacedNode(int32_t wd) const;
  bool Recursing(uint64_t except) const;
  bool IsOld(const Found& found, NodeId parent) const;
  void Touch(NodeId parent, const std::string& name);
  void ForgetTouched();

  // tree_repair.cc: loss and shortage
  void Reconcile(Millis now);
  bool RetryLater(const Found& found, NodeId parent, Millis now);
  void AddRetry(NodeId parent, const std::string& name, Millis at);
  void WantRetries(Millis now);
  void LookAgain(const Found& found, NodeId parent);
  void NoteUnwatched(const Found& found, NodeId parent);
  void EmitLimit();
  void NoteDenied(const Found& found, NodeId parent);
  bool NoteWatched(NodeId parent, const std::string& name, Millis now);
  void MovePlaces(NodeId from, NodeId into);
  void ForgetPlaces(NodeId parent);

  static std::string Key(NodeId parent, std::string_view name);

  const Selection& selection_;
  const TreeOptions options_;
  TreeSink* sink_;
  NodeStore store_;
  Settle settle_;
  TreeStats stats_;
  Clock serial_;
  std::unordered_map<std::string, uint64_t>
      touched_;  // (wd, name) -> serial of the last event there, while jobs run
  size_t touched_limit_ = 0;                           // at which old ones are forgotten
  uint64_t forgotten_ = 0;  // for looks up to this job it is unknown which are old
  uint64_t shape_ = 1;                                 // grows when a node changes place

  std::map<uint64_t, ActiveJob> jobs_;
  uint64_t last_job_ = 0;
  int32_t high_water_ = 0;
  std::map<NodeId, std::map<std::string, bool>>
      wanted_;  // parent -> name -> whether a record is outstanding
  std::deque<std::pair<uint64_t, Obligation>>
      deferred_;  // emitted when all jobs up to that one are done

  std::deque<Detached> detached_;
  std::unordered_set<int32_t> removing_;  // removed by us: dead, even if events still use them
  std::deque<std::pair<uint64_t, int32_t>>
      removed_;  // IGNORED seen: to be forgotten when all jobs up to this are done
  std::vector<int32_t> stray_;
  struct HeldEvents {
    uint64_t
        job;  // unknown, if all jobs up to this one are done and no finding has had the descriptor
    std::vector<Event> events;
  };
  std::unordered_map<int32_t, HeldEvents> held_;

  // Ordered by Key, so that the retries of one directory are together. There may be as many as
  // directories.
  std::map<std::string, Retry> retries_;
  std::set<std::pair<Millis, std::string>> retry_times_;
  std::map<std::string, int> attempts_;
  std::map<std::string, Place> denied_;
  std::map<std::string, Place> unwatched_;
  std::string denied_first_;
  size_t denied_new_ = 0;
  bool unwatched_new_ = false;
  Millis limit_backoff_ = 0;
  Millis limit_retry_at_ = -1;
  std::string loss_;       // why the whole tree must be walked again; empty: it need not
  Millis reconcile_backoff_ = 0;
  Millis reconciled_at_ = -1;
  uint64_t reconcile_job_ = 0;
  uint32_t lost_epoch_ = 0;  // the last walk of everything after a loss

  NodeId cached_node_ = kNoNode;
  uint64_t cached_shape_ = 0;
  std::string cached_path_;
};

}  // namespace inotify_csync
