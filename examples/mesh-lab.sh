# shellcheck shell=bash disable=SC2016
# A mesh on one machine: nodes in network namespaces, for scripts that source this file (first-mesh.sh, tests/netns,
# tests/bench). Needs root, bash, ip, nft, nsenter.
#
#   lab_open NAME              makes the lab's folder $LAB (everything lives in it) and cleans up at exit, also on Ctrl-C
#   lab_nodes N                N namespaces without a link
#   lab_link A SIDE B SIDE     a link between two of them; SIDE names the interface
#   lab_line N                 N namespaces in a line:   1 right--left 2 right--left 3 ...
#   lab_create I NAME [JOIN]   keys of node I; the first makes the network, the others join by JOIN's invite
#   lab_start I [ARG...]       fsd and syncd of node I; returns when /mesh is mounted at $LAB/I/mesh (ARGs go to syncd)
#   lab_stop I / lab_kill I    SIGTERM and wait / SIGKILL both, as a crash does
#   lab_cut I SIDE / lab_heal I        drop everything on one side of node I (a partition) / undo all cuts and losses of it
#   lab_loss I SIDE PERCENT    drop that share of incoming packets
#   lab_rate I SIDE MBIT       what node I sends there goes at that rate, with a queue of 50 ms (needs tc)
#   lab_plain_packets I SIDE   packets as they would be on a cable, at most 1,500 bytes: no joining by the kernel (needs ethtool)
#   lab_wire I SIDE            bytes sent plus received there so far, by the interface's counters
#   lab_wait SECONDS WHAT CMD...       until CMD succeeds, else fails with WHAT
#   lab_keep                   do not clean up at exit; lab_close_kept FOLDER does it later
#
# The file system daemon opens no network socket, so it runs outside the namespace and its mount is visible to the
# script; only syncd runs inside. Each process's id stands in $LAB/I/{fsd,syncd}.pid: nothing is killed by name.

LAB=${LAB:-}
LAB_BIN=${LAB_BIN:-}  # folder with meshfs-fsd, meshfs-syncd and mesh
LAB_KEPT=
LAB_TAG=              # starts every namespace's name

lab_say() { printf '%s\n' "$*"; }
lab_fail() {
  printf 'FAILED: %s\n' "$*" >&2
  return 1
}

# --- the lab itself ---

lab_open() {
  ((EUID == 0)) || { printf 'This makes network namespaces and mounts, so it must run as root: sudo %s\n' "$0" >&2; exit 1; }
  [[ -c /dev/fuse ]] || { printf 'There is no /dev/fuse here: load the kernel module fuse (modprobe fuse).\n' >&2; exit 1; }
  LAB=$(mktemp -d "${TMPDIR:-/tmp}/meshfs-$1.XXXXXX")
  LAB_TAG="$1-${LAB##*.}"
  printf '%s\n' "$LAB_TAG" >"$LAB/tag"
  set -E
  trap 'printf "stopped at line %s: %s\n" "$LINENO" "$BASH_COMMAND" >&2' ERR
  trap 'lab_exit $?' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  trap 'exit 141' PIPE
}

lab_exit() {
  local code=$1
  trap - EXIT
  trap '' INT TERM HUP PIPE
  trap - ERR
  if [[ -n $LAB_KEPT ]]; then exit "$code"; fi
  if ((code != 0)); then lab_show_logs || true; fi  # nobody may read it any more: `| head`
  lab_close || code=1
  exit "$code"
}

lab_keep() { LAB_KEPT=yes; }

# Ends everything of the lab in folder $LAB. Each step may find its work already done.
lab_close() {
  local folder failed=0
  [[ -n $LAB && -f $LAB/tag ]] || return 0
  LAB_TAG=$(<"$LAB/tag")
  for folder in "$LAB"/[0-9]*/; do lab_signal "$folder" syncd TERM; lab_signal "$folder" fsd TERM; done
  for folder in "$LAB"/[0-9]*/; do lab_gone "$folder" syncd 50; lab_gone "$folder" fsd 100; done
  lab_unmount_all
  ip netns list | awk -v tag="$LAB_TAG-" 'index($1, tag) == 1 {print $1}' | while read -r namespace; do
    ip netns delete "$namespace"
  done
  if lab_mounts | grep -q .; then
    lab_fail "$LAB still holds mounts; look with: findmnt | grep $LAB" || failed=1
  else
    rm -rf --one-file-system "$LAB"
  fi
  LAB=
  return "$failed"
}

