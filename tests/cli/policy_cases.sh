# shellcheck shell=bash disable=SC2154,SC2164
# Cases of tests/cli/run about policy: text both ways, what a rule does on a mount, two admins, quotas, what is lent, a revoked node.

# in_force I N: node I judges by epoch N.
in_force() { [[ $(mesh policy --mount "$(lab_mesh_of "$1")" --json | get 'j["number"]') == "$2" ]]; }
epoch() { mesh policy --mount "$one" --json | get 'j["number"]'; }

# Files of the epoch in force, by a listing that the kernel may have kept.
listed() { find "$one/network/policy" -name "$(epoch)-*" | wc -l; }

# propose FILE: on node 1, and everybody has it.
propose() {
  expect 0 'is in force' -- mesh policy edit "$1" --mount "$one"
  local i number
  number=$(epoch)
  for i in 2 3; do lab_wait 20 "node $i does not have epoch $number" in_force "$i" "$number"; done
}

cannot_write() { ! printf x 2>/dev/null >"$1"; }
can_write() { printf x 2>/dev/null >"$1"; }

case_policy_as_text() {
  local p="$LAB/policy"
  says 'default rules' -- mesh policy --mount "$two"
  cat >"$p" <<END
admins roof
group field farm
only group field write in shared   # nobody else
allow admin write,delete in shared
END
  propose "$p"
  [[ $(listed) == 2 ]] || lab_fail "the first epoch is not listed"
  says 'only group field write in shared' -- mesh policy --mount "$two"
  mesh policy --mount "$two" | grep -v '^#' >"$p.again"
  expect 0 'in force' -- mesh policy edit "$p.again" --mount "$one"  # what is printed can be read
  lab_wait 20 "EACCES does not come" cannot_write "$two/denied"
  [[ $({ printf x >"$two/denied"; } 2>&1 || true) == *"Permission denied"* ]] || lab_fail "no EACCES"
  [[ $(listed) == 2 ]] || lab_fail "an epoch is in force and not listed"
  can_write "$three/allowed" || lab_fail "farm may write"
  can_write "$two/nodes/school/mine" || lab_fail "its own folder is school's"
  expect 0 'school may not write /denied: rule 1 of epoch' -- mesh policy explain "$two/denied" --as school
  expect 0 'farm may delete /allowed' -- mesh policy explain "$two/allowed" --as farm --verb delete
  expect 0 'the default decides: members write' -- mesh policy explain "$two/nodes/school/x" --as school
  expect 4 'there is no node' -- mesh policy explain "$two/x" --as nobody
  expect 6 'only an admin.s node proposes' -- mesh policy edit "$p" --mount "$two"
  printf 'admins roof\nallow farm write\n' >"$p.bad"
  expect 1 'line 2: .farm. is nobody' -- mesh policy edit "$p.bad" --mount "$one"
  printf 'admins school\ndeny node school write in network\n' >"$p.bad"
  expect 2 'lock out its admins' -- mesh policy edit "$p.bad" --mount "$one"
  printf 'admins roof\n' >"$p"
  propose "$p"
  lab_wait 20 "school may not write again" can_write "$two/denied"
}

case_policy_of_two_admins() {
  local number hash
  number=$(epoch)
  expect 1 'smaller --threshold' -- mesh admin add school --threshold 3 --mount "$one"
  expect 0 'in force' -- mesh admin add school --threshold 2 --mount "$one"
  lab_wait 20 "school is no admin" in_force 2 "$((number + 1))"
  expect 0 '1 of 2 admins signed' -- mesh admin add farm --mount "$one"
  in_force 1 "$((number + 1))" || lab_fail "one of two was enough"
  hash=$(mesh policy --mount "$one" --json | get '[e["hash"] for e in j["epochs"] if not e["in_force"]][0]')
  says "${hash:0:16}, proposed: 1 of 2 signatures; not yet by school" -- mesh policy --mount "$one"
  proposed_at_two() { mesh policy --mount "$two" | grep -q "${hash:0:16}, proposed"; }
  lab_wait 20 "the proposal does not reach school" proposed_at_two
  expect 6 'no admin' -- mesh policy sign "$hash" --mount "$three"
  expect 4 'no policy whose hash' -- mesh policy sign 0123456789 --mount "$two"
  expect 0 'in force' -- mesh policy sign "${hash:0:12}" --mount "$two"
  lab_wait 20 "farm is no admin" in_force 3 "$((number + 2))"
  # Back to one admin, both sign.
  printf 'admins roof\n' >"$LAB/policy"
  expect 0 '1 of 2' -- mesh policy edit "$LAB/policy" --mount "$one"
  hash=$(mesh policy --mount "$one" --json | get '[e["hash"] for e in j["epochs"] if not e["in_force"]][0]')
  lab_wait 20 "the second proposal does not reach school" proposed_at_two
  expect 0 'in force' -- mesh policy sign "$hash" --mount "$two"
  lab_wait 20 "roof is not alone again" in_force 1 "$((number + 3))"
}

case_policy_quota() {
  local used
  printf 'admins roof\nlimit node farm bytes 1K in shared\n' >"$LAB/policy"
  propose "$LAB/policy"
  used=$(head -c 3000 /dev/zero | tr '\0' x 2>/dev/null >"$three/large" && sync "$three/large" 2>&1 || echo refused)
  [[ $used == *refused* ]] || lab_fail "farm wrote 3,000 bytes of 1,024"
  expect 0 '' -- rm -f "$three/large"
  printf 'admins roof\n' >"$LAB/policy"
  propose "$LAB/policy"
  lab_wait 20 "farm may not write again" can_write "$three/small"
}

