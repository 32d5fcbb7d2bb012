#include "systemd/service.h"

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <system_error>

namespace inotify_csync {

namespace {

constexpr int kFirstPassed = 3;        // SD_LISTEN_FDS_START
constexpr size_t kMaxDescriptors = 253;  // SCM_MAX_FD (unix(7))

[[noreturn]] void Fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

// Makes an address of a path, or of a name in the abstract name space, which is written with a
// leading "@".
sockaddr_un Address(const std::string& name, socklen_t* size) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() < 2 || (name[0] != '/' && name[0] != '@')) Fail(EAFNOSUPPORT, "NOTIFY_SOCKET");
  const bool abstract = name[0] == '@';
  if (name.size() + (abstract ? 0 : 1) > sizeof(address.sun_path))
    Fail(ENAMETOOLONG, "NOTIFY_SOCKET");
  std::memcpy(address.sun_path, name.data(), name.size());
  if (abstract) address.sun_path[0] = 0;
  *size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
  return address;
}

// The whole number in an environment variable, -1 if there is none.
long NumberIn(const char* variable) {
  const char* text = getenv(variable);
  if (text == nullptr || *text < '0' || *text > '9') return -1;
  char* end = nullptr;
  errno = 0;
  const long number = std::strtol(text, &end, 10);
  return errno == 0 && *end == 0 ? number : -1;
}

}  // namespace

bool NotifyWithDescriptors(std::string_view state, const std::vector<int>& fds) {
  const char* name = getenv("NOTIFY_SOCKET");
  if (name == nullptr || *name == 0) return false;
  if (fds.size() > kMaxDescriptors) Fail(EINVAL, "too many descriptors");
  socklen_t size = 0;
  sockaddr_un address = Address(name, &size);

  iovec text{const_cast<char*>(state.data()), state.size()};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = size;
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  // An allocated block is aligned for a cmsghdr.
  std::vector<char> control(CMSG_SPACE(sizeof(int) * fds.size()));
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(head), fds.data(), sizeof(int) * fds.size());
  }

  const int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sender < 0) Fail(errno, "socket");
  ssize_t sent;
  do {
    sent = sendmsg(sender, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  const int error = errno;
  close(sender);
  if (sent < 0) Fail(error, "sendmsg to NOTIFY_SOCKET");
  return true;
}

std::vector<PassedDescriptor> TakePassedDescriptors() {
  std::vector<PassedDescriptor> passed;
  const long count = NumberIn("LISTEN_FDS");
  // Variables that leaked from a parent name another process.
  const bool meant = NumberIn("LISTEN_PID") == static_cast<long>(getpid());
  const char* listed = getenv("LISTEN_FDNAMES");
  std::string names = listed == nullptr ? "" : listed;
  for (const char* variable : {"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    unsetenv(variable);
  if (!meant || count <= 0 || count > INT_MAX - kFirstPassed) return passed;
  for (int fd = kFirstPassed; fd < kFirstPassed + static_cast<int>(count); fd++) {
    const size_t end = names.find(':');
    std::string name = names.substr(0, end);
    names.erase(0, end == std::string::npos ? end : end + 1);
    const int flags = fcntl(fd, F_GETFD);
    if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) {
      if (errno == EBADF) break;
      Fail(errno, "fcntl");
    }
    passed.push_back({fd, name.empty() ? "unknown" : std::move(name)});
  }
  return passed;
}

}  // namespace inotify_csync
