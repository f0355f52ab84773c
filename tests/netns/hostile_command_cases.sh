# shellcheck shell=bash disable=SC2016,SC2154
# Cases of tests/netns/commands: what nobody should tell a node, on real nodes; refused or bounded, seen by the issuer, and others are
# served meanwhile.

# verbs_for_hostiles I: a verb for each type of argument, one that floods and two that leave processes behind. What they leave sleeps
# for $marker seconds, by which it is found.
marker=$((61000 + RANDOM % 1000))
verbs_for_hostiles() {
  local i=$1 type more
  for type in text integer host address interface path mesh-path choice bool hash; do
    more=()
    case $type in
      integer) more=('min = 1' 'max = 20') ;;
      path) more=("root = \"$LAB\"") ;;
      choice) more=('choices = ["on", "off"]') ;;
      bool) more=('flag = "--yes"') ;;
      hash) more=('of = "file"' '[[parameter]]' 'name = "file"' 'type = "mesh-path"') ;;
    esac
    verb "$i" "each-$type" 'argv = ["/usr/bin/printf", "%s", "{word}"]' '[[parameter]]' 'name = "word"' "type = \"$type\"" "${more[@]}"
  done
  printf '%s\n' 'trap "" TERM' 'yes & yes & yes' >"$LAB/flood.sh"
  verb "$i" flood "argv = [\"/bin/sh\", \"$LAB/flood.sh\"]"
  printf '%s\n' 'for n in 1 2 3; do setsid sh -c "trap \"\" TERM HUP; (setsid sleep '$marker' &); sleep '$marker'" & done' "sleep $marker" >"$LAB/forks.sh"
  verb "$i" forks "argv = [\"/bin/sh\", \"$LAB/forks.sh\"]" 'timeout = "2s"'
  printf '%s\n' "setsid sh -c 'setsid sleep $marker & sleep $marker' >/dev/null 2>&1 &" 'echo left' >"$LAB/leaves.sh"
  verb "$i" leaves "argv = [\"/bin/sh\", \"$LAB/leaves.sh\"]"
}
left_behind() { grep -lsz "^$marker" /proc/[0-9]*/cmdline | wc -l; }

# All pieces of injections through every type of argument: refused, or the program gets exactly that word.
case_injections_in_every_argument() {
  python3 "$top/tests/netns/bad_arguments.py" "$LAB_BIN/mesh" "$LAB/1/mesh" four "$LAB/owned"
  [[ ! -e $LAB/owned ]] || lab_fail "an argument was run"
  local code=0
  run four each-integer 21 >"$LAB/out" || code=$?
  [[ $code == 1 && $(<"$LAB/out") == *'a number from 1 to 20'* ]] || lab_fail "its issuer is not told why: $(cat "$LAB/out")"
}

# Milliseconds that `uptime` takes on two, a line each, until the file is there.
uptimes_until() {
  local begin
  while true; do
    begin=$(date +%s%N)
    run two uptime >"$LAB/out" || lab_fail "uptime failed: $(cat "$LAB/out")"
    printf '%d\n' $((($(date +%s%N) - begin) / 1000000))
    [[ ! -e $1 ]] || return 0
  done
}
middle_and_worst() { sort -n "$1" | awk '{a[NR] = $1} END {printf "median %d ms, worst %d ms of %d", a[int((NR + 1) / 2)], a[NR], NR}'; }

case_floods_disturb_nobody() {
  local id ids=() watcher
  rm -f "$LAB/flooded"
  (sleep 1.5; touch "$LAB/flooded") &
  uptimes_until "$LAB/flooded" >"$LAB/quiet"
  rm -f "$LAB/flooded"
  while ((${#ids[@]} < 3)); do ids+=("$(run two flood --detach)"); done
  (for id in "${ids[@]}"; do until has_state 1 2 "$id" failed; do sleep 0.1; done; done; touch "$LAB/flooded") &
  watcher=$!
  uptimes_until "$LAB/flooded" >"$LAB/flooding"
  wait "$watcher"
  figure "uptime on a quiet node: $(middle_and_worst "$LAB/quiet"); beside three floods: $(middle_and_worst "$LAB/flooding")"
  for id in "${ids[@]}"; do
    local file=$LAB/1/mesh/nodes/two/results/$id.json
    grep -q 'bytes of output' "$file" || lab_fail "why it ended is not told: $(cut -c 1-300 "$file")"
    [[ $(stat -c %s "$file") -le 262144 ]] || lab_fail "its result has $(stat -c %s "$file") bytes"
  done
  local bytes
  bytes=$(sed -n 's/.*"outputBytes": *"\{0,1\}\([0-9]*\).*/\1/p' "$file")
  [[ $bytes -gt 67108864 && $bytes -lt 68157440 ]] || lab_fail "$bytes bytes were read, not 64 MiB and what was in the pipe"
  figure "read: $bytes bytes; mesh-exec at its most: $(awk '/VmHWM/ {print $2}' "/proc/$(cat "$LAB/2/exec.pid")/status") kB"
}

case_forks_that_hang_are_ended() {
  local id other
  id=$(run two forks --detach)
  other=$(run two leaves --detach)
  lab_wait 10 "it does not run" has_state 1 2 "$id" running
  run two uptime >"$LAB/out" || lab_fail "another verb does not answer: $(cat "$LAB/out")"
  lab_wait 20 "it was not ended" has_state 1 2 "$id" failed
  lab_wait 20 "what left processes behind has no end" has_state 1 2 "$other" 'done'
  printf '   said: %s\n' "$(reason_of 1 2 "$id")"
  [[ $(left_behind) == 0 ]] || lab_fail "$(left_behind) processes are left"
}

# Who is meant is asked when it begins, not when it was told.
case_targets_that_change() {
  local id four far
  four=$(ran 4 count) far=$(ran 5 count)
  group_is four
  lab_wait 20 "the group is not known" eval "tr -d ' \n' <'$LAB/4/mesh/.mesh/status' | grep -q '\"groups\":{\"ops\"'"
  id=$(run @ops count --not-before 6s --detach)
  lab_wait 20 "it does not wait on four" has_state 1 4 "$id" accepted
  group_is far
  lab_wait 30 "who is in the group now did not run it" has_state 1 5 "$id" 'done'
  lab_wait 30 "who left the group does not say so" has_state 1 4 "$id" cancelled
  printf '   said: %s\n' "$(reason_of 1 4 "$id")"
  "$LAB_BIN/mesh" results "$id" --mount "$LAB/1/mesh" >"$LAB/out" || true
  grep -q 'far.*done' "$LAB/out" || lab_fail "mesh results does not show it: $(cat "$LAB/out")"
  [[ $(ran 4 count) == "$four" && $(ran 5 count) == $((far + 1)) ]] || lab_fail "it ran $(($(ran 4 count) - four)) and $(($(ran 5 count) - far)) times"
}
group_is() {
  "$LAB_BIN/mesh" policy --mount "$LAB/1/mesh" --state "$LAB/1/state" | sed '/^group ops/d' >"$LAB/policy"
  printf 'group ops %s\n' "$1" >>"$LAB/policy"
  "$LAB_BIN/mesh" policy edit "$LAB/policy" --mount "$LAB/1/mesh" --state "$LAB/1/state" >"$LAB/out" || lab_fail "no policy: $(cat "$LAB/out")"
}
