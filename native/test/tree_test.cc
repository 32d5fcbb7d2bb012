// Drives the tree through file operations in many orders of all steps, and compares at the end.
//
//   tree_test MODE FIRST_SEED COUNT OPERATIONS   where MODE is one of
//     random     seeded random operations and orders
//     restart    the same with watchers that end and are succeeded
//     limit      the same beyond the watch limit, which is raised in the end
//     wrap       the same with descriptors that start over
//     forgetful  the same, remembering few names of late events
//     deep       the same, entering only two levels of directories
//   tree_test replay MODE SEED OPERATIONS        one of these runs, told step by step
//   tree_test exhaust OPERATIONS DELAYS [deep]   all rows, all orders with so many other choices
//   tree_test explore OPERATIONS DELAYS names|nested|all fine|coarse quiet|walking events|walkers
//                                                all rows at all moments, see explorer.h
//   tree_test tell-rows OPERATIONS ORDERS names|nested|all
//   tree_test tell-random FIRST_SEED COUNT OPERATIONS names|nested|all
//                                                what happened, for an oracle, see teller.h
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>

#include "explorer.h"
#include "operations.h"
#include "teller.h"
#include "tree_world.h"

namespace inotify_csync::test {
namespace {

struct RandomKind {
  bool restarts = false;
  bool limit = false;  // the watch limit is low, and raised in the end
  bool wrap = false;   // descriptors start over after a few
  bool forgetful = false;  // hardly any names of late events are remembered
  bool deep = false;   // directories more than two levels below the root are too deep

