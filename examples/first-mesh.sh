#!/usr/bin/env bash
# A mesh of three nodes on this machine, in one command.
#
#       [node 1] right ---- left [node 2] right ---- left [node 3]         1 and 3 are not connected
#
# Builds meshfs if needed, gives each node its own daemons, store and mount, copies a real tree into node 1's mount and
# proves with hashes that node 3 has it all; then: an edit, a rename, a delete, a partition, a crash.
# Exit code: 0 all proofs hold, 1 one failed (the daemons' last words are shown), 2 wrong usage, 130 interrupted.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=examples/mesh-lab.sh
source "$top/examples/mesh-lab.sh"

usage() {
  cat <<TEXT
usage: examples/first-mesh.sh [--keep] [DIRECTORY]     DIRECTORY: the tree to copy, default /usr/include
       examples/first-mesh.sh --stop FOLDER            ends a mesh that --keep left running
TEXT
}

keep=no tree=/usr/include
while (($#)); do
  case $1 in
    --keep) keep=yes ;;
    --stop) [[ $# == 2 ]] || { usage >&2; exit 2; }; lab_close_kept "$2"; echo "stopped, nothing is left"; exit ;;
    -h | --help) usage; exit ;;
    -*) usage >&2; exit 2 ;;
    *) tree=${1%/} ;;
  esac
  shift
done
[[ -d $tree ]] || { printf '%s is no directory.\n' "$tree" >&2; exit 2; }

# --- what is shown ---

interactive=no
[[ -t 1 ]] && interactive=yes
title() { printf '\n== %s\n' "$*"; }
proved() { printf '   ok: %s\n' "$*"; }
# On a terminal one line that is rewritten, in a log a line now and then.
progress() {
  if [[ $interactive == yes ]]; then printf '\r\033[K   %s' "$*"; else printf '   %s\n' "$*"; fi
}
progress_end() { if [[ $interactive == yes ]]; then printf '\n'; fi; }

now_ms() { local t=$EPOCHREALTIME; printf '%s\n' $((${t/[.,]/} / 1000)); }
as_seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }
as_megabytes() { awk -v bytes="$1" 'BEGIN {printf "%.1f", bytes / 1e6}'; }

# --- the steps ---

build() {
  if [[ -n ${MESHFS_BIN:-} ]]; then LAB_BIN=$MESHFS_BIN; return; fi
  title "building (first time: a few minutes)"
  "$top/cmake/setup-debian" build
  (cd "$top" && cmake --preset release >/dev/null && cmake --build build/release --target meshfs-fsd meshfs-syncd mesh)
  LAB_BIN=$top/build/release/bin
}

start_nodes() {
  title "three nodes in a line"
  lab_line 3
  lab_create 1 one
  lab_create 2 two 1
  lab_create 3 three 1
  local i
  for i in 1 2 3; do
    lab_start "$i"
    lab_say "   node $i: mount $(lab_mesh_of "$i")"
  done
  one=$(lab_mesh_of 1) two=$(lab_mesh_of 2) three=$(lab_mesh_of 3)
}

copy_tree() {
  name=$(basename "$tree")
  local total start
  total=$(find "$tree" -mindepth 1 | wc -l)
  files=$(find "$tree" -type f | wc -l)
  bytes=$(find "$tree" -type f -printf '%s\n' | awk '{sum += $1} END {print sum + 0}')
  title "copying $tree into node 1: $files files, $(as_megabytes "$bytes") MB"
  start=$(now_ms)
  mkdir "$one/$name"
  cp -av --no-preserve=links "$tree/." "$one/$name/" | show_copied "$total"
  progress_end
  copied_ms=$(($(now_ms) - start))
  await_arrival "$start"
  title "proof: names, kinds, modes, links and the sha256 of every file"
  lab_manifest "$tree" >"$LAB/source.manifest"
  lab_manifest "$three/$name" >"$LAB/three.manifest"
  diff "$LAB/source.manifest" "$LAB/three.manifest" >"$LAB/diff" || lab_fail "node 3 differs: $(head -n 5 "$LAB/diff")"
  proved "node 3, which node 1 never talked to, has all $files files, $(wc -l <"$LAB/three.manifest") lines of manifest equal"
}

