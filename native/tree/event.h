// The language between the parts of the watcher: events as the kernel gives them, records as the
// queue takes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace inotify_csync {

// One inotify_event (inotify(7)); the name is empty for an event of the watched directory itself.
struct Event {
  int32_t wd = -1;
  uint32_t mask = 0;
  uint32_t cookie = 0;
  std::string name;
};

// What the queue is told; the characters are those of the batch format that JavaScript decodes.
enum class RecordKind : char {
  kFile = 'F',     // look at this path only: it may be another one, or have other content
  kWritten = 'W',  // the same: somebody has closed it who could write to it
  kMoved = 'V',    // the same: it was moved here
  kTouch = 'T',  // look at this path only: owner, mode, times or number of names may have changed,
                 // and no more
  kTree = 'R',   // look at this path and everything below it
  kLoss = 'A',   // something was not seen: a full check is due, the text is the reason
};

// Milliseconds of a clock that only goes forward.
using Millis = int64_t;

}  // namespace inotify_csync
