// Notes which sessions csync2's server has refused as a whole, and which it has not.
//
// csync2 prints nothing of a session that it denies. What it answers goes through conn_printf
// (conn.c), which formats it with vsnprintf(3), and, with TLS, encrypts it afterwards. All answers
// that count here are fixed texts under the format "%s\n" (daemon.c). The content of a file never
// passes through a format, and the other texts under this one, notes of files and errors of the
// system, equal none of them: whatever peers send and files contain, it can't look like an answer.
// Who a peer says it is, csync2 has looked up with getaddrinfo(3) (verify_peername).
//
// At most one verdict is noted for each session: `accepted`, as soon as something that needs the
// key has been allowed; or, when it ends without that, why the first answer has denied it:
// `identification`, `tls` or `permission`.
#pragma once

namespace ics::preload {

/** The session looks up a name without a service: its peer says it has this one. */
void NoteClaim(const char* name);

/** The session has formatted a text. */
void NoteAnswer(const char* format, const char* text);

}  // namespace ics::preload
