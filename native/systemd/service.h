// The service manager's protocols for descriptors: sd_notify(3) sends them, sd_listen_fds(3) takes
// them over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inotify_csync {

// Sends one message with these descriptors to $NOTIFY_SOCKET. Returns false if no manager listens.
// Throws std::system_error.
bool NotifyWithDescriptors(std::string_view state, const std::vector<int>& fds);

struct PassedDescriptor {
  int fd;
  std::string name;
};

// Returns the descriptors that the manager has passed to this process. They belong to the caller,
// and no child inherits them. Removes the variables that named them, so that a second call finds
// nothing.
std::vector<PassedDescriptor> TakePassedDescriptors();

}  // namespace inotify_csync
