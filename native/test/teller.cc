#include "teller.h"

#include <cstdio>
#include <random>

#include "tree_world.h"

namespace inotify_csync::test {

namespace {

// Returns false if one of the operations could not be done, which makes the row another one.
bool Tell(const std::vector<std::string>& prepared, const std::vector<const Operation*>& row,
          uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto pick = [&random](size_t count) { return static_cast<size_t>(random() % count); };
  TreeWorld world(prepared);
  if (pick(4) != 0) world.Quiesce();
  const size_t haste = 1 + pick(8);
  for (size_t next = 0; next < row.size();) {
    if (world.Steps() == 0 || pick(haste) == 0) {
      if (!row[next]->run(world.kernel)) return false;
      world.log.push_back("  " + row[next++]->text);
    } else if (pick(40) == 0) {
      world.AdvanceTime(static_cast<Millis>(pick(2) == 0 ? 60 : 600));
    } else {
      world.Step(pick(world.Steps()));
    }
  }
  while (world.Steps() > 0) world.Step(pick(world.Steps()));
  world.Quiesce();
  std::printf("tree");
  for (const std::string& path : prepared) std::printf(" %s", path.c_str());
  for (const std::string& line : world.log) std::printf("\n%s", line.c_str());
  std::printf("\nwatched");
  for (const std::string& path : world.Watched()) std::printf(" %s", path.c_str());
  std::printf("\n");
  return true;
}

}  // namespace

void TellRows(int operations, int orders, const std::vector<Operation>& alphabet) {
  uint64_t seed = 0;
  std::vector<size_t> row;
  for (int length = 1; length <= operations; length++) {
    row.assign(static_cast<size_t>(length), 0);
    for (bool more = true; more;) {
      std::vector<const Operation*> picked;
      for (const size_t index : row) picked.push_back(&alphabet[index]);
      for (const auto& prepared : PreparedTrees()) {
        for (int order = 0; order < orders && Tell(prepared, picked, seed++); order++) continue;
      }
      more = false;
      for (size_t& index : row) {
        if (++index < alphabet.size()) {
          more = true;
          break;
        }
        index = 0;
      }
    }
  }
}

void TellRandom(uint64_t first, uint64_t count, int operations,
                const std::vector<Operation>& alphabet) {
  for (uint64_t seed = first; seed < first + count;) {
    std::mt19937_64 random(seed++);
    const auto& prepared = PreparedTrees()[random() % PreparedTrees().size()];
    // Operations are drawn on a separate file system, so that each one can be done.
    KernelModel kernel;
    kernel.MakeDirectory("/w");
    kernel.MakeDirectory("/o");
    for (const std::string& path : prepared) kernel.MakeDirectory(path);
    std::vector<const Operation*> row;
    while (row.size() < static_cast<size_t>(operations)) {
      const Operation& operation = alphabet[random() % alphabet.size()];
      if (operation.run(kernel)) row.push_back(&operation);
    }
    Tell(prepared, row, seed);
  }
}

}  // namespace inotify_csync::test
