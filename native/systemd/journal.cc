#include "systemd/journal.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <system_error>

namespace inotify_csync {

namespace {

constexpr time_t kPatienceSeconds = 1;

[[noreturn]] void Fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

class Descriptor {
 public:
  Descriptor(int fd, const char* what) : fd_(fd) {
    if (fd < 0) Fail(errno, what);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(fd_); }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Returns 0 or an errno.
int Send(int sender, const msghdr& message) {
  ssize_t sent;
  do {
    sent = sendmsg(sender, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) Fail(errno, "write to a memory file");
    text.remove_prefix(static_cast<size_t>(written));
  }
}

// Sends the entry in a memory file. The journal accepts only a file that can't change any more, so
// it has all four seals, and the message carries no text beside the descriptor.
int SendInMemoryFile(int sender, msghdr message, std::string_view entry) {
  const Descriptor file(memfd_create("journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING),
                        "memfd_create");
  WriteAll(file.get(), entry);
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) <
      0) {
    Fail(errno, "sealing a memory file");
  }
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  message.msg_iov = nullptr;
  message.msg_iovlen = 0;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = file.get();
  std::memcpy(CMSG_DATA(head), &fd, sizeof(fd));
  return Send(sender, message);
}

}  // namespace

void SendToJournal(const std::string& socket_path, std::string_view entry) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof(address.sun_path)) Fail(ENAMETOOLONG, "the journal's socket");
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());

  const Descriptor sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  const timeval patience{kPatienceSeconds, 0};
  if (setsockopt(sender.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
    Fail(errno, "setsockopt");

  iovec text{const_cast<char*>(entry.data()), entry.size()};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof(address);
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  int error = Send(sender.get(), message);
  if (error == EMSGSIZE || error == ENOBUFS) error = SendInMemoryFile(sender.get(), message, entry);
  if (error != 0) Fail(error, "sendmsg to the journal");
}

}  // namespace inotify_csync