show_copied() {
  local count=0 shown=$SECONDS step=1
  [[ $interactive == yes ]] || step=5
  while IFS= read -r _; do
    count=$((count + 1))
    if ((SECONDS >= shown + step)); then
      shown=$SECONDS
      progress "copied $count of $1; node 3 knows of $(lab_status 3 files) files"
    fi
  done
  progress "copied $count of $1"
}

# Waits as long as something moves; fails after 60 s of standstill.
await_arrival() {
  local state last='' moved=$SECONDS shown=0 step=1
  [[ $interactive == yes ]] || step=5
  until lab_same_sets 1 3 && [[ $(lab_status 3 missing_blobs) == 0 && $(lab_status 3 pending) == 0 ]]; do
    state="node 3 has $(lab_status 3 files) files; contents still missing: $(lab_status 3 missing_blobs)"
    if [[ $state != "$last" ]]; then last=$state moved=$SECONDS; fi
    ((SECONDS < moved + 60)) || lab_fail "nothing moved for 60 s; $state"
    if ((SECONDS >= shown + step)); then shown=$SECONDS; progress "$state"; fi
    sleep 0.1
  done
  arrived_ms=$(($(now_ms) - $1))
  progress "node 3 has it all after $(as_seconds "$arrived_ms") s"
  progress_end
}

edit_on_three() {
  title "an edit on node 3, seen on node 1"
  local victim start
  victim=$(cd "$three/$name" && find . -type f -size +0 | LC_ALL=C sort | awk 'NR == 1')
  start=$(now_ms)
  printf 'edited on node 3\n' >>"$three/$name/$victim"
  lab_wait 20 "the edit of $victim did not reach node 1" cmp -s "$three/$name/$victim" "$one/$name/$victim"
  [[ $(tail -n 1 "$one/$name/$victim") == 'edited on node 3' ]] || lab_fail "node 1 shows other bytes in $victim"
  proved "$victim after $(as_seconds $(($(now_ms) - start))) s"
}

rename_directory() {
  title "renaming the whole directory on node 1"
  local before start
  before=$(lab_wire 3 left)
  start=$(now_ms)
  mv "$one/$name" "$one/$name.renamed"
  lab_wait 20 "node 3 does not show the new name" test -d "$three/$name.renamed"
  rename_ms=$(($(now_ms) - start))
  rename_bytes=$(($(lab_wire 3 left) - before))
  name=$name.renamed
  lab_absent "$three/${name%.renamed}" || lab_fail "node 3 still shows the old name"
  proved "$files files have a new path on node 3 after $(as_seconds "$rename_ms") s for $rename_bytes bytes on the wire"
}

delete_directory() {
  title "deleting a part of it on node 1"
  local victim count
  victim=$(cd "$one/$name" && find . -type f | LC_ALL=C sort | awk '{name[NR] = $0} END {print name[int((NR + 1) / 2)]}')
  if [[ $(dirname "$victim") != . ]]; then victim=$(dirname "$victim"); fi
  count=$(find "$one/$name/$victim" | wc -l)
  rm -r "$one/${name:?}/$victim"
  lab_wait 30 "$victim is still there on node 3" lab_absent "$three/$name/$victim"
  proved "$victim ($count names) is gone on node 3 too"
}

partition_and_heal() {
  title "a partition: node 3 alone, both sides write"
  printf 'agreed\n' >"$one/plan.txt"
  lab_wait 20 "plan.txt did not reach node 3" lab_has "$three/plan.txt" agreed
  lab_cut 3 left
  printf 'written by one\n' >"$one/plan.txt"
  printf 'written by three\n' >"$three/plan.txt"
  printf 'only here\n' >"$one/island-one.txt"
  printf 'only here\n' >"$three/island-three.txt"
  sleep 1
  lab_absent "$one/island-three.txt" || lab_fail "the partition leaks"
  lab_heal 3
  lab_wait 60 "node 1 lacks what node 3 wrote alone" lab_has "$one/island-three.txt" 'only here'
  lab_wait 60 "node 3 lacks what node 1 wrote alone" lab_has "$three/island-one.txt" 'only here'
  local i
  for i in 1 2 3; do lab_wait 30 "node $i does not show both versions of plan.txt" both_versions "$(lab_mesh_of "$i")"; done
  proved "healed; every node shows both versions:"
  (cd "$three" && for file in plan.txt*; do printf '      %-46s %s\n' "$file" "$(<"$file")"; done)
}

