# shellcheck shell=bash
# One node of a lab: an overlay over this machine's root, booted with its own systemd by systemd-nspawn(1).
#
# Folder nodes/N: `disk/upper` and `disk/work` (what the node writes), `root` (the overlay), `data` (its /srv/data, on
# a real file system), `console` (what its boot says), `nspawn` and `leader` (identities of systemd-nspawn and of the
# node's PID 1).

lab_boot_seconds=90

lab_node_directory() {
  printf '%s/nodes/%s\n' "$lab_directory" "$1"
}

lab_data() {
  printf '%s/nodes/%s/data\n' "$lab_directory" "$1"
}

# lab_obstacle: why no hosts can be booted here, in one line; nothing when they can.
lab_obstacle() {
  local command
  [ "$(id -u)" = 0 ] || { echo 'booting hosts needs root'; return; }
  for command in systemd-nspawn nsenter ip dbus-daemon; do
    command -v "$command" >/dev/null || { echo "$command is not installed"; return; }
  done
  # Tried in namespaces of its own: nothing of it can stay behind.
  unshare --mount --net --propagation private true 2>/dev/null || { echo 'this machine allows no namespaces'; return; }
  unshare --mount --propagation private sh -c '
    mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root &&
      mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root' 2>/dev/null ||
    { echo 'this machine allows no overlay mounts'; return; }
  [ -d /sys/fs/cgroup ] && mountpoint -q /sys/fs/cgroup || echo 'no control groups are mounted'
}

# lab_boot NODES [STAGE]: boots so many nodes at once and waits for all of them. STAGE is a folder whose contents
# each node finds in its root.
lab_boot() {
  local node
  for ((node = 1; node <= $1; node++)); do
    lab_node_root "$node" "$1" "${2:-}"
  done
  lab_network_up "$1"
  for ((node = 1; node <= $1; node++)); do
    lab_node_start "$node"
  done
  for ((node = 1; node <= $1; node++)); do
    lab_node_wait "$node"
  done
}

# lab_in NODE COMMAND…: runs a command in a node.
lab_in() {
  local leader
  leader=$(cat "$(lab_node_directory "$1")/leader") || return 69
  shift
  # This machine's directory for temporary files may not be there.
  env --unset=TMPDIR nsenter --target "${leader%% *}" --all -- "$@"
}

# lab_node_restart NODE: power loss and boot. What was not written to disk by then is this machine's affair.
lab_node_restart() {
  lab_node_kill "$1"
  lab_node_start "$1"
  lab_node_wait "$1"
}

# lab_down: ends the nodes, unmounts, removes all. Safe to repeat, and to call on a lab that is half made.
lab_down() {
  local node
  [ -n "$lab_directory" ] && [ -d "$lab_directory" ] || return 0
  for node in $(lab_nodes); do
    lab_node_kill "$node"
  done
  lab_network_down
  for node in $(lab_nodes); do
    lab_control_groups_down "$node"
  done
  for node in $(lab_nodes); do
    lab_unmount "$(lab_node_directory "$node")/root"
    lab_unmount "$(lab_node_directory "$node")/disk"
  done
  if grep -qF -- " $lab_directory/" /proc/self/mountinfo; then
    progress "lab $lab_id: something is still mounted below $lab_directory, so that it stays"
    return 1
  fi
  rm -rf --one-file-system -- "$lab_directory"
}

# Its control groups, wherever the run that made them stood; a process that has just died keeps its group for a moment.
lab_control_groups_down() {
  local group attempt
  while read -r group; do
    for ((attempt = 0; attempt < 50; attempt++)); do
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
      [ -d "$group" ] || break
      sleep 0.1
    done
  done < <(find /sys/fs/cgroup -type d -name "$(lab_namespace "$1")" 2>/dev/null)
}

lab_unmount() {
  local attempt
  for ((attempt = 0; attempt < 50; attempt++)); do
    mountpoint -q -- "$1" || return 0
    umount -- "$1" 2>/dev/null || sleep 0.1
  done
  umount --lazy -- "$1"
}

