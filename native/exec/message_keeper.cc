#include "exec/message_keeper.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace inotify_csync {
namespace {

/**
 * More than csync2 can write at once. Its lines have at most 16 KiB, and `-vv` quotes them several
 * times.
 */
constexpr size_t kLongestPiece = 256 * 1024;
/** Longer messages are cut. */
constexpr size_t kLongestMessage = 64 * 1024;

struct Piece {
  pid_t pid = 0;
  timespec sent{};
  std::string bytes;
};

/** The unfinished message of one process. */
struct Message {
  bool begun = false;
  /** The message begins with csync2's own time of day. */
  bool marked = false;
  timespec sent{};
  std::string text;
};

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

/**
 * Whether the bytes are `[HH:MM:SS] `, which csync2 itself writes before each message (error.c,
 * csync_printtime_prefix).
 */
bool IsTimeOfDay(const std::string& bytes) {
  const std::string form = "[00:00:00] ";
  if (bytes.size() != form.size()) return false;
  for (size_t at = 0; at < form.size(); at++) {
    if (form[at] == '0' ? !IsDigit(bytes[at]) : bytes[at] != form[at]) return false;
  }
  return true;
}

/**
 * Whether the bytes are `<PID> `, which a session of csync2's server writes before each message.
 */
bool IsOwnPid(const std::string& bytes, pid_t pid) {
  // In a PID namespace the number may be another one.
  const std::string own = "<" + std::to_string(pid) + "> ";
  return bytes == own || (bytes.size() > 3 && bytes.size() < 16 && bytes[0] == '<' &&
                          bytes.substr(bytes.size() - 2) == "> " &&
                          bytes.find_first_not_of("0123456789", 1) == bytes.size() - 2);
}

void AppendEscaped(const std::string& bytes, std::string* line) {
  for (const char byte : bytes) {
    const unsigned value = static_cast<unsigned char>(byte);
    if (byte == '\n') *line += "\\n";
    else if (byte == '\\') *line += "\\\\";
    else if (value < 32 || value == 127) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", value);
      *line += hex;
    } else *line += byte;
  }
}

std::string Stamp(const timespec& time, pid_t pid) {
  tm parts{};
  gmtime_r(&time.tv_sec, &parts);
  char day[32];
  strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  char stamp[96];
  std::snprintf(stamp, sizeof stamp, "%s.%03ldZ <%d>", day, time.tv_nsec / 1000000,
                static_cast<int>(pid));
  return stamp;
}

void WriteAll(const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t count = write(STDERR_FILENO, bytes.data() + at, bytes.size() - at);
    if (count >= 0) at += static_cast<size_t>(count);
    // The disk is full or the reader of stderr has gone. Messages must still be received, or csync2
    // would block.
    else if (errno != EINTR) return;
  }
}

/** Joins pieces to messages, and writes the messages that are complete. */
class Assembly {
 public:
  /** @param whole whether each piece is everything that the C library was asked to write at once */
  explicit Assembly(bool whole) : whole_(whole) {}

  void Take(const Piece& piece) {
    Message& message = messages_[piece.pid];
    const bool is_time = IsTimeOfDay(piece.bytes);
    const bool is_start = is_time || IsOwnPid(piece.bytes, piece.pid);
    if (is_start && (is_time || !message.begun || !message.text.empty())) {
      End(piece.pid, &message);
      message = {true, is_time, piece.sent, {}};
      return;
    }
    if (is_start) return;
    if (!message.begun) message = {true, false, piece.sent, {}};
    if (message.text.size() < kLongestMessage) message.text += piece.bytes;
    // When messages come in pieces, a piece may end in a newline that is part of a name.
    if (whole_ && piece.bytes.back() == '\n') End(piece.pid, &message);
    else if (whole_ && !message.marked) End(piece.pid, &message);
  }

  /** Ends all messages because no process can write any more. */
  void EndAll() {
    for (auto& [pid, message] : messages_) End(pid, &message);
    messages_.clear();
  }

