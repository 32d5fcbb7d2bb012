#include "verdicts.h"

#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traces.h"

namespace ics::preload {
namespace {

/** A name of a host has 253 bytes at most; a longer one is nobody's. */
using Name = char[256];

/** Who the peer says it is; empty: it has not said. */
Name claimed;
/** The first answer that has denied something, and what it was told about; nullptr: none yet. */
const char* refusal = nullptr;
Name refused;
char refused_address[NI_MAXHOST] = "unknown";
/** Commands that csync2 runs for a session are forked from it. */
pid_t session = 0;
bool is_accepted = false;

struct Answer {
  const char* text;
  const char* verdict;
};

constexpr const char* kAccepted = "accepted";

/** conn.c. A single file may be refused for many reasons, of which most tell that the key fits. */
constexpr Answer kAnswers[] = {
    {"Identification failed!", "identification"},
    {"SSL encrypted connection expected!", "tls"},
    {"Permission denied!", "permission"},
    {"Permission denied for slave!", kAccepted},
    {"File is also marked dirty here!", kAccepted},
    {"Parent dir missing.", kAccepted},
    {"OK (data_follows).", kAccepted},
    {"OK (send_data).", kAccepted},
    {"OK (not_found).", kAccepted},
    {"OK (path_not_found).", kAccepted},
};

/** Of the peer at the other end of the connection, which csync2 puts in the place of stdin. */
void ReadAddress(char* text, size_t size) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (getpeername(0, any, &length) != 0 ||
      getnameinfo(any, length, text, static_cast<socklen_t>(size), nullptr, 0, NI_NUMERICHOST) != 0)
    std::strcpy(text, "unknown");
}

/** The answer whose text stands alone in its line; nullptr if it is none of them. */
const char* VerdictOf(const char* text) {
  for (const Answer& answer : kAnswers) {
    const size_t length = std::strlen(answer.text);
    if (std::strncmp(text, answer.text, length) == 0 && text[length] == '\n') return answer.verdict;
  }
  return nullptr;
}

__attribute__((destructor)) void NoteRefusal() {
  if (refusal != nullptr && !is_accepted && session == getpid())
    NoteVerdict(refusal, refused_address, refused);
}

}  // namespace

void NoteClaim(const char* name) {
  if (std::strlen(name) < sizeof claimed) std::strcpy(claimed, name);
  else claimed[0] = 0;
}

void NoteAnswer(const char* format, const char* text) {
  // csync2's two formats of a fixed answer (csync2.h).
  if (std::strcmp(format, "%s\n") != 0 && std::strcmp(format, "%s\n---\noctet-stream 0\n") != 0)
    return;
  if (is_accepted) return;
  const char* const verdict = VerdictOf(text);
  if (verdict == nullptr || (verdict != kAccepted && refusal != nullptr)) return;
  const int error = errno;
  ReadAddress(refused_address, sizeof refused_address);
  if (verdict == kAccepted) {
    is_accepted = true;
    NoteVerdict(verdict, refused_address, claimed);
  } else {
    refusal = verdict;
    session = getpid();
    std::strcpy(refused, claimed);
  }
  errno = error;
}

}  // namespace ics::preload
