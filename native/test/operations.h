// The operations on files that tests use, on three names in a watched directory and outside of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernel_model.h"

namespace inotify_csync::test {

struct Operation {
  std::string text;                        // as an oracle reads it: `mkdir /w/a`, `mv /w/a /w/b`
  std::function<bool(KernelModel&)> run;   // false: it would fail
};

// All operations, on directories and files up to two levels deep.
const std::vector<Operation>& AllOperations();
// A directory that appears, disappears and moves between three names, two in the watched directory
// and one outside, and a file in it.
const std::vector<Operation>& ThreeNames();
// The same, and one directory moves into another or swaps places with it.
const std::vector<Operation>& Nested();
// Trees that may exist at the beginning.
const std::vector<std::vector<std::string>>& PreparedTrees();

}  // namespace inotify_csync::test
