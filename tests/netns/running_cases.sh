# shellcheck shell=bash
# Cases of tests/netns/commands: what an issuer sees and does while a command runs, and what one takes of the store.

# What is written under another name first, and renamed, is one entry all the same: one for the command, one for each result.
case_one_entry_each() {
  local id of_command of_result
  id=$(run two uptime --detach)
  lab_wait 10 "it did not run" has_state 1 2 "$id" 'done'
  of_command=$(entries_of 1 "$(newest_command two)")
  of_result=$(entries_of 2 "$LAB/2/mesh/nodes/two/results/$id.json")
  figure "entries of a command: $of_command, of its result: $of_result"
  [[ $of_command == 1 && $of_result == 1 ]] || lab_fail "one of them is more than one entry"
}
newest_command() { find "$LAB/1/mesh/commands/$1" -name '*.json' | sort | tail -n 1; }
entries_of() { "$LAB_BIN/mesh" log "$2" --state "$LAB/$1/state" | sed -n 's/.*: \([0-9]*\) versions*$/\1/p'; }

# What a slow verb says comes to its issuer while it runs.
case_output_comes_while_it_runs() {
  local id file
  id=$(run far slow --detach)
  file=$LAB/1/mesh/nodes/far/results/$id.json
  lab_wait 10 "nothing came while it ran" grep -qs 'line 1' "$file"
  has_state 1 5 "$id" running || lab_fail "it came with its end only: $(cat "$file")"
  if grep -q 'line 3' "$file"; then lab_fail "it came with its end only: $(cat "$file")"; fi
  lab_wait 10 "it does not end" has_state 1 5 "$id" 'done'
  grep -q 'line 3' "$file" || lab_fail "the end of its output is missing"
}

# Ctrl-C while three still has to hear of it: it never begins there; where it had begun it is waited for.
case_interrupt_takes_back_the_rest() {
  local code=0 before id pid
  before=$(ran 3 slow)
  exec_stop 3
  python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$LAB_BIN/mesh" run --mount "$LAB/1/mesh" all slow >"$LAB/out" 2>&1 &
  pid=$!
  lab_wait 10 "it does not begin" grep -q 'far: running' "$LAB/out"
  kill -INT "$pid"
  wait "$pid" || code=$?
  [[ $code == 1 ]] || lab_fail "exit code $code"
  grep 'Taken back' "$LAB/out" | sed 's/^/   said: /'
  grep -q 'It had begun on far, four, roof, two; as far as is known here not on three' "$LAB/out" || lab_fail "it says: $(cat "$LAB/out")"
  id=$(sed -n 's/^command //p' "$LAB/out")
  has_state 1 5 "$id" 'done' || lab_fail "what had begun was not waited for"
  exec_start 3
  sleep 3
  [[ $(ran 3 slow) == "$before" ]] || lab_fail "it ran after it was taken back"
}
