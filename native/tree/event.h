// The types that the parts of the watcher exchange, namely events from the kernel and records for
// the queue.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace inotify_csync {

// One inotify_event (inotify(7)). The name is empty for an event of the watched directory itself.
struct Event {
  int32_t wd = -1;
  uint32_t mask = 0;
  uint32_t cookie = 0;
  std::string name;
};

// The kinds of records. The characters are those of the batch format that JavaScript decodes.
enum class RecordKind : char {
  kFile = 'F',     // check this path only: it may be another entry, or have other content
  kWritten = 'W',  // the same: a process that could write to it has closed it
  kMoved = 'V',    // the same: it was moved here
  kTouch = 'T',  // check this path only: owner, mode, times or number of names may have changed,
                 // and no more
  kTree = 'R',   // check this path and everything below it
  kLoss = 'A',   // changes may be missed: a full check is due, the text is the reason
};

// Milliseconds of a clock that only goes forward.
using Millis = int64_t;

}  // namespace inotify_csync
