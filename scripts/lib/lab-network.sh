# shellcheck shell=bash
# A lab's network: one namespace with a bridge (the hub), one per node, a veth pair from each node to the bridge.
# Every lab has its own hub, so that two labs use the same addresses without meeting.

lab_subnet=10.77.0

lab_namespace() {
  printf 'icsl-%s-%s\n' "$lab_id" "$1"
}

lab_address() {
  printf '%s.%s\n' "$lab_subnet" "$1"
}

lab_hardware_address() {
  printf '02:00:00:4d:00:%02x\n' "$1"
}

# lab_network_up NODES
lab_network_up() {
  local hub node namespace
  hub=$(lab_namespace hub)
  ip netns add "$hub"
  ip -n "$hub" link set lo up
  ip -n "$hub" link add bridge type bridge
  ip -n "$hub" link set bridge up
  for ((node = 1; node <= $1; node++)); do
    namespace=$(lab_namespace "$node")
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    ip -n "$hub" link add "v$node" type veth peer name host0 address "$(lab_hardware_address "$node")" netns "$namespace"
    ip -n "$hub" link set "v$node" master bridge up
    ip -n "$namespace" address add "$(lab_address "$node")/24" dev host0
    ip -n "$namespace" link set host0 up
  done
}

# lab_network_down: removes the namespaces of this lab, and with them their links.
lab_network_down() {
  local namespace
  for namespace in $(lab_nodes) hub; do
    namespace=$(lab_namespace "$namespace")
    [ ! -e "/run/netns/$namespace" ] || ip netns delete "$namespace"
  done
}

# lab_cut NODE: pulls the node's cable. Its peers get "No route to host" when ARP has given up, after three seconds.
lab_cut() {
  local other
  for other in $(lab_nodes); do
    ip -n "$(lab_namespace "$other")" neighbour flush to "$(lab_address "$1")" dev host0
  done
  ip -n "$(lab_namespace hub)" link set "v$1" down
}

# lab_blackhole NODE: packets to and from the node vanish without a word, as behind a firewall that drops: connects
# hang instead of failing. Fixed neighbour entries keep ARP from telling that the node is gone.
lab_blackhole() {
  local node other
  for node in $(lab_nodes); do
    for other in $(lab_nodes); do
      [ "$node" = "$other" ] || ip -n "$(lab_namespace "$node")" neighbour replace "$(lab_address "$other")" \
        lladdr "$(lab_hardware_address "$other")" nud permanent dev host0
    done
  done
  ip -n "$(lab_namespace hub)" link set "v$1" nomaster
}

# lab_heal NODE: undoes lab_cut and lab_blackhole.
lab_heal() {
  local node
  ip -n "$(lab_namespace hub)" link set "v$1" master bridge up
  for node in $(lab_nodes); do
    ip -n "$(lab_namespace "$node")" neighbour flush nud permanent dev host0
  done
}
