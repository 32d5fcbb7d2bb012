# shellcheck shell=bash
# The demonstration without hosts: a csync2 node for each of 127.0.0.2, 127.0.0.3 …, told apart by `csync2 -N`, and by a
# prefix that means another folder on each.

loopback_directory=
loopback_daemons=()
loopback_port=

demo_loopback() {
  local node name begun
  loopback_directory=$(mktemp -d "${TMPDIR:-/tmp}/inotify-csync-demo.XXXXXX") || return
  trees=()
  for ((node = 1; node <= nodes; node++)); do
    mkdir -p "$(loopback_folder "$node")"/{etc,db,data,run,state}
    trees+=("$(loopback_folder "$node")/data")
  done
  loopback_port=$(loopback_free_port) && loopback_configure || return
  populate "${trees[@]}" || return
  stage "initialising csync2's databases"
  for ((node = 1; node <= nodes; node++)); do
    run_child env "$(loopback_environment "$node")" csync2 -N "$(loopback_name "$node")" -D "$(loopback_folder "$node")/db" -cIr / || return
  done

  stage 'starting a daemon for each'
  begun=$EPOCHREALTIME
  for ((node = 1; node <= nodes; node++)); do loopback_start "$node"; done
  for ((node = 1; node <= nodes; node++)); do loopback_wait "$node" || return; done
  progress "  ready after $(seconds_since "$begun")"

  stage "$changes changes on $(loopback_name 1), one after the other, until each is on every other node:"
  measure service || return
  loopback_show

  stage "the same by hand, for comparison: the daemon of $(loopback_name 1) is stopped, then csync2 -c and csync2 -u:"
  loopback_stop 1
  name=$(loopback_name 1)
  measure floor "{ \"shell\": [\"bash\"], \"csync2\": \"$(loopback_environment 1) csync2 -N $name -D $(loopback_folder 1)/db -p $loopback_port\",
    \"root\": \"${trees[0]}\" }"
}

loopback_name() {
  printf '127.0.0.%s\n' $(($1 + 1))
}

loopback_folder() {
  printf '%s/%s\n' "$loopback_directory" "$(loopback_name "$1")"
}

loopback_environment() {
  printf 'CSYNC2_SYSTEM_DIR=%s/etc\n' "$(loopback_folder "$1")"
}

loopback_configure() {
  local node key=$loopback_directory/key cfg=$loopback_directory/csync2.cfg names=()
  csync2 -k "$key" || return
  {
    echo 'nossl * *;'
    echo 'prefix data {'
    for ((node = 1; node <= nodes; node++)); do
      names+=("$(loopback_name "$node")")
      echo "  on $(loopback_name "$node"): $(loopback_folder "$node")/data;"
    done
    echo '}'
    echo "group demo { host ${names[*]}; key $key; include %data%; auto none; }"
  } >"$cfg"
  for ((node = 1; node <= nodes; node++)); do cp "$cfg" "$(loopback_folder "$node")/etc/csync2.cfg"; done
}

# Not csync2's own port: a server of this machine may have it on all addresses.
loopback_free_port() {
  node --eval 'const s = require("node:net").createServer().listen(0, "127.0.0.2", () => {
    console.log(s.address().port); s.close(); })'
}

# A session of its own: the daemon's csync2 processes share its group and can be ended with it.
loopback_start() {
  local folder
  folder=$(loopback_folder "$1")
  setsid node "$repository/dist/cli/main.js" run -N "$(loopback_name "$1")" -D "$folder/db" -p "$loopback_port" --cfg-path "$folder/etc" \
    --queue-file "$folder/state/queue.log" --csync-log "$folder/state/csync2.log" --runtime-directory "$folder/run" \
    </dev/null >"$folder/log" 2>&1 &
  loopback_daemons[$1]=$(process_identity $!)
}

# loopback_ask NODE COMMAND: asks its daemon.
loopback_ask() {
  node "$repository/dist/cli/main.js" "$2" --runtime-directory "$(loopback_folder "$1")/run"
}

loopback_wait() {
  local attempt log
  log=$(loopback_folder "$1")/log
  for ((attempt = 0; attempt < 1200; attempt++)); do
    ! grep -q 'ready:' "$log" || return 0
    process_alive "${loopback_daemons[$1]}" || break
    sleep 0.1
  done
  progress "the daemon of $(loopback_name "$1") did not become ready; it says:"
  tail -n 20 "$log" >&2
  return 69
}

loopback_stop() {
  local daemon=${loopback_daemons[$1]:-} attempt
  process_alive "$daemon" || return 0
  kill -TERM "${daemon%% *}"
  for ((attempt = 0; attempt < 200; attempt++)); do
    process_alive "$daemon" || return 0
    sleep 0.05
  done
  kill -KILL -- "-${daemon%% *}"
}

loopback_show() {
  local node
  for ((node = 1; node <= nodes; node++)); do
    echo
    echo "$(loopback_name "$node") says:"
    tail -n 12 "$(loopback_folder "$node")/log"
  done >&$((json ? 2 : 1))
  echo >&$((json ? 2 : 1))
}

demo_loopback_down() {
  local node
  for ((node = 1; node <= nodes; node++)); do loopback_stop "$node"; done
  [ -n "$loopback_directory" ] || return 0
  if ((keep)); then
    progress "kept: $loopback_directory"
  else
    rm -rf -- "$loopback_directory"
  fi
}