case_delegation() {
  local p="$LAB/policy" id
  says 'Nothing is lent' -- mesh delegate --mount "$two"
  cannot_write "$three/nodes/school/early" || lab_fail "farm writes in school's folder"
  expect 0 'school lends farm: write in node school until' -- mesh delegate farm write in own for 1h --depth 1 --mount "$two"
  lab_wait 20 "farm may not write in school's folder" can_write "$three/nodes/school/mine"
  lab_wait 20 "it does not reach node 1" arrived "$three/nodes/school/mine" "$one/nodes/school/mine"
  expect 0 'school lends farm: write in node school' -- mesh policy explain "$one/nodes/school/mine" --as farm
  says '  counts          school lends farm: write in node school until' -- mesh delegate --mount "$one"
  says ', to be lent on once' -- mesh delegate --mount "$one"
  says '1 of what members lend each other' -- mesh policy --mount "$one"
  id=$(mesh policy --mount "$one" --json | get '[d["id"] for d in j["lent"]][0]')
  [[ -e $one/network/delegations/$id ]] || lab_fail "it is no file of the tree"
  expect 0 'farm lends roof: write in node school' -- mesh delegate roof write in node school for 10m --mount "$three"
  lab_wait 20 "roof may not write in school's folder" can_write "$one/nodes/school/roof"
  lab_wait 20 "it does not reach node 2" arrived "$one/nodes/school/roof" "$two/nodes/school/roof"
  # What can't be.
  expect 6 'ends before that time' -- mesh delegate roof write in node school for 2h --mount "$three"
  expect 6 'only 1 time' -- mesh delegate roof write in node school for 10m --depth 1 --mount "$three"
  expect 6 "may not do that there itself" -- mesh delegate farm write in node farm for 1h --mount "$one"
  expect 2 'what is lent ends' -- mesh delegate farm write in own --mount "$two"
  expect 2 'lend one place' -- mesh delegate farm write in network for 1h --mount "$two"
  expect 2 "'soon' is no date" -- mesh delegate farm write in own until soon --mount "$two"
  expect 2 "there is no node 'nobody'" -- mesh delegate nobody write in own for 1h --mount "$two"
  expect 2 'a chain has three' -- mesh delegate farm write in own for 1h --depth 3 --mount "$two"
  # A deny wins, and what was there stays.
  printf 'admins roof\ndeny node farm write in node school\n' >"$p"
  propose "$p"
  lab_wait 20 "the deny does not win" cannot_write "$three/nodes/school/denied"
  cannot_write "$one/nodes/school/denied" || lab_fail "roof had it from farm"
  [[ -e $two/nodes/school/mine && -e $two/nodes/school/roof ]] || lab_fail "what was written before is gone"
  expect 6 'a deny wins' -- mesh delegate farm write in own for 1h --mount "$two"
  printf 'admins roof\n' >"$p"
  propose "$p"
  lab_wait 20 "farm may not write again" can_write "$three/nodes/school/again"
}

case_revoked_node() {
  local start
  mkdir -p "$three/r"
  printf 'kept' >"$three/r/before"
  printf 'mine' >"$one/r-mine"
  lab_wait 20 "r-mine did not reach node 3" arrived "$one/r-mine" "$three/r-mine"
  lab_wait 20 "before did not reach node 1" arrived "$three/r/before" "$one/r/before"
  lab_cut 3 left
  printf 'stolen' >"$three/r-mine"
  printf 'stolen' >"$three/r/new"
  printf 'for farm' >"$one/r-sealed"
  expect 0 'farm' -- mesh seal "$one/r-sealed" --to farm
  start=$SECONDS
  expect 0 'what it had overwritten is back' -- mesh revoke farm --mount "$one"
  expect 1 'only admin' -- mesh revoke roof --mount "$one"
  expect 1 'only admin' -- mesh admin remove roof --mount "$one"
  expect 1 'revoked already' -- mesh revoke farm --mount "$one"
  knows() { mesh policy --mount "$two" | grep -q '^# revoked: farm'; }
  lab_wait 60 "node 2 does not hear of it" knows
  ((SECONDS - start <= 60)) || lab_fail "it took longer than a minute"
  lab_heal 3
  sleep 3  # time to bring in what it wrote, if anybody let it
  [[ $(cat "$two/r/before") == kept && $(cat "$two/r-mine") == mine && ! -e $two/r/new ]] || lab_fail "node 2 shows something else"
  mesh nodes --mount "$one" | grep -q 'farm.*revoked' || lab_fail "mesh nodes does not say that farm was revoked"
  no_session() { [[ $(mesh peers --mount "$two" --json | get '[p["name"] for p in j["peers"] if p["state"] == "connected"]') != *farm* ]]; }
  lab_wait 30 "school talks to farm" no_session
  printf 'not for farm' >"$one/r-sealed"
  [[ $(mesh seal "$one/r-sealed") != *farm* ]] || lab_fail "what is written after the revocation is still sealed for farm"
  expect 4 'revoked' -- mesh seal "$one/r-sealed" --to farm
}
