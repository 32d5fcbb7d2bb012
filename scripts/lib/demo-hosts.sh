# shellcheck shell=bash
# The demonstration on real hosts.

demo_hosts() {
  local begun node
  stage "booting $nodes hosts"
  begun=$EPOCHREALTIME
  lab_create $$
  lab_stage && lab_boot "$nodes" "$lab_directory/stage" && lab_configure || return
  progress "  up after $(seconds_since "$begun")"

  trees=()
  for node in $(lab_nodes); do trees+=("$(lab_data "$node")"); done
  populate "${trees[@]}" || return
  stage "initialising csync2's databases"
  run_child lab_initialise || return

  stage 'systemctl enable --now inotify-csync on each'
  begun=$EPOCHREALTIME
  run_child lab_enable || return
  progress "  ready after $(seconds_since "$begun")"

  stage "$changes changes on node1, one after the other, until each is on every other host:"
  measure service || return
  demo_hosts_show

  stage "the same by hand, for comparison: the service on node1 is stopped, then csync2 -c and csync2 -u:"
  lab_in 1 systemctl stop "$lab_service" || return
  measure floor "{ \"shell\": [\"nsenter\", \"--target\", \"$(cut -d' ' -f1 "$(lab_node_directory 1)/leader")\", \"--all\",
    \"--\", \"bash\"], \"csync2\": \"csync2\", \"root\": \"/srv/data\" }" || return
  lab_in 1 systemctl start "$lab_service"
}

# For people: goes to stderr with --json.
demo_hosts_show() {
  local node
  {
    echo
    lab_in 1 systemctl status --no-pager --full --lines=0 "$lab_service"
    for node in $(lab_nodes); do
      echo
      echo "node$node: journalctl --unit=$lab_service"
      lab_journal "$node" | tail -n 12
    done
    echo
  } >&$((json ? 2 : 1))
}

demo_hosts_down() {
  [ -n "$lab_directory" ] || return 0
  if ((keep)) && [ -d "$lab_directory" ]; then
    lab_keep
    lab_help >&2
  else
    lab_down
  fi
}

# seconds_since EPOCHREALTIME
seconds_since() {
  local now=$EPOCHREALTIME
  awk -v from="$1" -v to="$now" 'BEGIN { printf "%.1f s\n", to - from }'
}
