// Writes down everything that decides how a world goes on: two moments with the same text have the
// same future.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tree_world.h"

namespace inotify_csync::test {

// Numbers that only have to be told apart or to be in an order (descriptors, nodes, jobs, inodes,
// versions, clocks) are renamed by their rank, so that histories that differ in nothing else meet.
// Counters, logs and the order of walkers' work among itself, which is free anyway, are left out.
std::string Inspect(const TreeWorld& world);

using Digest = std::array<uint64_t, 2>;
Digest Digested(const std::string& text);

}  // namespace inotify_csync::test
