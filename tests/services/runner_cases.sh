# shellcheck shell=bash disable=SC2154
# Cases of the runner, by meshfs-probe: what it sees, writes, refuses, survives. Sourced by tests/services/run.

case_new_folders_and_moves() {
  mesh_on
  rmdir mesh/probe
  begin probe
  soon 'it runs' is run/names ''
  mkdir -p mesh/probe/a/b && put probe/a/b/c 1
  soon 'a file in new folders' is run/names 'probe/a/b/c'
  mv mesh/probe/a mesh/probe/z
  soon 'a folder moved' is run/names 'probe/z/b/c'
  put probe/z/b/d 2
  soon 'and is watched' has run/names 'probe/z/b/d'
  put nodes/farm/stats/x.json 3
  soon 'a new node' has run/names 'nodes/farm/stats/x.json'
  rm -r mesh/probe/z
  soon 'folders went' is run/names 'nodes/farm/stats/x.json'
  mkdir mesh/elsewhere && put elsewhere/q/r 4 && mv mesh/elsewhere mesh/probe/in
  soon 'a whole folder moved in' has run/names 'probe/in/q/r'
  stop "$service"
}

case_overflow_of_events() {
  mesh_on
  begin probe
  soon 'it runs' is run/names ''
  local worker most
  worker=$(worker_of "$service") most=$(cat /proc/sys/fs/inotify/max_queued_events)
  ((most <= 100000)) || { printf 'skipped: the queue is too long to fill\n' && return 0; }
  kill -STOP "$worker"
  (cd mesh/probe && python3 -c 'import sys
for i in range(int(sys.argv[1])):
    open("f%d" % (i % 50), "w").close()' "$most")
  put probe/last 1
  kill -CONT "$worker"
  soon 'what came behind the lost events' has run/names probe/last
  stop "$service"
}

case_check_refuses() {
  mesh_on
  # shellcheck disable=SC2016
  hooks 'if grep -q bad "$1/text"; then echo "text is bad"; exit 1; fi' 'exit 0'
  begin probe
  put probe/text good
  soon 'good text' is run/text good
  put probe/text bad
  soon 'it says why' has log 'said: text is bad'
  soon 'its status too' status_is failing True
  is run/text good || fail 'the old output must stay'
  put probe/text better
  soon 'the next good one' is run/text better
  soon 'all is well' status_is failing False
  stop "$service"
}

case_hooks_run_again() {
  mesh_on
  # shellcheck disable=SC2016
  hooks 'exit 0' 'echo "ran $#: $1" >>'"$PWD"'/ran; if [ -e '"$PWD"'/broken ]; then echo no daemon; exit 1; fi'
  touch broken
  begin probe
  soon 'it failed' has log 'said: no daemon'
  kill -KILL "$(worker_of "$service")"
  rm broken
  soon 'it succeeded, over a crash' status_is reloads 1
  local times
  times=$(wc -l <ran)
  ((times >= 2)) || fail "ran $times times"
  # shellcheck disable=SC2016
  is <(sort -u ran) 'ran 1: $(touch injected)' || has ran 'ran 1: $(touch injected)' || fail "words of the hook: $(cat ran)"
  [[ -z $(find . -name injected) ]] || fail 'a shell read the hook'
  put probe/text same && soon 'text' is run/text same
  soon 'ran for it' status_is reloads 2
  touch mesh/probe/text && sleep 0.6
  status_is reloads 2 || fail 'nothing changed and it ran'
  stop "$service"
}

case_publishes_and_takes_back() {
  mesh_on
  put nodes/roof/stats/other.json '{}'
  begin probe
  put probe/publish '{"a":1}'
  soon 'published' is mesh/nodes/roof/stats/probe.json '{"a":1}'
  soon 'and seen as others see it' has run/names nodes/roof/stats/probe.json
  local inode
  inode=$(stat -c %i mesh/nodes/roof/stats/probe.json)
  put probe/text other && soon 'another decision' is run/text other
  [[ $(stat -c %i mesh/nodes/roof/stats/probe.json) == "$inode" ]] || fail 'the same bytes were written again'
  stop "$service"
  rm mesh/probe/publish
  begin probe
  soon 'taken back after a restart' test ! -e mesh/nodes/roof/stats/probe.json
  [[ -e mesh/nodes/roof/stats/other.json ]] || fail 'what others wrote must stay'
  stop "$service"
}

case_decision_fails() {
  mesh_on
  put probe/text good
  begin probe
  soon 'good' is run/text good
  put probe/fail x && put probe/text later
  soon 'said' has log 'it was told to fail'
  status_is failing True && is run/text good || fail 'the last good output must stay'
  rm mesh/probe/fail
  soon 'well again' is run/text later
  put probe/render '../escaped'
  soon 'refused' has log 'may not render'
  put probe/render 'status.json'
  soon 'refused too' has log "which is the runner's"
  [[ ! -e escaped ]] || fail 'written outside'
  stop "$service"
}

case_crash_keeps_output() {
  mesh_on
  put probe/text good
  begin probe
  soon 'good' is run/text good
  put probe/crash x
  soon 'said' has log 'was ended by signal 6'
  is run/text good || fail 'the last output must stay'
  rm mesh/probe/crash && put probe/text risen
  soon 'it runs again' is run/text risen
  stop "$service"
}

case_limits_hold() {
  mesh_on
  (cd mesh/probe && for i in $(seq 1000 1299); do : >"f$i"; done)
  head -c 5000 /dev/zero >mesh/probe/a-large
  mkdir -p mesh/nodes/{aaa,zzz}/stats && for i in $(seq 300); do : >"mesh/nodes/aaa/stats/$i.json"; done
  : >mesh/nodes/zzz/stats/1.json
  ln -s /etc/passwd mesh/probe/a-link
  begin probe
  soon 'a full house' status_is files 200
  lacks run/names a-large && lacks run/names a-link && has run/names nodes/zzz || fail "not by the rules: $(head -3 run/names)"
  (($(grep -c nodes/aaa run/names) == 100)) || fail 'more than its share'
  rm mesh/nodes/aaa/stats/*
  soon 'room for others' has run/names probe/f1198
  stop "$service"
}

case_many_changes_few_decisions() {
  mesh_on
  begin probe
  soon 'it runs' is run/names ''
  local before after
  before=$(status decisions)
  for i in $(seq 100); do put probe/text "$i" && sleep 0.01; done
  soon 'the last of them' is run/text 100
  after=$(status decisions)
  ((after - before <= 4)) || fail "$((after - before)) decisions"
  stop "$service"
}

case_wakes_by_itself() {
  mesh_on
  put probe/clock x
  begin probe
  soon 'five decisions without a change' python3 -c 'import json, sys; sys.exit(json.load(open("run/status.json"))["decisions"] < 5)'
  stop "$service"
}

case_sandbox_holds() {
  mesh_on
  begin probe
  soon 'it runs' is run/names ''
  local worker
  worker=$(worker_of "$service")
  if ! has "/proc/$worker/status" 'NoNewPrivs:	1'; then fail 'it may gain powers'; fi
  if ! has "/proc/$worker/status" 'Seccomp:	2'; then
    printf 'skipped: no filter of system calls here (a sanitizer, or an old kernel)\n' && return 0
  fi
  has "/proc/$worker/status" 'CapEff:	0000000000000000' || fail 'it has powers of root'
  put probe/escape x
  local fenced=
  if has log 'no Landlock'; then fenced='file '; fi
  soon 'it can do nothing else' is run/escapes "can: $fenced"
  stop "$service"
  rm run/escapes
  begin probe --no-sandbox  # the control
  soon 'without a sandbox it can' is run/escapes 'can: program socket file '
  stop "$service"
}

case_another_user() {
  ((EUID == 0)) || { printf 'skipped: needs root\n' && return 0; }
  chmod 755 . .. && mesh_on && chown nobody mesh/nodes/roof
  hooks 'exit 0' "id -un >>$PWD/who"
  begin probe --user nobody
  put probe/publish '{}'
  soon 'published' is mesh/nodes/roof/stats/probe.json '{}'
  [[ $(stat -c %U run/text) == nobody ]] || fail "the output is $(stat -c %U run/text)'s"
  [[ $(stat -c %U "/proc/$(worker_of "$service")") == nobody ]] || fail 'it is not that user'
  soon 'the hook ran as who started it' has who root
  stop "$service"
}

case_keeper_killed() {
  mesh_on
  begin probe
  soon 'it runs' is run/names ''
  local worker
  worker=$(worker_of "$service")
  kill -KILL "$service"
  soon 'the worker does not stay alone' eval "! kill -0 $worker 2>/dev/null"
}
