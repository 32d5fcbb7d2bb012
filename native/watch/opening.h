// Closes the descriptors that a constructor has opened if the constructor fails later.
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
  // The constructor has succeeded. Its descriptors belong to their receiver.
  void Done() { fds_.clear(); }

 private:
  std::vector<int> fds_;
};

}  // namespace inotify_csync
