// inotify-csync-exec: becomes another program with arguments that are bytes.
//
//   inotify-csync-exec [--idle] [--messages] [--parent=PID] [--death-signal=KILL]
//   [--arguments-from=3] [--preload=LIBRARY] [--] PROGRAM ARGUMENT...
//
// Node passes arguments as UTF-8 only, but file names are any bytes. With --arguments-from=3, exec
// reads further arguments from descriptor 3 until its end; a NUL ends each. The program gets
// SIGTERM when the parent dies (PR_SET_PDEATHSIG, prctl(2)), or SIGKILL, which also reaches a
// stopped program. --parent closes the gap before that is set. --idle lowers CPU and I/O priority.
// --messages writes each message on stderr as one line (message_keeper.h). --preload makes ld.so(8)
// load a library into the program. The exit codes are those of a shell, 127 for not found and 126
// for any other failure.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "exec/message_keeper.h"

namespace {

constexpr int kArguments = 3;
constexpr int kCannot = 126;
constexpr int kNotFound = 127;

struct Options {
  bool idle = false;
  bool more_arguments = false;
  bool messages = false;
  int death_signal = SIGTERM;
  pid_t parent = 0;
  std::string preload;
  std::vector<std::string> arguments;
};

[[noreturn]] void Fail(int code, const std::string& what) {
  std::fprintf(stderr, "inotify-csync-exec: %s\n", what.c_str());
  _exit(code);
}

Options ReadOptions(int count, char** words) {
  Options options;
  int at = 1;
  for (; at < count && words[at][0] == '-'; at++) {
    const std::string word = words[at];
    if (word == "--") {
      at++;
      break;
    }
    if (word == "--idle") options.idle = true;
    else if (word == "--arguments-from=3") options.more_arguments = true;
    else if (word == "--messages") options.messages = true;
    else if (word == "--death-signal=KILL") options.death_signal = SIGKILL;
    else if (word.rfind("--parent=", 0) == 0)
      options.parent = static_cast<pid_t>(std::strtol(words[at] + 9, nullptr, 10));
    else if (word.rfind("--preload=", 0) == 0) options.preload = word.substr(10);
    else
      Fail(kCannot, "unknown option " + word +
                        " (known: --idle, --messages, --parent=PID, --death-signal=KILL, "
                        "--arguments-from=3, --preload=LIBRARY)");
  }
  for (; at < count; at++) options.arguments.emplace_back(words[at]);
  if (options.arguments.empty()) Fail(kCannot, "no program given");
  return options;
}

void ReadArguments(std::vector<std::string>* arguments) {
  std::string argument;
  std::vector<char> buffer(65536);
  while (true) {
    const ssize_t count = read(kArguments, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      Fail(kCannot,
           std::string("cannot read arguments from descriptor 3: ") + std::strerror(errno));
    if (count == 0) break;
    for (ssize_t at = 0; at < count; at++) {
      const char byte = buffer[static_cast<size_t>(at)];
      if (byte != 0) {
        argument += byte;
        continue;
      }
      arguments->push_back(std::move(argument));
      argument.clear();
    }
  }
  // The writer died in the middle of a name. Half a name must not be used as a path.
  if (!argument.empty()) Fail(kCannot, "the arguments from descriptor 3 end in the middle of one");
  close(kArguments);
}

void DieWithParent(pid_t parent, int death_signal) {
  if (prctl(PR_SET_PDEATHSIG, death_signal) != 0)
    Fail(kCannot, std::string("prctl: ") + std::strerror(errno));
  if (parent != 0 && getppid() != parent) Fail(kCannot, "the parent is gone");
}

void LowerPriority() {
  // Some C libraries lack linux/ioprio.h. Class 3 is idle, above a 13-bit level.
  constexpr int kWhoProcess = 1, kClassIdle = 3 << 13;
  // A failure is harmless because the program still runs, only with its usual priority.
  if (syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle) != 0 ||
      setpriority(PRIO_PROCESS, 0, 10) != 0) {
    std::fprintf(stderr, "inotify-csync-exec: cannot lower the priority: %s\n",
                 std::strerror(errno));
  }
}

void Preload(const std::string& library) {
  const char* const others = std::getenv("LD_PRELOAD");
  setenv("LD_PRELOAD", (others == nullptr ? library : library + ":" + others).c_str(), 1);
}

void CloseOnExec() {
#ifdef SYS_close_range
  constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC, Linux 5.11
  if (syscall(SYS_close_range, 3U, ~0U, kCloseOnExec) == 0) return;
#endif
  // Close the rest for kernels without close_range(2). Node opens everything with O_CLOEXEC, so the
  // rest comes from other programs.
  const long count = sysconf(_SC_OPEN_MAX);
  for (int fd = 3; fd < count && fd < 65536; fd++) close(fd);
}

}  // namespace

int main(int count, char** words) {
  Options options = ReadOptions(count, words);
  DieWithParent(options.parent, options.death_signal);
  if (options.idle) LowerPriority();
  if (options.more_arguments) ReadArguments(&options.arguments);
  if (options.messages && !inotify_csync::KeepMessagesApart()) {
    Fail(kCannot, std::string("cannot keep messages apart: ") + std::strerror(errno));
  }
  if (!options.preload.empty()) Preload(options.preload);
  CloseOnExec();
  std::vector<char*> vector;
  for (std::string& argument : options.arguments) vector.push_back(argument.data());
  vector.push_back(nullptr);
  execvp(vector[0], vector.data());
  const int error = errno;
  const std::string hint = error == E2BIG ? " (the arguments exceed what execve takes)" : "";
  Fail(error == ENOENT || error == ENOTDIR ? kNotFound : kCannot,
       options.arguments[0] + ": " + std::strerror(error) + hint);
}