# The overlay may not be changed from below once it is mounted, so all that comes as files is laid down before.
lab_node_root() {
  local node=$1 nodes=$2 stage=$3 directory upper other path
  directory=$(lab_node_directory "$node")
  upper=$directory/disk/upper
  mkdir -p "$directory"/{data,disk,root}
  # An overlay can't be the upper layer of another one: in a container the node's disk is memory.
  [ "$(stat -f -c %T "$directory")" != overlayfs ] || mount -t tmpfs -o mode=0755 lab "$directory/disk"
  mkdir -p "$upper"/{etc,var/lib,var/log} "$directory/disk/work"
  [ -z "$stage" ] || cp -al -- "$stage/." "$upper/"
  for path in /etc/systemd/system/*.wants /etc/systemd/system/*.requires /etc/csync2* /etc/inotify-csync* \
    /etc/fstab /etc/crypttab /etc/default/inotify-csync /var/log/journal /var/log/inotify-csync \
    /var/lib/csync2 /var/lib/inotify-csync "$lab_home"; do
    lab_hide "$upper" "$path"
  done
  mount -t overlay "icsl-$lab_id-$node" \
    -o "lowerdir=/,upperdir=$upper,workdir=$directory/disk/work" "$directory/root"
  cd "$directory/root" || return
  mkdir -p srv/data etc/systemd/system etc/systemd/journald.conf.d
  mkdir -p var/lib/csync2
  : >etc/fstab
  : >etc/machine-id
  echo "node$node" >etc/hostname
  {
    echo '127.0.0.1 localhost'
    for ((other = 1; other <= nodes; other++)); do
      echo "$(lab_address "$other") node$other"
    done
  } >etc/hosts
  # Without a target of its own, the node would start every service that this machine has enabled.
  printf '%s\n' '[Unit]' 'Description=Laboratory node' 'Requires=sysinit.target dbus.socket' \
    'After=sysinit.target dbus.socket' 'AllowIsolate=yes' >etc/systemd/system/lab.target
  printf '%s\n' '[Journal]' 'Storage=volatile' 'RateLimitIntervalSec=0' >etc/systemd/journald.conf.d/lab.conf
  cd "$OLDPWD" || return
}

# A character device 0/0 in the upper layer hides what lies below (overlayfs: whiteout).
lab_hide() {
  [ -e "$2" ] || [ -L "$2" ] || return 0
  [ ! -e "$1$2" ] || return 0
  mkdir -p -- "$(dirname -- "$1$2")"
  mknod "$1$2" c 0 0
}

lab_node_start() {
  local node=$1 directory attempt unit=() groups
  directory=$(lab_node_directory "$node")
  # Where systemd runs this machine, nspawn asks it for a scope; elsewhere there is nobody to ask.
  [ -d /run/systemd/system ] || unit=(--keep-unit)
  mapfile -t groups < <(lab_control_groups "$node")
  [ ${#groups[@]} = 0 ] || mkdir -p -- "${groups[@]}"
  rm -f "$directory"/{pid,nspawn,leader}
  # A session of its own, so that Ctrl-C ends the script, whose trap then ends the node, and not both at once; but a
  # child of this shell, so that somebody reaps it where PID 1 doesn't.
  # shellcheck disable=SC2016
  setsid bash -c 'echo $$ >"$1/pid"; shift
    while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done
    shift; exec "$@"' - "$directory" "${groups[@]}" -- \
    systemd-nspawn --quiet --settings=no --register=no "${unit[@]}" \
    --machine="$(lab_namespace "$node")" --directory="$directory/root" \
    --bind="$directory/data:/srv/data" --network-namespace-path="/run/netns/$(lab_namespace "$node")" \
    --resolv-conf=off --timezone=off --link-journal=no --console=read-only \
    --boot systemd.unit=lab.target </dev/null >>"$directory/console" 2>&1 &
  disown
  for ((attempt = 0; attempt < 500; attempt++)); do
    [ ! -s "$directory/pid" ] || break
    sleep 0.01
  done
  process_identity "$(cat "$directory/pid")" >"$directory/nspawn"
}

# lab_control_groups NODE: folders of control groups of the node's own, one a line. Without them, where no systemd of this
# machine gives it a scope, all nodes would share one, and each would find the others' processes in its services.
lab_control_groups() {
  local hierarchy path mount
  [ ! -d /run/systemd/system ] || return 0
  while IFS=: read -r _ hierarchy path; do
    case $hierarchy in
      name=systemd) mount=/sys/fs/cgroup/systemd ;;
      '') mount=/sys/fs/cgroup; [ -e "$mount/cgroup.procs" ] || mount=$mount/unified ;;
      *) continue ;;
    esac
    [ ! -e "$mount$path/cgroup.procs" ] || printf '%s/%s\n' "$mount${path%/}" "$(lab_namespace "$1")"
  done </proc/self/cgroup
}

lab_node_wait() {
  local node=$1 directory nspawn leader='' deadline=$((SECONDS + lab_boot_seconds))
  directory=$(lab_node_directory "$node")
  nspawn=$(cat "$directory/nspawn")
  while ((SECONDS < deadline)) && process_alive "$nspawn"; do
    if [ -z "$leader" ]; then
      leader=$(lab_child_systemd "${nspawn%% *}")
      [ -z "$leader" ] || process_identity "$leader" >"$directory/leader"
    elif timeout 10 nsenter --target "$leader" --all -- systemctl is-active --quiet lab.target 2>/dev/null; then
      return
    fi
    sleep 0.05
  done
  progress "node $node did not boot; its console says:"
  tail -n 20 "$directory/console" >&2
  return 69
}

# The node's PID 1 among the children of its systemd-nspawn.
lab_child_systemd() {
  local child
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
    [ "$(cat "/proc/$child/comm" 2>/dev/null)" != systemd ] || { echo "$child"; return; }
  done
}

# PID 1 takes all processes of its namespace with it when it is killed, those that were entered from here included,
# for which an orderly shutdown would wait.
lab_node_kill() {
  local directory nspawn leader attempt
  directory=$(lab_node_directory "$1")
  nspawn=$(cat "$directory/nspawn" 2>/dev/null)
  leader=$(cat "$directory/leader" 2>/dev/null)
  # Ended between its start and its being recorded.
  [ -n "$nspawn" ] || nspawn=$(process_identity "$(cat "$directory/pid" 2>/dev/null)")
  for ((attempt = 0; attempt < 100; attempt++)); do
    [ -n "$leader" ] || [ -z "$nspawn" ] || leader=$(process_identity "$(lab_child_systemd "${nspawn%% *}")")
    if process_alive "$leader"; then
      kill -KILL "${leader%% *}" 2>/dev/null
    elif ! process_alive "$nspawn"; then
      break
    elif ((attempt % 20 == 0)); then
      kill -TERM "${nspawn%% *}" 2>/dev/null
    fi
    sleep 0.05
  done
  ! process_alive "$nspawn" || kill -KILL "${nspawn%% *}"
  rm -f "$directory"/{pid,nspawn,leader}
}
