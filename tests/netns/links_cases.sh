# shellcheck shell=bash
# Cases of tests/netns/run: links that break and come back, and a neighbour that is let in no more.
#
#       [node 1: one] right ---- left [node 2: two]

shows_peer() { grep -qF -- "$2" "$LAB/$1/mesh/.mesh/peers"; }
shows_no_peer() { ! shows_peer "$@"; }
# handshakes_of I KEY: xx, ik or bytes, of node I's syncd since it started.
handshakes_of() { grep -oP "\"handshakes\":\{[^}]*\"$2\":\K[0-9]+" "$LAB/$1/mesh/.mesh/peers"; }

# Two members in session, by credentials that do not change any more: a candidate's has no proof yet.
two_members() {
  lab_line 2
  lab_create 1 one
  lab_create 2 two 1
  lab_start 1
  lab_start 2
  lab_wait 30 "two is not let in" first_line_says 2 '2 nodes, all in sync'
  lab_stop 2
  lab_start 2
  lab_wait 30 "two does not come back" shows_peer 1 '"handshake":"xx"'
  lab_wait 30 "two does not come back" first_line_says 2 '2 nodes, all in sync'
}

# The path is gone for so long that both sessions end. What is written meanwhile arrives, by a handshake without credentials.
case_links_come_back() {
  two_members
  local before after xx
  for ((i = 1; i <= 2; ++i)); do
    lab_cut 2 left
    date >"$LAB/1/mesh/written-$i"
    date >"$LAB/2/mesh/written-back-$i"
    lab_wait 90 "one keeps its session" shows_no_peer 1 '"connected"'
    lab_wait 90 "two keeps its session" shows_no_peer 2 '"connected"'
    sleep 16  # what either begins in vain ends, with XX; and a quiet node tells of itself every ten seconds
    xx=$(handshakes_of 1 xx)
    before=$(handshakes_of 1 bytes)
    lab_heal 2
    lab_wait 120 "one's file did not arrive" cmp -s "$LAB/1/mesh/written-$i" "$LAB/2/mesh/written-$i"
    lab_wait 30 "two's file did not arrive" cmp -s "$LAB/1/mesh/written-back-$i" "$LAB/2/mesh/written-back-$i"
    lab_wait 20 "they did not meet by IK" shows_peer 1 '"handshake":"ik"'
    lab_wait 20 "they did not meet by IK" shows_peer 2 '"handshake":"ik"'
    after=$(handshakes_of 1 bytes)
    printf '   %s sessions by XX, %s by IK; %s bytes of handshakes since the path came back\n' \
      "$(handshakes_of 1 xx)" "$(handshakes_of 1 ik)" "$((after - before))"
    [[ $(handshakes_of 1 xx) == "$xx" ]] || lab_fail "a credential went over the link again"
    ((after - before < 1400)) || lab_fail "it cost as much as XX"
  done
}

# A revoked node hears once that it is, says so, and lets its neighbour be.
case_revoked_neighbour() {
  two_members
  mesh_of 1 revoke two --mount "$LAB/1/mesh"
  lab_wait 60 "two does not say that it was refused" grep -q 'neighbour one refused: this node was revoked' "$LAB/2/syncd.log"
  lab_wait 20 "two does not show it" shows_peer 2 '"state":"refused","reason":"told us: this node was revoked'
  "$LAB_BIN/mesh" status --mount "$LAB/2/mesh" >"$LAB/status" || true
  grep -q 'one refuses this node: this node was revoked' "$LAB/status" || lab_fail "mesh status says: $(cat "$LAB/status")"
  lab_wait 20 "one does not show it" shows_peer 1 '"state":"refused","reason":"told it: this node was revoked'
  sleep 25  # its own roster changes, too, so it asks once more; and a quiet node tells of itself every ten seconds
  local before
  before=$(handshakes_of 1 bytes)
  sleep 30
  (($(handshakes_of 1 bytes) == before)) || lab_fail "handshakes go on that nobody takes part in"
  (($(grep -c 'refused:' "$LAB/2/syncd.log") <= 2)) || lab_fail "it says so again and again"
}
