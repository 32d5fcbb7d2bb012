// Sends entries with fields of our own by the journal's native protocol
// (systemd.io/JOURNAL_NATIVE_PROTOCOL).
#pragma once

#include <string>
#include <string_view>

namespace inotify_csync {

// Sends a serialized entry to the journal's socket at this path. An entry that is too large for a
// datagram goes in a sealed memory file. Waits at most a second for a journal that does not read.
// Throws std::system_error.
void SendToJournal(const std::string& socket_path, std::string_view entry);

}  // namespace inotify_csync