 private:
  void End(pid_t pid, Message* message) {
    if (message->begun && !message->text.empty()) {
      if (message->text.back() == '\n') message->text.pop_back();
      std::string line = Stamp(message->sent, pid) + (message->marked ? " " : "-");
      AppendEscaped(message->text, &line);
      line += '\n';
      WriteAll(line);
    }
    *message = {};
    if (messages_.size() > kManyProcesses) Forget();
  }

  /** Forgets the processes whose last message is complete. */
  void Forget() {
    for (auto it = messages_.begin(); it != messages_.end();)
      it = it->second.begun ? std::next(it) : messages_.erase(it);
  }

  static constexpr size_t kManyProcesses = 64;
  const bool whole_;
  std::map<pid_t, Message> messages_;
};

/**
 * Whether the C library writes a whole formatted message to an unbuffered stream at once. glibc
 * does so up to 2.36 (8 KiB).
 */
bool WritesWhole() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  bool whole = false;
  if (FILE* stream = fdopen(ends[0], "w")) {
    setvbuf(stream, nullptr, _IONBF, 0);
    const std::string text(5000, 'x');
    std::fprintf(stream, "%s %s\n", text.c_str(), "y");
    char buffer[6000];
    whole =
        recv(ends[1], buffer, sizeof buffer, MSG_DONTWAIT) == static_cast<ssize_t>(text.size() + 3);
    fclose(stream);
  } else {
    close(ends[0]);
  }
  close(ends[1]);
  return whole;
}

/** Reads one piece. Returns false when no process can write any more. */
bool Receive(int socket, std::vector<char>* buffer, Piece* piece) {
  alignas(cmsghdr) char control[256];
  iovec part{buffer->data(), buffer->size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t count = recvmsg(socket, &header, 0);
  if (count < 0 && errno == EINTR) return Receive(socket, buffer, piece);
  if (count <= 0) return false;
  piece->pid = 0;
  clock_gettime(CLOCK_REALTIME, &piece->sent);
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET) continue;
    if (item->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(item), sizeof sender);
      piece->pid = sender.pid;
    } else if (item->cmsg_type == SCM_TIMESTAMPNS) {
      std::memcpy(&piece->sent, CMSG_DATA(item), sizeof piece->sent);
    }
  }
  piece->bytes.assign(buffer->data(), static_cast<size_t>(count));
  return true;
}

[[noreturn]] void Keep(int socket, pid_t program, bool whole) {
  prctl(PR_SET_NAME, "inotify-csync-k");
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) signal(number, SIG_IGN);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  WriteAll(Stamp(now, getpid()) + "+keeper for " + std::to_string(program) + "\n");
  Assembly assembly(whole);
  std::vector<char> buffer(kLongestPiece);
  for (Piece piece; Receive(socket, &buffer, &piece);) assembly.Take(piece);
  assembly.EndAll();
  _exit(0);
}

/**
 * Closes all descriptors but the socket and stderr, so that a reader of the program's stdout sees
 * its end.
 */
void CloseOthers(int socket) {
  dup2(socket, STDIN_FILENO);
  close(STDOUT_FILENO);
#ifdef SYS_close_range
  if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
#endif
  const long count = sysconf(_SC_OPEN_MAX);
  for (int fd = 3; fd < count && fd < 65536; fd++) close(fd);
}

}  // namespace

bool KeepMessagesApart() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  const int on = 1;
  if (setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
      setsockopt(ends[0], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) {
    return false;
  }
  const bool whole = WritesWhole();
  const pid_t program = getpid();
  // Fork twice, so that the program gets no child that it doesn't know, and we have none to wait
  // for.
  const pid_t middle = fork();
  if (middle < 0) return false;
  if (middle == 0) {
    setsid();
    const pid_t keeper = fork();
    if (keeper != 0) _exit(keeper < 0 ? errno : 0);
    CloseOthers(ends[0]);
    Keep(STDIN_FILENO, program, whole);
  }
  int status = 0;
  while (waitpid(middle, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
    return false;
  }
  close(ends[0]);
  return dup2(ends[1], STDERR_FILENO) >= 0 && close(ends[1]) == 0;
}

}  // namespace inotify_csync
