// What a constructor has opened: closed again if the constructor does not come to its end, because
// something else is short.
#pragma once

#include <unistd.h>

#include <vector>

namespace inotify_csync {

class Opening {
 public:
  Opening() = default;
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  ~Opening() {
    for (const int fd : fds_) close(fd);
  }
  int Add(int fd) {
    fds_.push_back(fd);
    return fd;
  }
  // All of it stands, and belongs to its receiver.
  void Done() { fds_.clear(); }

 private:
  std::vector<int> fds_;
};

}  // namespace inotify_csync
