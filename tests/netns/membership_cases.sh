# shellcheck shell=bash
# Cases of tests/netns/run: who is let in, on real daemons.
#
#       [node 1: one, invites] right ---- left [node 2] right ---- left [node 3]

mesh_of() {
  local i=$1
  shift
  "$LAB_BIN/mesh" "$@" --state "$LAB/$i/state"
}
node_is() { mesh_of 1 nodes --mount "$LAB/1/mesh" --json | python3 -c '
import json, sys
sys.exit(0 if any(n["name"] == sys.argv[1] and n["role"] == sys.argv[2] for n in json.load(sys.stdin)["nodes"]) else 1)' "$1" "$2"; }
first_line_says() { "$LAB_BIN/mesh" status --mount "$LAB/$1/mesh" 2>/dev/null | sed -n 1p | grep -qF -- "$2"; }
join_with() {  # I NAME TOKEN
  mkdir -p "$LAB/$1/mesh"
  "$LAB_BIN/mesh" join "$3" "$2" --state "$LAB/$1/state" >"$LAB/$1/create.log"
}

has_no_session() { ! "$LAB_BIN/mesh" peers --mount "$LAB/1/mesh" --json | grep -q '"connected"'; }

# The same token twice, another one, a guest, by approval: with daemons that run all the while.
case_membership() {
  lab_line 3
  lab_create 1 one
  lab_start 1
  local token
  token=$(mesh_of 1 invite)
  [[ $token == meshfs1-* ]] || lab_fail "no token: $token"
  lab_absent "$LAB/1/mesh/nodes/two" || lab_fail "two has a folder before it is let in"
  [[ $(ls "$LAB/1/mesh/nodes") == one ]] || lab_fail "nodes/ holds $(ls "$LAB/1/mesh/nodes")"
  join_with 2 two "$token"
  lab_start 2
  lab_wait 30 "two is not let in" first_line_says 2 '2 nodes, all in sync'
  # The kernel must not remember what it was told before.
  [[ -d $LAB/1/mesh/nodes/two && $(ls "$LAB/1/mesh/nodes") == *two ]] || lab_fail "two's folder does not show at one"
  node_is two member || lab_fail "one does not list two as a member"
  join_with 3 three "$token"
  lab_start 3
  lab_wait 30 "three does not hear that the invite was used" first_line_says 3 'used already by two; ask one for another'
  printf 'waits\n' >"$LAB/3/mesh/nodes/three/early"
  join_with 3 three "$(mesh_of 1 invite --guest --expires 2h)" || lab_fail "three can't join again"
  lab_stop 3
  lab_start 3
  lab_wait 30 "three is not let in" first_line_says 3 'all in sync'
  node_is three guest || lab_fail "three is no guest"
  lab_wait 20 "what it wrote before did not arrive" lab_has "$LAB/1/mesh/nodes/three/early" waits
  printf 'own\n' >"$LAB/3/mesh/nodes/three/own"
  lab_wait 20 "a guest's own file did not arrive" lab_has "$LAB/1/mesh/nodes/three/own" own
  ! printf 'x\n' 2>/dev/null >"$LAB/3/mesh/shared" || lab_fail "a guest wrote into the shared volume"
  expect_refusal 'only admins|not running' "$LAB_BIN/mesh" invite --state "$LAB/2/state"
  # Taken back before anybody used it.
  token=$(mesh_of 1 invite)
  "$LAB_BIN/mesh" nodes --mount "$LAB/1/mesh" | grep -q '^open invite .* by one: 1 node, ends in' || lab_fail "an open invite is not listed"
  expect_refusal 'Only the node that made' "$LAB_BIN/mesh" invite --withdraw "$token" --state "$LAB/2/state"
  mesh_of 1 invite --withdraw "$token"
  ! "$LAB_BIN/mesh" nodes --mount "$LAB/1/mesh" | grep -q '^open invite' || lab_fail "it is still open"
  expect_refusal 'No such invite' "$LAB_BIN/mesh" invite --withdraw 0123456789abcdef --state "$LAB/1/state"
  lab_stop 3
  rm -r "$LAB/3/state"
  join_with 3 late "$token"
  lab_start 3
  lab_wait 30 "who comes with a withdrawn invite is not told" grep -q 'no member, and no invitation of it holds' "$LAB/3/mesh/.mesh/peers"
}

# A first node that does not know the time, as most routers: what nobody asked to end holds until it is used.
case_invite_without_a_clock() {
  # shellcheck disable=SC2034  # lab_start reads it
  local LAB_CLOCK=none token
  lab_line 3
  lab_create 1 one
  token=$(mesh_of 1 invite 2>"$LAB/said")
  grep -q 'not running' "$LAB/said" || lab_fail "it does not say when the invite holds: $(cat "$LAB/said")"
  lab_start 1
  join_with 2 two "$token"
  lab_start 2
  lab_wait 30 "two is not let in" first_line_says 2 '2 nodes, all in sync'
  grep -q 'holds until it is used' "$LAB/1/fsd.log" || lab_fail "the log does not say that the invite has no end"
  expect_refusal 'does not know the time' "$LAB_BIN/mesh" invite --expires 2h --state "$LAB/1/state"
  token=$(mesh_of 1 invite 2>"$LAB/said")
  grep -q 'holds until it is used' "$LAB/said" || lab_fail "nobody is told that the invite has no end: $(cat "$LAB/said")"
  join_with 3 three "$token"
  lab_start 3
  lab_wait 30 "three is not let in" first_line_says 1 '3 nodes, all in sync'
}

case_approval_and_other_networks() {
  lab_line 2
  lab_create 1 one
  lab_start 1
  join_with 2 two "$(mesh_of 1 invite --approve)"
  lab_start 2
  lab_wait 30 "two does not say what it waits for" first_line_says 2 'mesh nodes approve two'
  expect_refusal 'no node of that name' "$LAB_BIN/mesh" nodes approve nobody --mount "$LAB/1/mesh"
  lab_wait 30 "one does not know two" node_is two candidate
  mesh_of 1 nodes approve two --mount "$LAB/1/mesh"
  lab_wait 30 "two is not let in" first_line_says 2 '2 nodes, all in sync'
  expect_refusal 'already' "$LAB_BIN/mesh" nodes approve two --mount "$LAB/1/mesh"
  # Another network of the same name.
  "$LAB_BIN/mesh" init lab --state "$LAB/other" --node far >/dev/null
  expect_refusal 'another one of that name' "$LAB_BIN/mesh" join "$(mesh_of 1 invite)" --state "$LAB/other"
  expect_refusal 'takes a time like' "$LAB_BIN/mesh" invite --expires soon --state "$LAB/1/state"
  # With a passphrase.
  local token
  token=$(mesh_of 1 invite --passphrase --guest <<<'open sesame')
  expect_refusal 'not the passphrase' bash -c "echo wrong | '$LAB_BIN/mesh' join '$token' --state '$LAB/3'"
  "$LAB_BIN/mesh" join "$token" three --state "$LAB/3" <<<'open sesame' >/dev/null || lab_fail "the right passphrase was refused"
}

# The only admin's root key is in a file that is not his node's: policy is signed with it, and by nothing else.
case_root_kept_away() {
  lab_line 2
  mkdir -p "$LAB/1/mesh"
  "$LAB_BIN/mesh" init lab --node one --state "$LAB/1/state" --keep-root "$LAB/root" >/dev/null
  lab_create 2 two 1
  lab_start 1
  lab_start 2
  lab_wait 30 "two is not let in" first_line_says 2 '2 nodes, all in sync'
  local policy=("$LAB_BIN/mesh" policy --mount "$LAB/1/mesh")
  printf 'admins one\ndeny node two write in shared\n' >"$LAB/policy"
  expect_refusal 'say --root FILE' "${policy[@]}" edit "$LAB/policy"
  [[ ! -e $LAB/1/mesh/network/policy ]] || lab_fail "a refused policy left something"
  chmod 644 "$LAB/root"
  expect_refusal 'chmod 600' "${policy[@]}" edit "$LAB/policy" --root "$LAB/root"
  chmod 600 "$LAB/root"
  "$LAB_BIN/mesh" init other --node other --state "$LAB/other" --keep-root "$LAB/other-root" >/dev/null
  expect_refusal 'root key of another node' "${policy[@]}" edit "$LAB/policy" --root "$LAB/other-root"
  "${policy[@]}" | grep -q 'proposed: 0 of 1 signatures; not yet by one' || lab_fail "it is not proposed: $("${policy[@]}")"
  local hash
  hash=$("${policy[@]}" | sed -n 's/^# epoch 1 \([0-9a-f]*\), proposed.*/\1/p')
  [[ $("${policy[@]}" sign "$hash" --root "$LAB/root") == *'in force'* ]] || lab_fail "it is not in force"
  lab_wait 20 "two may still write" two_may_not_write
  printf 'admins one\n' >"$LAB/policy"
  [[ $("${policy[@]}" edit "$LAB/policy" --root "$LAB/root") == *'epoch 2 is in force'* ]] || lab_fail "the next one is not in force"
  [[ $("$LAB_BIN/mesh" revoke two --root "$LAB/root" --mount "$LAB/1/mesh") == *'epoch 3 is in force'* ]] || lab_fail "two is not revoked"
  mesh_of 1 nodes --mount "$LAB/1/mesh" | grep -q 'two.*revoked' || lab_fail "two is not said to be revoked"
}
two_may_not_write() { ! printf x 2>/dev/null >"$LAB/2/mesh/x"; }

# A new device key; the old one, copied before, gets no session and takes no writes.
case_rotation() {
  lab_line 2
  lab_create 1 one
  mkdir -p "$LAB/2/mesh"
  "$LAB_BIN/mesh" join "$(mesh_of 1 invite)" two --state "$LAB/2/state" --keep-root "$LAB/root" >/dev/null
  [[ $(stat -c %a "$LAB/root") == 600 ]] || lab_fail "others may read the root key"
  lab_start 1
  lab_start 2
  lab_wait 30 "two is not let in" first_line_says 2 '2 nodes, all in sync'
  printf 'before\n' >"$LAB/2/mesh/nodes/two/before"
  printf 'for two\n' >"$LAB/1/mesh/sealed"
  "$LAB_BIN/mesh" seal "$LAB/1/mesh/sealed" --to two
  expect_refusal 'root FILE' "$LAB_BIN/mesh" rotate --state "$LAB/2/state" --mount "$LAB/2/mesh"
  chmod 644 "$LAB/root"
  expect_refusal 'chmod 600' "$LAB_BIN/mesh" rotate --root "$LAB/root" --state "$LAB/2/state" --mount "$LAB/2/mesh"
  chmod 600 "$LAB/root"
  lab_stop 2
  cp -a "$LAB/2/state" "$LAB/2/stolen"
  "$LAB_BIN/mesh" rotate --root "$LAB/root" --state "$LAB/2/state" --mount "$LAB/2/mesh"
  lab_start 2
  lab_wait 30 "two does not come back" first_line_says 2 '2 nodes, all in sync'
  printf 'after\n' >"$LAB/2/mesh/nodes/two/after"
  lab_wait 20 "the new key's file did not arrive" lab_has "$LAB/1/mesh/nodes/two/after" after
  lab_has "$LAB/1/mesh/nodes/two/before" before || lab_fail "the old key's file is gone"
  mesh_of 1 nodes --mount "$LAB/1/mesh"
  # What was sealed for the device of before is still read, and sealed for the new one when it is written.
  lab_has "$LAB/2/mesh/sealed" 'for two' || lab_fail "what was sealed for the old key can't be read"
  printf 'by the new key\n' >"$LAB/2/mesh/sealed"
  lab_wait 20 "what the new key sealed can't be read" lab_has "$LAB/1/mesh/sealed" 'by the new key'
  lab_stop 2
  mv "$LAB/2/state" "$LAB/2/new" && mv "$LAB/2/stolen" "$LAB/2/state"
  lab_start 2
  # A session that the new key left behind ends by itself; after that there is none, however often the old key asks.
  lab_wait 120 "the old key got a session" has_no_session
  sleep 10
  has_no_session || lab_fail "the old key got a session"
}
