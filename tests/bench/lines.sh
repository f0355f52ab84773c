# shellcheck shell=bash
# Networks of meshfs or Syncthing nodes on a lab's namespaces, for tests/bench. Source examples/mesh-lab.sh first.
#
#   mesh_nodes N               keys and daemons of nodes 1..N on whatever links there are; returns when node N has a file of node 1
#   mesh_line N                the same on a line
#   syncthing_nodes N LINK...  Syncthing on nodes 1..N; the K-th LINK is A,SIDE,B,SIDE and gets 10.99.K.1 and 10.99.K.2
#   syncthing_line N           the same on a line
#   switch_between N A SIDE_A B SIDE_B MBIT
#                              namespace N becomes a switch between two sides that were linked; its ports are the bottleneck. On a node's own
#                              interface Linux holds back its own TCP (small queues), which other traffic there never sees
#   link_address K LINK        gives the K-th link its two addresses

bench_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

mesh_nodes() {
  local i
  lab_create 1 one
  for ((i = 2; i <= $1; ++i)); do lab_create "$i" "node$i" 1; done
  for ((i = 1; i <= $1; ++i)); do lab_start "$i"; done
  printf 'ready\n' >"$LAB/1/mesh/ready"
  lab_wait 60 "the $1 nodes do not carry anything" lab_has "$LAB/$1/mesh/ready" ready
}

mesh_line() {
  lab_line "$1"
  mesh_nodes "$1"
}

switch_between() {
  local n=$1 a=$2 side_a=$3 b=$4 side_b=$5 port
  ip netns add "$(lab_ns "$n")"
  ip -n "$(lab_ns "$a")" link del "$side_a"
  lab_link "$a" "$side_a" "$n" "to$a"
  lab_link "$b" "$side_b" "$n" "to$b"
  ip -n "$(lab_ns "$n")" link add switch type bridge
  ip -n "$(lab_ns "$n")" link set switch up
  for port in "to$a" "to$b"; do
    ip -n "$(lab_ns "$n")" link set "$port" master switch
    lab_plain_packets "$n" "$port"
    lab_rate "$n" "$port" "$6"
  done
  lab_plain_packets "$a" "$side_a"
  lab_plain_packets "$b" "$side_b"
}

link_address() {
  local number=$1 a side_a b side_b
  IFS=, read -r a side_a b side_b <<<"$2"
  ip -n "$(lab_ns "$a")" address add "10.99.$number.1/30" dev "$side_a"
  ip -n "$(lab_ns "$b")" address add "10.99.$number.2/30" dev "$side_b"
}

syncthing_nodes() {
  local i folder number=0 link count=$1 pairs=()
  shift
  for link in "$@"; do
    link_address $((++number)) "$link"
    pairs+=("$(cut -d, -f1,3 <<<"$link")")
  done
  python3 "$bench_folder/syncthing_nodes.py" "$LAB" "${pairs[@]}"
  for ((i = 1; i <= count; ++i)); do
    folder=$LAB/$i
    STNORESTART=1 STNOUPGRADE=1 setsid nsenter --net="/run/netns/$(lab_ns "$i")" syncthing serve --home="$folder/syncthing" \
      --no-browser --logfile="$folder/fsd.log" </dev/null >/dev/null 2>&1 &
    disown
    printf '%s\n' $! >"$folder/fsd.pid"
  done
  printf 'ready\n' >"$LAB/1/sync/ready"
  lab_wait 120 "the $count nodes do not carry anything" lab_has "$LAB/$count/sync/ready" ready
}

syncthing_line() {
  local i links=()
  lab_line "$1"
  for ((i = 1; i < $1; ++i)); do links+=("$i,right,$((i + 1)),left"); done
  syncthing_nodes "$1" "${links[@]}"
}

# rsync_node I SECONDS ADDRESS...: a daemon of node I's folder, and a loop that pulls from those addresses every so often
rsync_node() {
  local i=$1 folder=$LAB/$1
  mkdir -p "$folder/copy"
  printf 'use chroot = no\nuid = 0\ngid = 0\n[mesh]\npath = %s\nread only = yes\n' "$folder/copy" >"$folder/rsyncd.conf"
  : >"$folder/syncd.log"
  setsid nsenter --net="/run/netns/$(lab_ns "$i")" rsync --daemon --no-detach --config="$folder/rsyncd.conf" </dev/null >>"$folder/fsd.log" 2>&1 &
  disown
  printf '%s\n' $! >"$folder/fsd.pid"
  setsid nsenter --net="/run/netns/$(lab_ns "$i")" bash "$bench_folder/mesh/pull.sh" "$folder/copy" "${@:2}" </dev/null >>"$folder/syncd.log" 2>&1 &
  disown
  printf '%s\n' $! >"$folder/syncd.pid"
}

# alfred_node I SECONDS: a primary on node I's interface; a node with several gets a bridge over them
alfred_node() {
  local i=$1 folder=$LAB/$1 side sides interface
  sides=$(lab_interfaces "$i")
  interface=$sides
  if [[ $(wc -w <<<"$sides") -gt 1 ]]; then
    interface=segment
    ip -n "$(lab_ns "$i")" link add segment type bridge mcast_snooping 0
    for side in $sides; do ip -n "$(lab_ns "$i")" link set "$side" master segment; done
    lab_link_up "$i" segment
  fi
  # A bridge has its address a moment after its ports: a daemon that binds before ends at once.
  lab_wait 10 "node $i has no address on $interface" alfred_address "$i" "$interface"
  setsid nsenter --net="/run/netns/$(lab_ns "$i")" alfred -i "$interface" -b none -m -p "$2" -u "$folder/alfred.sock" \
    </dev/null >"$folder/fsd.log" 2>&1 &
  disown
  printf '%s\n' $! >"$folder/fsd.pid"
}

alfred_address() { ip -n "$(lab_ns "$1")" -6 address show dev "$2" scope link -tentative | grep -q inet6; }
