# shellcheck shell=bash disable=SC2016
# Cases of tests/cli/orders. Sourced.
#
#   answer NODE MEMBERS [FILE]   writes that node's result of the newest command, or of FILE; MEMBERS are JSON after its id
#   begin CMD...                 runs it in the background: $job, its output in $LAB/said
#   ends CODE                    the job ends with it within 10 s

newest() { find "$LAB/mesh/commands" -name '*.json' ! -name '.*' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-; }
has_id() { [[ -n $(newest) ]] && getfattr -n user.mesh.edition "$(newest)" >/dev/null 2>&1; }
soon() {
  local i
  for ((i = 0; i < 500; i++)); do
    if "$@"; then return; fi
    sleep 0.02
  done
  lab_fail "did not come: $*"
}

answer() {
  local id folder=$LAB/mesh/nodes/$1/results
  id=$(entry_of "${3:-$(newest)}")
  mkdir -p "$folder"
  printf '{"command":"%s"%s}\n' "$id" "$2" >"$folder/.new"
  mv "$folder/.new" "$folder/$id.json"
}

begin() {
  # A shell without job control starts what is in the background with SIGINT ignored; Python gives it back.
  python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$LAB_BIN/mesh" "$@" >"$LAB/said" 2>&1 </dev/null &
  job=$!
  soon has_id
}
ends() {
  local code=0 i
  for ((i = 0; i < 500; i++)); do
    kill -0 "$job" 2>/dev/null || break
    sleep 0.02
  done
  if kill -0 "$job" 2>/dev/null; then kill -KILL "$job"; lab_fail "it does not end: $(<"$LAB/said")"; fi
  wait "$job" || code=$?
  ((code == $1)) || lab_fail "exit code $code, not $1: $(<"$LAB/said")"
}
said() { grep -qF -e "$1" "$LAB/said" || lab_fail "expected '$1', got: $(<"$LAB/said")"; }

done_with() { printf ',"state":"done","exitCode":0,"tookMs":200,"output":"%s"' "$1"; }

case_checks_can_fail() {
  fails expect 0 '' -- mesh results 00000000
  begin run all uptime --timeout 1
  fails ends 0
  fails said 'never said'
}

case_run_shows_what_became_of_it() {
  begin run all uptime now --reason 'a "quoted" one'
  python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
assert j == {"verb": "uptime", "arguments": ["now"], "targets": ["all"], "reason": "a \"quoted\" one"}, j' "$(newest)" || lab_fail "another command was written"
  [[ $(newest) == "$LAB"/mesh/commands/all/20270115T080000-uptime-*.json ]] || lab_fail "the name is $(newest)"
  [[ -z $(find "$LAB/mesh/commands" -name '.*') ]] || lab_fail "something lies about"
  answer school ',"state":"running"'
  answer farm "$(done_with 'up 3 days\n')"
  sleep 0.3
  answer school "$(done_with 'up 3 days\n')"
  answer roof ',"state":"done","exitCode":0,"output":"up 1 day"'
  ends 0
  said "command $(entry_of "$(newest)")"
  said 'school: running'
  said 'farm: done, exit code 0, 0.2 s'
  said '2 nodes said (farm, school):'
  said 'roof said:'
}

