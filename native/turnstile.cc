// Preloaded into csync2's server (ld.so(8), LD_PRELOAD): lets connections in one after another, and notes what sessions do.
//
// csync2 forks for each connection at once, and a session that meets another's lock in csync2's database sleeps for a whole second;
// two that receive the same file take each other's half for a local change. So accept(2) waits here, and the next connection with it
// in the kernel's queue, until the session before has ended, waits for its peer, or has had its time.
//
// A session that is to put a file in place of a directory, a link or a pipe removes that first, and may never come to the file: its disk
// is full, its peer gone. Whoever finds the path empty could take it for removed here, and bring that to all others. And a session that
// finds a file to be as it should be sets its time all the same, and says nothing of that. So each removal (R) and each time that is set (T)
// is appended to the file that INOTIFY_CSYNC_TRACES names, as `KIND PID SECONDS.NANOSECONDS PATH` and a NUL; and that this library is there
// (L), and that a file is copied into its place, since it lies on another disk (X): see session-traces.ts in src/csync2/server-log.
//
// csync2 moves a new file into its place before it has written all of it, and closes it there (rsync.c, csync_rs_patch): whoever reads or
// writes it in that moment meets a half, on a full disk for good, and nobody can tell whose close of it was seen. So it is written and
// closed for writing here first; what can't be written is not moved. And what a session could not finish, it removes: that would be a file of
// the tree, to be brought to all.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

namespace {

/** A csync2 on the same network says who it is by then. Whoever connects and keeps silent holds nobody up for longer. */
constexpr int kGreetingMilliseconds = 5;
/** A session that has waited so long for its peer holds nobody up: the peer computes, is far away or is gone. */
constexpr int kIdleMilliseconds = 50;
/** A session that takes longer shares the server with the next: one that receives a large file may take minutes. */
constexpr int kTurnMilliseconds = 1000;
constexpr int kLookMilliseconds = 2;
/** csync2 asks for 5, which hosts that push at the same time exceed: a connection that finds no room is tried again after a second. */
constexpr int kBacklog = 128;

/** The session that was begun last, 0: none that is to be waited for. */
pid_t session = 0;
bool is_greeted = false;
/** Where sessions note what they do, nullptr: nowhere. Kept closed: by its open files it is told what a session is at. */
const char* traces = nullptr;
/** The last temporary file that this session has made, as long as it is neither in its place nor gone; empty: none. */
char unfinished[4096];
/** It is open for writing there. */
int unfinished_file = -1;
FILE* unfinished_stream = nullptr;

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

long Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** Room for the beginning of a file below /proc, as text. */
using ProcText = char[4096];

/** False, and empty, if it can't be read. */
bool ReadProc(pid_t pid, const char* name, ProcText* text) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", static_cast<int>(pid), name);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t count = file < 0 ? -1 : read(file, *text, sizeof *text - 1);
  if (file >= 0) close(file);
  (*text)[count > 0 ? count : 0] = 0;
  return count > 0;
}

/** Whether it reads from its connection, which csync2 puts in the place of stdin, and finds nothing (proc_pid_syscall(5)). */
bool AwaitsPeer(pid_t pid) {
  ProcText text;
  long number = -1;
  unsigned long descriptor = 1;
  if (!ReadProc(pid, "syscall", &text) || std::sscanf(text, "%ld %lx", &number, &descriptor) != 2) return false;
  return descriptor == 0 && (number == SYS_read || number == SYS_recvfrom || number == SYS_recvmsg);
}

/** How often it has gone to sleep (proc_pid_status(5)); -1: not known. */
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

