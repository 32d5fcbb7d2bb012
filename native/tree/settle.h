// Holds the names whose CREATE waits for the CLOSE_WRITE that most files get.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "tree/event.h"
#include "tree/node_store.h"

namespace inotify_csync {

namespace test {
struct TreeInspector;
}

struct Place {
  NodeRef parent;
  std::string name;
};

class Settle {
 public:
  explicit Settle(Millis window) : window_(window) {}

  void Add(NodeRef parent, const std::string& name, Millis now);
  // Forgets a name that has been reported or is gone.
  void Cancel(NodeRef parent, const std::string& name);
  bool Waits(NodeRef parent, const std::string& name) const;

  // Returns the names whose window has passed.
  std::vector<Place> Due(Millis now);
  // Returns at most `limit` names that were added since the last call and still wait. Their type
  // may show that no CLOSE_WRITE comes.
  std::vector<Place> Fresh(size_t limit);
  // When Due has something again, -1 if never.
  Millis Deadline() const;

 private:
  friend struct test::TreeInspector;
  struct Entry {
    Place place;
    Millis deadline;
    uint64_t serial;
  };
  static std::string Key(NodeRef parent, const std::string& name);
  bool IsOpen(const Entry& entry) const;

  Millis window_;
  uint64_t serial_ = 0;
  uint64_t probed_ = 0;
  std::deque<Entry> order_;
  std::unordered_map<std::string, uint64_t> waiting_;
};

}  // namespace inotify_csync
