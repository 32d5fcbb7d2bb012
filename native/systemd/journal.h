// The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): entries with fields of one's
// own.
#pragma once

#include <string>
#include <string_view>

namespace inotify_csync {

// Hands a serialized entry to the journal behind the socket at this path; one that is too large for
// a datagram goes in a sealed memory file. Waits no longer than a second for a journal that does
// not read. Throws std::system_error.
void SendToJournal(const std::string& socket_path, std::string_view entry);

}  // namespace inotify_csync