case_run_for_some() {
  printf '{"labels":["site=school"]}' >"$LAB/mesh/nodes/school/card.json"
  printf '{"labels":["site=schools"]}' >"$LAB/mesh/nodes/farm/card.json"
  begin run site=school uptime --json
  answer school "$(done_with x)"
  ends 0
  python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
assert j["verdict"] == "done" and [r["node"] for r in j["results"]] == ["school"], j' "$LAB/said" || lab_fail "wrong JSON: $(<"$LAB/said")"
  rm "$(newest)"
  begin run school uptime
  [[ $(newest) == "$LAB"/mesh/commands/school/* ]] || lab_fail "it lies in $(newest)"
  answer school ',"state":"refused","reason":"not from you"'
  ends 1
  said 'school: refused: not from you'
  rm "$(newest)"
  # The status here tells no groups: who answers is shown.
  begin run @backbone uptime --timeout 8
  answer farm ',"state":"failed","exitCode":3,"output":"no\n"'
  ends 1
  said 'farm: failed, exit code 3'
}

case_detach_and_results() {
  local id
  id=$(mesh run roof ping school --detach)
  [[ $id == "$(entry_of "$(newest)")" ]] || lab_fail "the id is $id"
  mesh run all uptime --dry-run --order farthest-first --not-before 2h --expires 3h --confirm-within 5m --detach --json | get 'j["id"]' >"$LAB/second"
  grep -l uptime "$LAB"/mesh/commands/all/*.json | xargs cat | get '(j["dryRun"], j["order"], j["notBefore"], j["expiresAfter"], j["confirmWithin"])' >"$LAB/fields"
  grep -qF "(True, 'farthestFirst', '2027-01-15T10:00:00Z', '3h', '5m')" "$LAB/fields" || lab_fail "wrong fields: $(<"$LAB/fields")"
  answer roof "$(done_with pong)" "$(echo "$LAB"/mesh/commands/roof/*.json)"
  says '1 of 1' -- mesh results
  says '0 of 3' -- mesh results
  json 'len(j) == 2 and {(c["verb"], c["issuer"], c["answered"], c["expected"]) for c in j} == {("ping", "roof", 1, 1), ("uptime", "roof", 0, 3)}' -- mesh results --json
  json 'len(j) == 1' -- mesh results --json --limit 1
  expect 0 'pong' -- mesh results "${id:0:10}"
  says 'ping school to roof by roof' -- mesh results "$id"
  expect 5 'waiting' -- mesh results "$(<"$LAB/second")"
  json 'j["results"][0]["output"] == "pong" and j["verdict"] == "done"' -- mesh results "$id" --json
  # A command that names nobody is for whom its directory is named.
  printf '{"verb":"uptime"}' >"$LAB/mesh/commands/roof/by-hand.json"
  soon getfattr -n user.mesh.edition "$LAB/mesh/commands/roof/by-hand.json"
  json 'j["results"] == [{"node": "roof", "state": "waiting"}]' -- mesh results "$(entry_of "$LAB/mesh/commands/roof/by-hand.json")" --json
  rm "$LAB/mesh/commands/roof/by-hand.json"
  # Results outlive their command.
  rm "$LAB"/mesh/commands/roof/*.json
  expect 0 'pong' -- mesh results "${id:0:10}"
  expect 4 'No command and no result' -- mesh results "$(printf '%064d' 0)"
  expect 2 'no id' -- mesh results ../../etc
  expect 2 'no id' -- mesh results abc
}

case_timeout_and_late_result() {
  expect 5 'No end is known yet of farm, roof, school; ask later' -- mesh run all uptime --timeout 1
  answer farm "$(done_with late)"
  expect 5 'late' -- mesh results "$(entry_of "$(newest)")"
}

case_interrupt_takes_back() {
  begin run all uptime
  local file
  file=$(newest)
  answer farm "$(done_with x)"
  answer roof ',"state":"running"'
  soon grep -q 'roof: running' "$LAB/said"
  kill -INT "$job"
  soon test ! -e "$file"
  sleep 1.5
  kill -0 "$job" || lab_fail "it did not wait for what runs: $(<"$LAB/said")"
  answer roof "$(done_with y)" "$file"
  ends 1
  said 'Taken back. It had begun on farm, roof; as far as is known here not on school.'
  # Twice leaves at once.
  begin run all uptime
  file=$(newest)
  answer roof ',"state":"running"'
  soon grep -q 'roof: running' "$LAB/said"
  kill -INT "$job"
  soon test ! -e "$file"
  kill -INT "$job"
  ends 1
  said 'It had begun on roof'
}

case_interrupt_before_anything() {
  begin run all uptime
  kill -INT "$job"
  ends 1
  said 'It had begun on no node'
  [[ -z $(newest) ]] || lab_fail "the command is still there"
}

# On a terminal the table is drawn again in its place.
case_live_table() {
  script -qefc "stty cols 60 rows 20; $LAB_BIN/mesh run all uptime --timeout 8" "$LAB/typed" >/dev/null </dev/null &
  job=$!
  soon has_id
  soon grep -q waiting "$LAB/typed"
  answer farm "$(done_with "$(printf 'w%.0s' {1..200})")"
  soon grep -q wwww "$LAB/typed"
  answer roof "$(done_with b)"
  answer school "$(done_with b)"
  ends 0
  grep -q $'\e\\[4A\e\\[J' "$LAB/typed" || lab_fail "nothing is drawn anew"
  python3 -c 'import re, sys
text = open(sys.argv[1], errors="replace").read()
table = re.sub("\x1b\\[[0-9;]*m", "", text.split("\x1b[J")[-1].split("said")[0]).splitlines()
assert all(len(line) <= 60 for line in table), table' "$LAB/typed" || lab_fail "lines wider than the terminal"
}

case_bad_orders() {
  expect 4 'no node cellar' -- mesh run cellar uptime
  expect 4 "No node's card says a=b" -- mesh run a=b uptime
  expect 2 'no verb' -- mesh run roof 'up;time'
  expect 2 'no target' -- mesh run ../roof uptime
  expect 2 'takes any or farthest-first' -- mesh run roof uptime --order nearest
  expect 2 'no time' -- mesh run roof uptime --not-before yesterday
  expect 2 'takes a time' -- mesh run roof uptime --expires never
  expect 2 'needs more words' -- mesh run roof
  expect 2 'no option -c' -- mesh run roof ping -c
  expect 2 'UTF-8' -- mesh run roof ping $'\xff'
  expect 3 'No mesh is mounted' -- mesh run roof uptime --mount "$LAB/nothing"
  expect 3 'No mesh is mounted' -- mesh results --mount "$LAB/nothing"
  [[ -z $(newest) ]] || lab_fail "something was written"
  mesh run roof ping --detach -- -c '$(reboot)' >/dev/null
  get 'j["arguments"] == ["-c", "$(reboot)"]' <"$(newest)" | grep -q True || lab_fail "words were changed"
}

case_cancel_and_confirm() {
  local id
  id=$(mesh run roof reboot --detach)
  rm "$(newest)"
  answer roof ',"state":"unconfirmed","exitCode":0' "$LAB/mesh/commands/roof/other"
  expect 4 'No command' -- mesh run roof cancel "${id:0:8}" --detach
  id=$(entry_of "$LAB/mesh/commands/roof/other")
  mesh run roof confirm "${id:0:8}" --detach >/dev/null
  get 'j["verb"] + j["confirms"] + str("arguments" in j)' <"$(newest)" | grep -qx "confirm${id}False" || lab_fail "wrong: $(<"$(newest)")"
  expect 2 'takes the id' -- mesh run roof cancel --detach
}

case_daemon_without_ids() {
  expect 7 'does not tell the id of a command' -- mesh run roof uptime
  [[ -z $(newest) ]] || lab_fail "the command was left behind"
}

case_hostile_results() {
  begin run all uptime --timeout 3
  answer farm ',"state":"done\u001b[2J","output":"\u001b]0;x\u0007"'
  printf '{' >"$LAB/mesh/nodes/roof/results/$(entry_of "$(newest)").json"
  mkfifo "$LAB/mesh/nodes/school/results/$(entry_of "$(newest)").json"
  ends 5
  if grep -q $'\e' "$LAB/said"; then lab_fail "raw bytes reach the terminal"; fi
  said 'farm: unknown'
}
