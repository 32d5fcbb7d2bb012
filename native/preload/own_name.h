// The name by which a process reaches a file that it has open, wherever the file is
// (proc_pid_fd(5)).
#pragma once
#include <cstdio>

namespace ics::preload {

struct OwnName {
  explicit OwnName(int file) { std::snprintf(text, sizeof text, "/proc/self/fd/%d", file); }
  char text[32];
};

}  // namespace ics::preload
