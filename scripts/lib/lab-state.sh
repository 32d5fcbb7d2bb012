# shellcheck shell=bash
# Which labs exist on this machine, whose they are, and which of them nobody owns any more.
#
# A lab is a folder below $lab_home, named by its id. It holds `owner` (the process it lives for), `boot` (the boot of
# this machine it belongs to), perhaps `kept` (it outlives its owner), and one folder per node.

lab_home=${INOTIFY_CSYNC_LAB:-/var/lib/inotify-csync-lab}
lab_id=
lab_directory=

# lab_create OWNER_PID: sets lab_id and lab_directory. Labs whose owner is gone are taken down first.
lab_create() {
  local owner
  owner=$(process_identity "$1")
  [ -n "$owner" ] || fail 64 "no process $1 to own the lab" 'give the pid of a running process'
  lab_check_home
  lab_clean_stale
  # The lock makes folder and owner appear as one step to lab_clean_stale of another run.
  exec {lab_lock}>"$lab_home/lock"
  flock "$lab_lock"
  until lab_id=$(od -An -N3 -tx1 /dev/urandom | tr -d ' \n') && mkdir "$lab_home/$lab_id" 2>/dev/null; do :; done
  lab_directory=$lab_home/$lab_id
  printf '%s\n' "$owner" >"$lab_directory/owner"
  cat /proc/sys/kernel/random/boot_id >"$lab_directory/boot"
  exec {lab_lock}>&-
}

# lab_keep: the lab stays when its owner ends, until `scripts/lab down`.
lab_keep() {
  : >"$lab_directory/kept"
}

# lab_open ID: works on a lab that another process made.
lab_open() {
  [[ $1 =~ ^[0-9a-f]{6}$ && -d $lab_home/$1 ]] || fail 64 "there is no lab '$1'" "see: scripts/lab list"
  lab_id=$1
  lab_directory=$lab_home/$1
}

# lab_ids: the ids of all labs, one a line.
lab_ids() {
  local folder
  for folder in "$lab_home"/??????; do
    [[ ${folder##*/} =~ ^[0-9a-f]{6}$ ]] && printf '%s\n' "${folder##*/}"
  done
  return 0
}

# lab_nodes: the numbers of this lab's nodes, one a line, in order.
lab_nodes() {
  local folder
  for folder in "$lab_directory"/nodes/*/; do
    [ -d "$folder" ] && basename -- "$folder"
  done | sort -n
}

# lab_orphaned: whether nobody can want this lab any more.
lab_orphaned() {
  [ "$(cat "$lab_directory/boot" 2>/dev/null)" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 0
  [ ! -e "$lab_directory/kept" ] && ! process_alive "$(cat "$lab_directory/owner" 2>/dev/null)"
}

# lab_clean_stale: takes down what killed runs have left. Only labs of this folder are looked at: nothing is guessed
# from names of processes, mounts or namespaces alone.
lab_clean_stale() {
  (
    exec {lab_lock}>"$lab_home/lock"
    flock "$lab_lock"
    for id in $(lab_ids); do
      lab_open "$id"
      lab_orphaned || continue
      progress "taking down lab $id, whose owner is gone"
      lab_down
    done
  )
}

# The folder's contents are run and removed as root: nobody else may have made it or may write to it.
lab_check_home() {
  (umask 022 && mkdir -p -- "$lab_home") || exit 73
  [ "$(stat -c %u:%a -- "$lab_home")" = 0:755 ] ||
    fail 77 "$lab_home is not a folder that only root can write" "remove it, or name another with INOTIFY_CSYNC_LAB"
}