lab_close_kept() {
  LAB=${1%/}
  [[ -f $LAB/tag ]] || { printf '%s is no folder of a kept mesh: it has no file "tag".\n' "$1" >&2; return 1; }
  lab_close
}

lab_mounts() { awk -v top="$LAB/" 'index($2, top) == 1 {print $2}' /proc/self/mounts; }

lab_unmount_all() {
  local mount
  lab_mounts | tac | while read -r mount; do umount -l "$mount" 2>/dev/null || true; done
}

lab_show_logs() {
  local log
  for log in "$LAB"/[0-9]*/{fsd,syncd}.log; do
    [[ -s $log ]] || continue
    printf -- '--- last lines of %s\n' "${log#"$LAB"/}" >&2
    tail -n 12 "$log" >&2
  done
}

# --- processes, by the id in their file ---

# lab_pid FOLDER PROGRAM: its id, if that process still is what was started there.
lab_pid() {
  local pid
  pid=$(cat "$1/$2.pid" 2>/dev/null) || return 1
  [[ -n $pid ]] || return 1
  # Its words name the lab, or it runs in a tree of the lab.
  { tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$LAB/" || [[ $(readlink "/proc/$pid/root") == "$LAB"/* ]]; } &&
    printf '%s\n' "$pid"
}

lab_signal() {
  local pid
  if pid=$(lab_pid "$1" "$2"); then kill "-$3" "$pid" 2>/dev/null || true; fi
}

# lab_gone FOLDER PROGRAM TENTHS: waits for its end, then kills it.
lab_gone() {
  local tenth
  for ((tenth = 0; tenth < $3; ++tenth)); do
    lab_pid "$1" "$2" >/dev/null || return 0
    sleep 0.1
  done
  printf 'warning: %s of %s did not stop in %d seconds; killed\n' "$2" "$1" $(($3 / 10)) >&2
  lab_signal "$1" "$2" KILL
}

# --- topology ---

lab_ns() { printf '%s-%s\n' "$LAB_TAG" "$1"; }
lab_in() { local i=$1; shift; nsenter --net="/run/netns/$(lab_ns "$i")" "$@"; }

lab_nodes() {
  local i
  for ((i = 1; i <= $1; ++i)); do
    ip netns add "$(lab_ns "$i")"
    ip -n "$(lab_ns "$i")" link set lo up
    mkdir -p "$LAB/$i/mesh"
  done
}

lab_link() {
  ip link add "$2" netns "$(lab_ns "$1")" type veth peer name "$4" netns "$(lab_ns "$3")"
  lab_link_up "$1" "$2"
  lab_link_up "$3" "$4"
}

lab_line() {
  local i
  lab_nodes "$1"
  for ((i = 1; i < $1; ++i)); do lab_link "$i" right $((i + 1)) left; done
}

# No duplicate address detection: the link-local address is usable at once instead of after one or two seconds.
lab_link_up() {
  lab_in "$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/'"$2"'/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/'"$2"'/disable_ipv6'
  ip -n "$(lab_ns "$1")" link set "$2" up
}

lab_cut() {
  lab_in "$1" nft -f - <<RULES
add table inet lab
add chain inet lab in { type filter hook input priority 0; }
add chain inet lab out { type filter hook output priority 0; }
add rule inet lab in iifname "$2" drop
add rule inet lab out oifname "$2" drop
RULES
}

lab_loss() {
  lab_in "$1" nft -f - <<RULES
add table inet lab
add chain inet lab in { type filter hook input priority 0; }
add rule inet lab in iifname "$2" numgen random mod 100 < $3 drop
RULES
}

# 16 kB may go at once: less, and the kernel's timer could not keep up 20 Mbit/s.
lab_rate() { lab_in "$1" tc qdisc replace dev "$2" root tbf rate "$3mbit" burst 16kb latency 50ms; }

lab_plain_packets() { lab_in "$1" ethtool -K "$2" tso off gso off gro off tx-udp-segmentation off >"$LAB/ethtool.log" 2>&1; }

lab_heal() { lab_in "$1" nft delete table inet lab 2>/dev/null || true; }

# lab_interfaces I: its links, for example "left right".
lab_interfaces() { lab_in "$1" awk -F: 'NR > 2 && $1 !~ /lo/ {gsub(/ /, "", $1); print $1}' /proc/net/dev; }

lab_wire() { lab_in "$1" awk -v side="$2:" '$1 == side {print $2 + $10}' /proc/net/dev; }

# --- nodes ---

lab_mesh_of() { printf '%s\n' "$LAB/$1/mesh"; }

lab_create() {
  local i=$1 name=$2 from=${3:-}
  mkdir -p "$LAB/$i/mesh"
  if [[ -z $from ]]; then
    "$LAB_BIN/mesh" init lab --node "$name" --state "$LAB/$i/state" >"$LAB/$i/create.log"
  else
    "$LAB_BIN/mesh" join "$("$LAB_BIN/mesh" invite --state "$LAB/$from/state")" --node "$name" \
      --state "$LAB/$i/state" >"$LAB/$i/create.log"
  fi
}

lab_start() {
  local i=$1
  shift
  lab_start_fsd "$i"
  lab_start_syncd "$i" "$@"
}

# Waits for "mounted" in the log: mounting is done when the daemon says so.
lab_start_fsd() {
  local i=$1 folder=$LAB/$1
  : >"$folder/fsd.log"
  # All nodes have this machine's clock, so it may be believed even where NTP has not set it. LAB_CLOCK=none: nobody knows the time.
  setsid "$LAB_BIN/meshfs-fsd" --state "$folder/state" --mount "$folder/mesh" --clock "${LAB_CLOCK:-trusted}" \
    </dev/null >>"$folder/fsd.log" 2>&1 &
  disown
  printf '%s\n' $! >"$folder/fsd.pid"
  lab_wait 30 "node $i did not mount $folder/mesh" lab_mounted_or_dead "$i"
  lab_mounted "$i" || lab_fail "meshfs-fsd of node $i ended: $(tail -n 1 "$folder/fsd.log")"
}

lab_mounted() { grep -q 'mounted ' "$LAB/$1/fsd.log" && mountpoint -q "$LAB/$1/mesh"; }
# Just forked it still has the shell's words, so its id alone is asked for.
lab_mounted_or_dead() { lab_mounted "$1" || ! kill -0 "$(cat "$LAB/$1/fsd.pid")" 2>/dev/null; }

lab_start_syncd() {
  local i=$1 folder=$LAB/$1 side arguments=()
  shift
  for side in $(lab_interfaces "$i"); do arguments+=(--interface "$side"); done
  : >"$folder/syncd.log"
  setsid nsenter --net="/run/netns/$(lab_ns "$i")" "$LAB_BIN/meshfs-syncd" --socket "$folder/state/fsd.sock" \
    "${arguments[@]}" "$@" </dev/null >>"$folder/syncd.log" 2>&1 &
  disown
  printf '%s\n' $! >"$folder/syncd.pid"
}

lab_stop() {
  lab_signal "$LAB/$1" syncd TERM
  lab_gone "$LAB/$1" syncd 50
  lab_signal "$LAB/$1" fsd TERM
  lab_gone "$LAB/$1" fsd 100
}

lab_kill() {
  lab_signal "$LAB/$1" syncd KILL
  lab_signal "$LAB/$1" fsd KILL
  lab_gone "$LAB/$1" syncd 50
  lab_gone "$LAB/$1" fsd 50
}

# --- waiting and looking ---

lab_wait() {
  local seconds=$1 what=$2 end
  shift 2
  end=$((SECONDS + seconds))
  until "$@"; do
    ((SECONDS < end)) || { lab_fail "$what (waited $seconds s)"; return 1; }
    sleep 0.05
  done
}

# lab_status I KEY: a number of the node's live view, for example `lab_status 3 files`.
lab_status() { sed -n "s/.*\"$2\": *\\([0-9]*\\).*/\\1/p" "$LAB/$1/mesh/.mesh/status"; }

# Two nodes hold the same sets: the fingerprints that their daemons compute are equal and nothing is missing.
lab_fingerprints() { tr -d ' \n' <"$LAB/$1/mesh/.mesh/status" | grep -o '"fingerprint":"[0-9a-f]*"' | tr -d '\n'; }
lab_same_sets() {
  local a b
  a=$(lab_fingerprints "$1" 2>/dev/null) && b=$(lab_fingerprints "$2" 2>/dev/null) && [[ -n $a && $a == "$b" ]]
}

# lab_manifest FOLDER: every name with its kind, mode, link target and the sha256 of its bytes, in one order.
lab_manifest() {
  (
    cd "$1" || exit
    find . -mindepth 1 ! -type l -printf '%y %m %p\n' | LC_ALL=C sort
    find . -type l -printf 'l %p -> %l\n' | LC_ALL=C sort
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
  )
}

lab_has() { [[ $(cat "$1" 2>/dev/null) == "$2" ]]; }  # the file holds exactly this text
lab_is_file() { [[ -f $1 ]]; }
lab_absent() { ! [[ -e $1 || -L $1 ]]; }
