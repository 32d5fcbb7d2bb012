// Writes down everything that decides the future of a world. Two moments with the same text have
// the same future.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tree_world.h"

namespace inotify_csync::test {

// Numbers of which only equality or order counts (descriptors, nodes, jobs, inodes, versions,
// clocks) are replaced by their rank, so that histories that differ in nothing else become equal.
// Counters, logs and the order of the walkers' work, which is free anyway, are left out.
std::string Inspect(const TreeWorld& world);

using Digest = std::array<uint64_t, 2>;
Digest Digested(const std::string& text);

}  // namespace inotify_csync::test