  explicit RandomKind(const std::string& name)
      : restarts(name == "restart"),
        limit(name == "limit"),
        wrap(name == "wrap"),
        forgetful(name == "forgetful"),
        deep(name == "deep") {}
};

// "/w/a/c" is entered, but "/w/a/c/c" is not.
constexpr size_t kShallow = 7;

bool RunRandom(uint64_t seed, int operations, RandomKind kind, bool tell) {
  std::mt19937_64 random(seed);
  const auto pick = [&random](size_t count) { return static_cast<size_t>(random() % count); };
  TreeOptions options;
  if (kind.deep) options.deepest = kShallow - 2 * pick(4) / 3;
  if (kind.forgetful) options.touched_max = pick(3);
  TreeWorld world(PreparedTrees()[pick(PreparedTrees().size())], options);
  world.verbose = tell;
  // Some seeds wait for the first walk, some hurry, some are slow, some lose events.
  if (pick(2) == 0) world.Quiesce();
  const size_t haste = 1 + pick(12);
  if (pick(8) == 0) world.kernel.queue_max = 1 + pick(6);
  if (kind.wrap) world.kernel.wd_max = static_cast<int32_t>(24 + pick(20));
  if (kind.limit) {
    world.Quiesce();
    world.kernel.watches_max = world.kernel.watches().size() + pick(2);
  }
  const size_t told = world.log.size();
  for (int left = operations; left > 0;) {
    if ((kind.restarts || kind.deep) && pick(30) == 0) {
      world.Restart(pick);
    } else if (world.Steps() == 0 || pick(haste) == 0) {
      const Operation& operation = AllOperations()[pick(AllOperations().size())];
      if (operation.run(world.kernel)) {
        left--;
        world.log.push_back("  " + operation.text);
      } else if (pick(20) == 0) {
        left--;
      }
    } else if (pick(40) == 0) {
      world.AdvanceTime(static_cast<Millis>(pick(2) == 0 ? 60 : 600));
    } else {
      world.Step(pick(world.Steps()));
    }
  }
  while (world.Steps() > 0) {
    if (pick(60) == 0) world.AdvanceTime(100);
    world.Step(pick(world.Steps()));
  }
  if (kind.limit) {
    world.AdvanceTime(static_cast<Millis>(pick(5000)));
    world.kernel.watches_max = 1000000;
  }
  world.Quiesce();
  const std::string wrong = world.Verify();
  if (tell || !wrong.empty()) {
    for (size_t line = tell ? 0 : told; line < world.log.size(); line++)
      std::printf("%s\n", world.log[line].c_str());
    std::printf("seed %llu with %d operations: %s\n", static_cast<unsigned long long>(seed),
                operations, wrong.empty() ? "as it should be" : wrong.c_str());
  }
  return wrong.empty();
}

int Random(const char* name, uint64_t first, uint64_t count, int operations) {
  const RandomKind kind(name);
  uint64_t failed = 0;
  for (uint64_t seed = first; seed < first + count && failed < 5; seed++)
    failed += !RunRandom(seed, operations, kind, false);
  std::printf("%s: %llu seeds from %llu, %d operations each: %llu wrong\n", name,
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(first),
              operations, static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}

// Runs once with given choices. 0 is the default choice (continue the step under way), also for
// choices that are not given. Returns how many choices there were at each point.
std::vector<size_t> RunChosen(const std::vector<std::string>& prepared,
                              const std::vector<const Operation*>& operations,
                              const std::vector<size_t>& choices, size_t deepest,
                              std::string* wrong) {
  TreeOptions limits;
  limits.deepest = deepest;
  TreeWorld world(prepared, limits);
  std::vector<size_t> options;
  size_t next = 0;
  while (world.Steps() > 0 || next < operations.size()) {
    const size_t steps = world.Steps();
    const size_t count = steps + (next < operations.size() ? 1 : 0);
    const size_t choice = options.size() < choices.size() ? choices[options.size()] : 0;
    options.push_back(count);
    if (choice < steps) world.Step(choice);
    else operations[next++]->run(world.kernel);
  }
  world.Quiesce();
  *wrong = world.Verify();
  return options;
}

uint64_t TryDelays(const std::vector<std::string>& prepared,
                   const std::vector<const Operation*>& operations,
                   const std::vector<size_t>& choices, int delays, size_t deepest, uint64_t* runs) {
  std::string wrong;
  const std::vector<size_t> options = RunChosen(prepared, operations, choices, deepest, &wrong);
  ++*runs;
  uint64_t failed = 0;
  if (!wrong.empty()) {
    for (const Operation* operation : operations) std::printf("  %s\n", operation->text.c_str());
    std::printf("choices:");
    for (const size_t choice : choices) std::printf(" %zu", choice);
    std::printf(": %s\n", wrong.c_str());
    failed++;
  }
  if (delays == 0) return failed;
  for (size_t point = choices.size(); point < options.size(); point++) {
    std::vector<size_t> other = choices;
    other.resize(point + 1);
    for (other[point] = 1; other[point] < options[point]; other[point]++) {
      failed += TryDelays(prepared, operations, other, delays - 1, deepest, runs);
    }
  }
  return failed;
}

// Runs every row of operations in every order that differs from the default in so many choices.
int Exhaust(int length, int delays, bool deep) {
  const size_t deepest = deep ? kShallow : kDeepestPath;
  uint64_t runs = 0, rows = 0, failed = 0;
  std::vector<size_t> row(static_cast<size_t>(length), 0);
  for (bool more = true; more && failed < 5;) {
    std::vector<const Operation*> operations;
    for (const size_t index : row) operations.push_back(&AllOperations()[index]);
    for (const auto& prepared : PreparedTrees())
      failed += TryDelays(prepared, operations, {}, delays, deepest, &runs);
    rows++;
    more = false;
    for (size_t& index : row) {
      if (++index < AllOperations().size()) {
        more = true;
        break;
      }
      index = 0;
    }
  }
  std::printf("exhaust: %llu rows of %d operations, up to %d delays, %llu runs: %llu wrong\n",
              static_cast<unsigned long long>(rows), length, delays,
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}

const std::vector<Operation>& Alphabet(const std::string& name) {
  return name == "all" ? AllOperations() : name == "nested" ? Nested() : ThreeNames();
}

// explore OPERATIONS DELAYS names|nested|all fine|coarse quiet|walking events|walkers
int ExploreAll(char** words) {
  const std::string grain = words[3], start = words[4], first = words[5];
  Explored sum;
  for (const auto& prepared : PreparedTrees()) {
    Exploration exploration;
    exploration.operations = std::atoi(words[0]);
    exploration.delays = std::atoi(words[1]);
    exploration.walkers_first = first == "walkers";
    exploration.coarse = grain == "coarse";
    exploration.walking = start == "walking";
    exploration.alphabet = Alphabet(words[2]);
    exploration.prepared = prepared;
    const Explored explored = Explore(exploration);
    sum.states += explored.states;
    sum.steps += explored.steps;
    sum.endings += explored.endings;
    for (const std::string& wrong : explored.wrong) sum.wrong.push_back(wrong);
  }
  for (const std::string& wrong : sum.wrong) std::printf("%s\n", wrong.c_str());
  std::printf(
      "explore: up to %s of %s operations, %s delays, %s steps, %s start, %s first: %llu states, "
      "%llu steps, %llu ends verified, %zu wrong\n",
      words[0], words[2], words[1], words[3], words[4], words[5],
      static_cast<unsigned long long>(sum.states), static_cast<unsigned long long>(sum.steps),
      static_cast<unsigned long long>(sum.endings), sum.wrong.size());
  return sum.wrong.empty() ? 0 : 1;
}

}  // namespace
}  // namespace inotify_csync::test

int main(int count, char** words) {
  using namespace inotify_csync::test;
  const auto number = [&](int at) {
    return count > at ? std::strtoull(words[at], nullptr, 10) : 0;
  };
  const std::string what = count > 1 ? words[1] : "";
  const bool random = what == "random" || what == "restart" || what == "limit" || what == "wrap" ||
                      what == "deep" || what == "forgetful";
  if (count == 5 && random)
    return Random(words[1], number(2), number(3), static_cast<int>(number(4)));
  if (count == 5 && what == "replay") {
    return RunRandom(number(3), static_cast<int>(number(4)), RandomKind(words[2]), true) ? 0 : 1;
  }
  if ((count == 4 || count == 5) && what == "exhaust") {
    return Exhaust(static_cast<int>(number(2)), static_cast<int>(number(3)), count == 5);
  }
  if (count == 8 && std::strcmp(words[1], "explore") == 0) return ExploreAll(words + 2);
  if (count == 5 && std::strcmp(words[1], "tell-rows") == 0) {
    TellRows(static_cast<int>(number(2)), static_cast<int>(number(3)), Alphabet(words[4]));
    return 0;
  }
  if (count == 6 && std::strcmp(words[1], "tell-random") == 0) {
    TellRandom(number(2), number(3), static_cast<int>(number(4)), Alphabet(words[5]));
    return 0;
  }
  std::fprintf(stderr, "usage: see the head of tree_test.cc\n");
  return 64;
}
