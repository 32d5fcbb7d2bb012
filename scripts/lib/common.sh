# shellcheck shell=bash
# What all scripts here share: where the checkout is, how to talk to people, how to name a process for good.

# shellcheck disable=SC2034
repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)

# progress TEXT…: one line for a person, on stderr, so that stdout stays for results.
progress() {
  printf '%s\n' "$*" >&2
}

# fail CODE TEXT HINT: says what is wrong and what to do, in one line, and ends with a code of sysexits(3).
fail() {
  printf '%s: %s; %s\n' "${0##*/}" "$2" "$3" >&2
  exit "$1"
}

# process_identity PID: "PID STARTTIME", or nothing when there is no such process (or only its zombie). A pid alone is
# reused, the pair isn't until the next boot. The name field of /proc/PID/stat may hold blanks and parentheses, so
# the fields are counted from its last one (proc(5)).
process_identity() {
  local stat fields
  [[ ${1:-} =~ ^[0-9]+$ ]] || return 0
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  read -ra fields <<<"${stat##*) }"
  [ "${fields[0]}" = Z ] || printf '%s %s\n' "$1" "${fields[19]}"
}

# process_alive "PID STARTTIME": whether exactly that process still runs.
process_alive() {
  [ -n "$1" ] && [ "$(process_identity "${1%% *}")" = "$1" ]
}

# run_child COMMAND…: runs a command so that a signal to this script is acted on at once: bash runs a trap only when
# the foreground command has ended, but interrupts `wait`. The trap ends the child through end_child.
child_pid=
run_child() {
  local result=0
  "$@" <&0 &
  child_pid=$!
  wait "$child_pid" || result=$?
  child_pid=
  return "$result"
}

end_child() {
  local attempt
  [ -n "$child_pid" ] || return 0
  kill "$child_pid" 2>/dev/null
  # Not for ever: a shell function waits for its own command, which ends with the node that it runs in.
  for ((attempt = 0; attempt < 20; attempt++)); do
    [ -n "$(process_identity "$child_pid")" ] || break
    sleep 0.05
  done
  child_pid=
}

# on_exit FUNCTION: calls it exactly once, however the script ends (short of SIGKILL).
on_exit() {
  # shellcheck disable=SC2064
  trap "trap '' INT TERM HUP; end_child; $1" EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}