both_versions() {
  local versions
  versions=$(cat "$1"/plan.txt "$1"/plan.txt~conflict-* 2>/dev/null | LC_ALL=C sort)
  [[ $versions == $'written by one\nwritten by three' ]]
}

crash_and_restart() {
  title "kill -9 of both daemons of node 2, right after an fsync"
  head -c 300000 /dev/urandom >"$LAB/precious"
  dd if="$LAB/precious" of="$two/precious" bs=64k conv=fsync status=none
  lab_kill 2
  printf 'written while two was dead\n' >"$three/meanwhile.txt"
  lab_start 2
  cmp "$LAB/precious" "$two/precious" || lab_fail "node 2 lost what its fsync had promised"
  proved "node 2 is back with every byte"
  local i
  for i in 1 3; do lab_wait 60 "node $i lacks /precious" cmp -s "$LAB/precious" "$(lab_mesh_of "$i")/precious"; done
  lab_wait 60 "node 1 lacks what was written meanwhile" lab_has "$one/meanwhile.txt" 'written while two was dead'
  proved "nodes 1 and 3 have it, and what was written meanwhile went through"
}

compare_all() {
  title "last proof: the same tree everywhere"
  local i
  lab_wait 60 "the nodes' sets stay different" lab_same_sets 1 3
  lab_wait 60 "the nodes' sets stay different" lab_same_sets 1 2
  for i in 1 2 3; do lab_manifest "$(lab_mesh_of "$i")/$name" >"$LAB/$i.manifest"; done
  for i in 2 3; do
    diff "$LAB/1.manifest" "$LAB/$i.manifest" >"$LAB/diff" || lab_fail "node $i differs: $(head -n 5 "$LAB/diff")"
  done
  proved "$(wc -l <"$LAB/1.manifest") lines of manifest equal on nodes 1, 2 and 3"
  lab_wait 20 "mesh status on node 2 does not say so" says_all_in_sync "$two"
  proved "mesh status says: $("$LAB_BIN/mesh" status --mount "$two" | sed -n 1p)"
}

says_all_in_sync() { [[ $("$LAB_BIN/mesh" status --mount "$1" | sed -n 1p) == '3 nodes, all in sync' ]]; }

table() {
  title "what it took"
  printf '   %-34s %12s\n' \
    'files' "$files" 'bytes' "$bytes" 'seconds, cp into node 1' "$(as_seconds "$copied_ms")" \
    'seconds, complete on node 3' "$(as_seconds "$arrived_ms")" 'bytes on the wire, link 1-2' "$(lab_wire 2 left)" \
    'bytes on the wire, link 2-3' "$(lab_wire 3 left)" 'bytes on link 2-3 for the rename' "$rename_bytes"
}

explain_kept() {
  lab_keep
  cat <<TEXT

The mesh is still up. Look around:
   ls -l $one $two $three
   $LAB_BIN/mesh status --mount $one          $LAB_BIN/mesh peers --mount $two
   $LAB_BIN/mesh ls -l $three
   ip netns exec $(lab_ns 2) ip -s link            (node 2's two links)
   tail -f $LAB/2/syncd.log
Stop it:
   $top/examples/first-mesh.sh --stop $LAB
TEXT
}

build
lab_open first
start_nodes
copy_tree
edit_on_three
rename_directory
delete_directory
partition_and_heal
crash_and_restart
compare_all
table
if [[ $keep == yes ]]; then explain_kept; fi
printf '\nAll proofs hold.\n'
