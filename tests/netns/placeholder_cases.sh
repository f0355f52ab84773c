# shellcheck shell=bash disable=SC2154
# Cases of tests/netns/run about content that a node does not keep.

# keep_of I KEY: a figure of `mesh keep`.
keep_of() { "$LAB_BIN/mesh" keep --mount "$LAB/$1/mesh" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"; }
within_budget() { (($(keep_of "$1" kept_bytes) <= $2 && $(keep_of "$1" fetching_bytes) == 0)); }
state_is() { [[ $(getfattr --only-values -n user.mesh.state "$1" 2>/dev/null) == "$2" ]]; }

# 8 MB of flash, two hops away from who writes: it keeps what fits, fetches the rest when opened, says what it dropped.
# The admin's disk of 64 MiB fills up with what is not the mesh's: told at 85 %, from 90 % nothing of others is fetched, from 95 % only
# deletes are taken and what the network is ruled by, and all is well again once there is room.
case_disk_thresholds() {
  lab_line 2
  mkdir -p "$LAB/1/state"
  truncate -s 64M "$LAB/disk"
  mkfs.ext4 -q -m 0 -O ^has_journal "$LAB/disk"
  mount -o loop "$LAB/disk" "$LAB/1/state"
  lab_create 1 one
  lab_create 2 two 1
  lab_start 1
  lab_start 2
  printf 'before\n' >"$LAB/1/mesh/before"
  printf 'of two\n' >"$LAB/2/mesh/theirs"
  lab_wait 30 "node 2 is not in sync" cmp -s "$LAB/1/mesh/before" "$LAB/2/mesh/before"
  lab_wait 30 "node 1 is not in sync" cmp -s "$LAB/1/mesh/theirs" "$LAB/2/mesh/theirs"
  fill_to 87
  lab_wait 20 "a disk of 85 % is not told of" grep -q 'the disk is 8[5-9] % full' "$LAB/1/fsd.log"
  printf 'still\n' >"$LAB/1/mesh/still" || lab_fail "87 % took no write"
  fill_to 92
  lab_wait 20 "it goes on fetching at 92 %" grep -q 'no content of others is fetched' "$LAB/1/fsd.log"
  head -c 200000 /dev/urandom >"$LAB/2/mesh/large"
  lab_wait 30 "sets differ for a disk that is nearly full" lab_same_sets 1 2
  sleep 2
  ! "$LAB_BIN/mesh" ls -l "$LAB/1/mesh/large" | grep -q published || lab_fail "it was fetched at 92 %"
  fill_to 97
  lab_wait 20 "it takes writes at 97 %" no_space_for "$LAB/1/mesh/more"
  rm "$LAB/1/mesh/before" || lab_fail "deletes must work"
  lab_wait 30 "the delete does not travel" test ! -e "$LAB/2/mesh/before"
  "$LAB_BIN/mesh" revoke two --mount "$LAB/1/mesh" | grep -q 'in force' || lab_fail "nobody can be revoked on a full disk"
  lab_wait 30 "the revocation does not travel" revoked_at_2
  [[ -e $LAB/1/mesh/theirs ]] || lab_fail "what was here before the revocation is gone"
  rm "$LAB/1/state/ballast"
  lab_wait 30 "with room again it takes no writes" took "$LAB/1/mesh/more"
}
# Of the disk, with a file that is not the mesh's.
fill_to() {
  local size used
  size=$(df -B 1024 --output=size "$LAB/1/state" | tail -1)
  used=$((size - $(df -B 1024 --output=avail "$LAB/1/state" | tail -1)))
  [[ ! -e $LAB/1/state/ballast ]] || used=$((used - $(du -k "$LAB/1/state/ballast" | cut -f1)))
  fallocate -l "$((size * $1 / 100 - used))K" "$LAB/1/state/ballast"
}
no_space_for() { [[ $(LC_ALL=C dd if=/dev/zero of="$1.$SECONDS" bs=1000 count=1 2>&1) == *'No space left'* ]]; }
took() { printf 'more\n' 2>/dev/null >"$1"; }
revoked_at_2() { "$LAB_BIN/mesh" policy --mount "$LAB/2/mesh" | grep -q '^# revoked: two'; }

case_small_router() {
  lab_line 3
  mkdir -p "$LAB/3/state"
  truncate -s 8M "$LAB/flash"
  mkfs.ext4 -q -m 0 -O ^has_journal "$LAB/flash"
  mount -o loop "$LAB/flash" "$LAB/3/state"
  lab_create 1 one
  lab_create 2 node2 1
  lab_create 3 small 1
  printf 'budget 1M\nmax-file 400K\nthis is no rule\n' >"$LAB/3/state/keep"
  local i
  for i in 1 2 3; do lab_start "$i"; done
  grep -q 'line 3: "this" is no rule' "$LAB/3/fsd.log" || lab_fail "a wrong line of the rules is not named"
  mkdir "$LAB/1/mesh/docs"
  for ((i = 0; i < 24; ++i)); do head -c 80000 /dev/urandom >"$LAB/1/mesh/docs/$i"; done
  head -c 600000 /dev/urandom >"$LAB/1/mesh/film"
  head -c 3000000 /dev/urandom >"$LAB/1/mesh/image"
  lab_wait 60 "node 2 does not hold everything" cmp -s "$LAB/1/mesh/image" "$LAB/2/mesh/image"
  lab_wait 60 "sets differ for what a node keeps" lab_same_sets 1 3
  lab_wait 30 "the small node is over its budget, or never done" within_budget 3 1048576
  (($(keep_of 3 placeholders) >= 13)) || lab_fail "$(keep_of 3 placeholders) placeholders"
  state_is "$LAB/3/mesh/film" placeholder || lab_fail "the film is no placeholder"
  [[ $(stat -c %s "$LAB/3/mesh/film") == 600000 ]] || lab_fail "a placeholder shows a wrong size"
  cmp "$LAB/1/mesh/film" "$LAB/3/mesh/film" || lab_fail "opening the film did not bring it"
  state_is "$LAB/3/mesh/film" published || lab_fail "what was opened is not here"
  grep -rq 'no such words' "$LAB/3/mesh/docs" || true
  for ((i = 0; i < 24; ++i)); do cmp "$LAB/1/mesh/docs/$i" "$LAB/3/mesh/docs/$i" || lab_fail "docs/$i came wrong"; done
  lab_wait 90 "what was opened does not make room again" within_budget 3 1048576
  (($(keep_of 3 dropped) > 0)) || lab_fail "it does not say what it dropped"
  ! cat "$LAB/3/mesh/image" >"$LAB/said" 2>&1 || lab_fail "3 MB came into a budget of 1 MB"
  grep -q 'File too large' "$LAB/said" || lab_fail "expected EFBIG, got: $(cat "$LAB/said")"
  grep -q '"too_large":\[{"path":"/image"' "$LAB/3/mesh/.mesh/transfers" || lab_fail ".mesh/transfers does not tell of what is too large"
  # Appending needs the bytes before it; what is written anew needs none.
  mesh_of 3 drop "$LAB/3/mesh/docs/1" >/dev/null || true
  printf 'tail\n' >>"$LAB/3/mesh/docs/1"
  cp "$LAB/1/mesh/docs/1" "$LAB/whole"
  lab_wait 30 "what was appended on the small node did not travel" ends_with_tail "$LAB/1/mesh/docs/1"
  [[ $(stat -c %s "$LAB/1/mesh/docs/1") == 80005 ]] || lab_fail "appending to a placeholder lost bytes"
  # Pinned is kept and stays.
  mesh_of 3 pin "$LAB/3/mesh/docs/2" "$LAB/3/mesh/docs/3" >/dev/null
  lab_wait 30 "what is pinned does not come" state_is "$LAB/3/mesh/docs/2" published
  ! mesh_of 3 drop "$LAB/3/mesh/docs/2" >/dev/null 2>&1 || lab_fail "what is pinned was dropped"
  (($(stat -f -c %a "$LAB/3/state") > 0)) || lab_fail "the flash ran full"
  lab_stop 3
  lab_start 3
  cmp "$LAB/1/mesh/docs/3" "$LAB/3/mesh/docs/3" || lab_fail "a restart lost what was kept"
}
ends_with_tail() { [[ $(tail -c 5 "$1") == tail ]]; }

# Whoever reads what nobody in reach has gets an answer, and the log says who was heard.
case_nobody_has_it() {
  line_of 2
  "$LAB_BIN/mesh" keep --mount "$LAB/2/mesh" --not '*' >/dev/null
  head -c 50000 /dev/urandom >"$LAB/1/mesh/map"
  lab_wait 30 "the placeholder does not show" state_is "$LAB/2/mesh/map" placeholder
  lab_kill 1
  cat "$LAB/2/mesh/map" >/dev/null 2>&1 &
  local reader=$!
  lab_wait 5 "nothing waits" grep -q '"path":"/map"' "$LAB/2/mesh/.mesh/transfers"
  kill -INT "$reader" 2>/dev/null || kill "$reader"
  kill "$reader" 2>/dev/null || true
  lab_wait 5 "a reader that waits can't be interrupted" lab_absent "/proc/$reader/stat"
  local said code=0
  said=$(LC_ALL=C cat "$LAB/2/mesh/map" 2>&1 >/dev/null) || code=$?
  ((code == 1)) || lab_fail "reading what nobody has ended with $code"
  grep -q 'No route to host' <<<"$said" || lab_fail "expected EHOSTUNREACH, got: $said"
  grep -q '/map could not be fetched: nothing of it came for 30 s; no node in reach' "$LAB/2/fsd.log" || lab_fail "the log does not say who has it"
  lab_start 1
  cmp "$LAB/1/mesh/map" "$LAB/2/mesh/map" || lab_fail "it does not come once somebody has it"
}