/** Returns when the next session may begin. */
void AwaitTurn(pid_t pid) {
  const int process = OpenProcess(pid);
  // It is gone, or the kernel can't tell: nobody waits.
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

bool EndsWith(const char* text, const char* end) {
  const size_t length = std::strlen(text), more = std::strlen(end);
  return length >= more && std::strcmp(text + length - more, end) == 0;
}

/** `.NAME.XXXXXX`, as csync2 names its own files (rsync.c), several for each that it receives. */
bool IsTemporary(const char* path) {
  const char* const name = std::strrchr(path, '/') + 1;
  const size_t length = std::strlen(name);
  return name[0] == '.' && length > 7 && name[length - 7] == '.';
}

/** In one write, so that two sessions don't mix. What can't be written is not known. */
void Note(char kind, const char* path) {
  // SQLite removes its journal at the end of each transaction.
  if (traces == nullptr || path[0] != '/' || EndsWith(path, ".db3-journal") || IsTemporary(path)) return;
  const int error = errno;
  const int file = open(traces, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  char head[64];
  const int size = std::snprintf(head, sizeof head, "%c %d %lld.%09ld ", kind, static_cast<int>(getpid()),
                                 static_cast<long long>(now.tv_sec), now.tv_nsec);
  const iovec parts[] = {{head, static_cast<size_t>(size)}, {const_cast<char*>(path), std::strlen(path) + 1}};
  if (file >= 0) {
    (void)!writev(file, parts, 2);
    close(file);
  }
  errno = error;
}

void SettleUnfinished(const char* path) {
  if (std::strcmp(unfinished, path) == 0) unfinished[0] = 0;
}

/** It makes the next only when it has given the last one up. */
void RemoveUnfinished() {
  if (unfinished[0] == 0) return;
  const int error = errno;
  Next<decltype(unlink)>("unlink")(unfinished);
  unfinished[0] = 0;
  errno = error;
}

/**
 * Writes what is still to be written of it, and leaves its descriptor open for reading alone. False, with errno, if it can't be written.
 * No other stream: a log on a full disk is no reason to take nothing.
 */
bool CloseForWriting(const char* path, int file) {
  if (fflush(unfinished_stream) != 0) return false;
  const int reading = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (reading < 0) return false;
  const bool is_closed = dup2(reading, file) >= 0;
  close(reading);
  return is_closed;
}

__attribute__((destructor)) void Leave() { RemoveUnfinished(); }

__attribute__((constructor)) void FindTraces() {
  const char* const file = getenv("INOTIFY_CSYNC_TRACES");
  if (file != nullptr) traces = strdup(file);
  // That it is there at all.
  Note('L', "/");
  unsetenv("INOTIFY_CSYNC_TRACES");
}

/** No program that the server starts is to be loaded with this. */
__attribute__((constructor)) void LeaveEnvironment() {
  const char* const list = getenv("LD_PRELOAD");
  const char* const rest = list == nullptr ? nullptr : std::strchr(list, ':');
  if (rest == nullptr) unsetenv("LD_PRELOAD");
  else setenv("LD_PRELOAD", rest + 1, 1);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int listen(int socket, int backlog) {
  return Next<decltype(listen)>("listen")(socket, backlog < kBacklog ? kBacklog : backlog);
}

__attribute__((visibility("default"))) int accept(int socket, sockaddr* address, socklen_t* size) {
  if (session != 0) AwaitTurn(session);
  session = 0;
  const int connection = Next<decltype(accept)>("accept")(socket, address, size);
  if (connection < 0) return connection;
  pollfd greeting{connection, POLLIN, 0};
  is_greeted = poll(&greeting, 1, kGreetingMilliseconds) > 0;
  return connection;
}

__attribute__((visibility("default"))) int utime(const char* path, const utimbuf* times) {
  const int result = Next<decltype(utime)>("utime")(path, times);
  if (result == 0) Note('T', path);
  return result;
}

__attribute__((visibility("default"))) int unlink(const char* path) {
  const int result = Next<decltype(unlink)>("unlink")(path);
  if (result != 0) return result;
  Note('R', path);
  SettleUnfinished(path);
  return result;
}

// By its own name: with 64-bit offsets the compiler would call it mkstemp64.
__attribute__((visibility("default"))) int MakeTemporary(char* path) __asm__("mkstemp");
int MakeTemporary(char* path) {
  const int file = Next<decltype(MakeTemporary)>("mkstemp")(path);
  RemoveUnfinished();
  if (file >= 0 && path[0] == '/' && std::strlen(path) < sizeof unfinished) {
    std::strcpy(unfinished, path);
    unfinished_file = file;
    unfinished_stream = nullptr;
  }
  return file;
}

__attribute__((visibility("default"))) FILE* fdopen(int file, const char* mode) {
  FILE* const stream = Next<decltype(fdopen)>("fdopen")(file, mode);
  if (unfinished[0] != 0 && file == unfinished_file) unfinished_stream = stream;
  return stream;
}

/** Where it can't, csync2 copies, and keeps its own file if that fails. */
__attribute__((visibility("default"))) int rename(const char* from, const char* to) {
  if (std::strcmp(unfinished, from) == 0) {
    // What is not known to be closed first counts as copied.
    if (unfinished_stream == nullptr) Note('X', to);
    else if (!CloseForWriting(from, unfinished_file)) return -1;
  }
  const int result = Next<decltype(rename)>("rename")(from, to);
  if (result != 0 && errno == EXDEV) Note('X', to);
  SettleUnfinished(from);
  return result;
}

__attribute__((visibility("default"))) int rmdir(const char* path) {
  const int result = Next<decltype(rmdir)>("rmdir")(path);
  if (result == 0) Note('R', path);
  return result;
}

__attribute__((visibility("default"))) pid_t fork() {
  const pid_t child = Next<decltype(fork)>("fork")();
  if (child > 0 && is_greeted) session = child;
  return child;
}

}  // extern "C"
