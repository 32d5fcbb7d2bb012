#include "explorer.h"

#include <algorithm>
#include <unordered_map>

#include "tree_inspector.h"
#include "tree_world.h"

namespace inotify_csync::test {

namespace {

constexpr size_t kWrongMax = 3;

struct DigestHash {
  size_t operator()(const Digest& digest) const { return digest[0]; }
};

class Explorer {
 public:
  explicit Explorer(const Exploration& exploration) : exploration_(exploration) {}

  Explored Run() {
    TreeWorld world(exploration_.prepared);
    world.coarse = exploration_.coarse;
    if (!exploration_.walking) world.Quiesce();
    world.log.clear();
    Visit(world, exploration_.operations, std::max(0, exploration_.delays));
    return std::move(explored_);
  }

 private:
  void Visit(const TreeWorld& world, int left, int delays) {
    if (explored_.wrong.size() >= kWrongMax) return;
    Digest digest = Digested(Inspect(world));
    digest[1] += static_cast<uint64_t>(left);
    // This moment was met before with at least as many delays left, so nothing new can follow from
    // it.
    int8_t& before = met_[digest];
    if (before > delays) return;
    if (before == 0) explored_.states++;
    before = static_cast<int8_t>(delays + 1);
    const size_t steps = world.Steps();
    if (steps == 0) Verify(world);
    const size_t usual =
        exploration_.walkers_first && !world.kernel.queue.empty() && steps > 1 ? 1 : 0;
    for (size_t step = 0; step < steps; step++) {
      const int cost = exploration_.delays >= 0 && step != usual ? 1 : 0;
      if (cost > delays) continue;
      TreeWorld next(world);
      next.log.clear();
      next.Step(step);
      explored_.steps++;
      path_.push_back("step " + std::to_string(step));
      Visit(next, left, delays - cost);
      path_.pop_back();
    }
    if (left == 0) return;
    for (const Operation& operation : exploration_.alphabet) {
      TreeWorld next(world);
      if (!operation.run(next.kernel)) continue;
      explored_.steps++;
      path_.push_back(operation.text);
      Visit(next, left - 1, delays);
      path_.pop_back();
    }
  }

  void Verify(const TreeWorld& world) {
    explored_.endings++;
    TreeWorld last(world);
    last.Quiesce();
    const std::string wrong = last.Verify();
    if (wrong.empty()) return;
    std::string text;
    for (const std::string& step : path_) text += step + ", ";
    explored_.wrong.push_back(text + "then: " + wrong);
  }

  const Exploration& exploration_;
  Explored explored_;
  std::unordered_map<Digest, int8_t, DigestHash> met_;  // delays left + 1
  std::vector<std::string> path_;
};

}  // namespace

Explored Explore(const Exploration& exploration) { return Explorer(exploration).Run(); }

}  // namespace inotify_csync::test
