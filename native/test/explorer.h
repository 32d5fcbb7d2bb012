// Explores every row of operations in every order of the walkers' steps, the tree's reads and the
// operations. Moments with the same future are continued only once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operations.h"

namespace inotify_csync::test {

struct Exploration {
  int operations = 0;             // at most this many
  // How often an order may differ from the usual one, in which the step that has waited longest is
  // next. Operations may happen at any time at no cost. Negative allows any order (delay-bounded
  // scheduling, Emmi, Qadeer, Rakamaric 2011).
  int delays = -1;
  bool walkers_first = false;     // usually: the walkers before the events, else the events first
  bool coarse = false;            // a look's system calls are one step
  bool walking = false;           // the operations may begin during the first walk
  std::vector<Operation> alphabet;
  std::vector<std::string> prepared;
};

struct Explored {
  uint64_t states = 0;    // moments that differ
  uint64_t steps = 0;     // ways from one to another
  uint64_t rows = 0;      // rows of operations, of which some meet in the same moments
  uint64_t endings = 0;   // moments of rest that were verified
  std::vector<std::string>
      wrong;  // at most a few: the operations and steps that lead there, and what is wrong
};

Explored Explore(const Exploration& exploration);

}  // namespace inotify_csync::test
