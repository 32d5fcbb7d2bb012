#include "turns.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ics::preload {
namespace {

/**
 * A csync2 on the same network has sent its greeting by then. A client that connects and stays
 * silent delays the others no longer than this.
 */
constexpr int kGreetingMilliseconds = 5;
/**
 * A session that has waited so long for its peer delays no other session. Its peer computes, is far
 * away or is gone.
 */
constexpr int kIdleMilliseconds = 50;
/**
 * A session that takes longer shares the server with the next session, because receiving a large
 * file may take minutes.
 */
constexpr int kTurnMilliseconds = 1000;
constexpr int kLookMilliseconds = 2;

/** The session that was begun last; 0 if the next one need not wait. */
pid_t session = 0;
bool is_greeted = false;

long Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** Room for the beginning of a file below /proc, as text. */
using ProcText = char[4096];

/** Reads a file below /proc. Returns false with an empty text if it can't be read. */
bool ReadProc(pid_t pid, const char* name, ProcText* text) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", static_cast<int>(pid), name);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t count = file < 0 ? -1 : read(file, *text, sizeof *text - 1);
  if (file >= 0) close(file);
  (*text)[count > 0 ? count : 0] = 0;
  return count > 0;
}

/**
 * Whether the process waits for data from its connection, which csync2 puts in the place of stdin
 * (proc_pid_syscall(5)).
 */
bool AwaitsPeer(pid_t pid) {
  ProcText text;
  long number = -1;
  unsigned long descriptor = 1;
  if (!ReadProc(pid, "syscall", &text) || std::sscanf(text, "%ld %lx", &number, &descriptor) != 2)
    return false;
  return descriptor == 0 && (number == SYS_read || number == SYS_recvfrom || number == SYS_recvmsg);
}

/** How often the process has gone to sleep (proc_pid_status(5)); -1 if unknown. */
long SleepsOf(pid_t pid) {
  ProcText text;
  const char* const name = "\nvoluntary_ctxt_switches:";
  if (!ReadProc(pid, "status", &text)) return -1;
  const char* const at = std::strstr(text, name);
  return at == nullptr ? -1 : std::strtol(at + std::strlen(name), nullptr, 10);
}

int OpenProcess(pid_t pid) {
#ifdef SYS_pidfd_open
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
#else
  (void)pid;
  errno = ENOSYS;
  return -1;
#endif
}

/** Returns when a session has ended, waits for its peer, or has had its time. */
void Await(pid_t pid) {
  const int process = OpenProcess(pid);
  // The session is gone, or the kernel lacks pidfd_open(2). Don't wait.
  if (process < 0) return;
  const long end = Now() + kTurnMilliseconds;
  long sleeps = -1;
  long idle_since = 0;
  pollfd ending{process, POLLIN, 0};
  for (long now = Now(); now < end && poll(&ending, 1, kLookMilliseconds) <= 0; now = Now()) {
    const long before = sleeps;
    sleeps = AwaitsPeer(pid) ? SleepsOf(pid) : -1;
    if (sleeps < 0 || sleeps != before) idle_since = now;
    else if (now - idle_since >= kIdleMilliseconds) break;
  }
  close(process);
}

}  // namespace

void AwaitTurn() {
  if (session != 0) Await(session);
  session = 0;
}

void NoteConnection(int connection) {
  pollfd greeting{connection, POLLIN, 0};
  is_greeted = poll(&greeting, 1, kGreetingMilliseconds) > 0;
}

void NoteSession(pid_t pid) {
  if (is_greeted) session = pid;
}

}  // namespace ics::preload
