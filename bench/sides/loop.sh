#!/usr/bin/env bash
# What is compared with: a plain loop that waits for inotifywait's lines in a file and has csync2 work on them.
#
#   loop.sh QUEUE SERVER_LOG ROOT EXCLUDED_DIRECTORY CSYNC2_OPTION…
#
# EXCLUDED_DIRECTORY may be empty. The loop is kind to itself where there was a choice: it waits for the watches
# before its first full check, sleeps only when there was nothing to do, and looks often whether the server is idle.

poll=0.5
full_check_after_lines=200000
full_check_from_paths=15000

queue=$1 server_log=$2 root=$3 excluded=$4
shift 4
csync2=(csync2 "$@")

: >"$queue"
: >"$server_log"

"${csync2[@]}" -ii -t >/dev/null 2>>"$server_log" &
server=$!
inotifywait --monitor --recursive --format '%w%f' --event close_write,attrib,create,delete,move \
  "$root" ${excluded:+"@$excluded"} >>"$queue" 2>"$queue.errors" &
watcher=$!
trap 'kill $server $watcher; exit 0' TERM

until grep -q 'Watches established' "$queue.errors"; do sleep 0.1; done

# The server ends each session with a line that says how long it took.
wait_for_idle_server() {
  local last
  while last=$(tail -n 1 "$server_log") && [ -n "$last" ] && [[ $last != *TOTALTIME* ]]; do
    sleep 0.1
  done
}

full_check() {
  wait_for_idle_server
  "${csync2[@]}" -x
}

full_check
echo 'waiting for changes'

lines=0
while true; do
  mapfile -t names < <(tail -n "+$((lines + 1))" "$queue")
  if [ ${#names[@]} -eq 0 ]; then
    sleep "$poll"
    continue
  fi
  lines=$((lines + ${#names[@]}))
  mapfile -t paths < <(printf '%s\n' "${names[@]}" | sort -u)
  if [ ${#paths[@]} -ge "$full_check_from_paths" ]; then
    full_check
  else
    wait_for_idle_server
    "${csync2[@]}" -cr "${paths[@]}"
    "${csync2[@]}" -u
  fi
  if [ "$lines" -ge "$full_check_after_lines" ]; then
    : >"$queue"
    lines=0
    full_check
  fi
done
