// Prints what happened in a world, for an oracle that doesn't know how it came about, as one block
// a run:
//
//   tree /w/a /w/b      directories at the beginning, besides /w and /o
//   walked              the first walk is over: all that was there until now is copied
//     mkdir /w/b/c      an operation, in the order in which they happened
//   R /w/b/c            a record, as in event.h
//   watched / /w ...    the directories that are watched when nothing is left to do
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operations.h"

namespace inotify_csync::test {

// Tells all rows of at most so many operations, each in so many random orders.
void TellRows(int operations, int orders, const std::vector<Operation>& alphabet);
// Tells random rows of so many operations, in random orders.
void TellRandom(uint64_t first, uint64_t count, int operations,
                const std::vector<Operation>& alphabet);

}  // namespace inotify_csync::test
