# shellcheck shell=bash
# csync2 and our service on the nodes of a lab.

lab_service=inotify-csync.service

# lab_configure [--auto METHOD] [STATEMENT…]: the same csync2.cfg and key on every node: all of them masters of /srv/data.
# METHOD is how csync2 resolves conflicts, none unless told otherwise. Each STATEMENT is a further line of the group, such as
# 'exclude *.tmp;'.
lab_configure() {
  local node root names auto=none
  if [ "${1:-}" = --auto ]; then auto=$2; shift 2; fi
  names=$(lab_nodes | sed 's/^/node/' | tr '\n' ' ')
  {
    echo 'nossl * *;'
    echo 'group lab {'
    echo "  host $names;"
    echo '  key /etc/csync2.key;'
    echo '  include /srv/data;'
    printf '  %s\n' "auto $auto;" "$@"
    echo '}'
  } >"$lab_directory/csync2.cfg"
  [ -e "$lab_directory/csync2.key" ] || csync2 -k "$lab_directory/csync2.key"
  for node in $(lab_nodes); do
    root=$(lab_node_directory "$node")/root
    install -m 0644 "$lab_directory/csync2.cfg" "$root/etc/csync2.cfg"
    install -m 0600 "$lab_directory/csync2.key" "$root/etc/csync2.key"
  done
}

# lab_initialise: each node's database learns its tree as it is. For trees that are equal: nothing becomes dirty.
lab_initialise() {
  local node
  for node in $(lab_nodes); do
    lab_in "$node" csync2 -cIr / || { progress "node$node: csync2 -cIr / failed"; return 1; }
  done
}

# lab_enable: enables and starts the service on every node; `systemctl start` returns when it is ready.
lab_enable() {
  local node failed=0
  for node in $(lab_nodes); do
    lab_in "$node" systemctl --quiet enable "$lab_service" || failed=1
    lab_in "$node" systemctl start --no-block "$lab_service" || failed=1
  done
  for node in $(lab_nodes); do
    lab_in "$node" systemctl start "$lab_service" && continue
    failed=1
    progress "node$node: $lab_service did not start; its journal says:"
    lab_journal "$node" | tail -n 20 >&2
  done
  return $failed
}

# lab_journal NODE: the service's journal, times in microseconds.
lab_journal() {
  lab_in "$1" journalctl --unit="$lab_service" --output=short-precise --no-pager --quiet
}

# lab_compare [OPTION…]: what csync2 keeps equal, compared between node1 and each other node; options as in
# lib/compare-trees.mjs.
lab_compare() {
  local node trees=()
  for node in $(lab_nodes); do trees+=("$(lab_data "$node")"); done
  node "$lab_scripts/lib/compare-trees.mjs" "$@" "${trees[@]}"
}
