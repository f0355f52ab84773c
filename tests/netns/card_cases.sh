# shellcheck shell=bash disable=SC2154
# Cards, and what commands do by them: labels, and the farthest first. Cases of tests/netns/commands, which sources this.

names_its_neighbours() {  # SEEN_BY OF NAME...: a list in JSON, in one line
  local file=$LAB/$1/mesh/nodes/${names[$2]}/card.json said
  shift 2
  said=$(printf ', "%s"' "$@")
  grep -qF "\"neighbours\": [${said#, }]" "$file" 2>/dev/null
}

cards_seen_by() { [[ $(find "$LAB/$1/mesh/nodes" -name card.json | wc -l) == 5 ]]; }

case_cards_of_all() {
  local i
  for i in 1 2 3 4 5; do lab_wait 30 "${names[$i]} has not the cards of all" cards_seen_by "$i"; done
  figure "all have the cards of all $(($(date +%s) - started)) s after the first service was started"
  grep -qF '"addresses": ["fe80::' "$LAB/1/mesh/nodes/far/card.json" || lab_fail "the card of far has no address: $(<"$LAB/1/mesh/nodes/far/card.json")"
  grep -qE '"key": "[0-9a-f]{64}"' "$LAB/5/mesh/nodes/roof/card.json" || lab_fail "the card of roof has no key"
  # By hand it says the same, and finds nothing to write.
  lab_in 1 "$LAB_BIN/mesh" card --write --mount "$LAB/1/mesh" --settings "$LAB/1/settings" | grep -q 'up to date' ||
    lab_fail "mesh card says something else than the service"
}

has_label() { grep -qF "\"$3\"" "$LAB/$1/mesh/nodes/${names[$2]}/card.json"; }

case_labels_of_cards() {
  local begin
  begin=$(date +%s%N)
  printf 'MESHFS_LABELS="site=school kind=router"\n' >"$LAB/4/settings"
  lab_wait 20 "a new label of four did not come to roof" has_label 1 4 site=school
  figure "a new label in the settings is on a node three links away after $((($(date +%s%N) - begin) / 1000000)) ms (looked at each 5 s)"
  run site=school uptime >"$LAB/out" || lab_fail "mesh run failed: $(cat "$LAB/out")"
  grep -q four "$LAB/out" || lab_fail "four did not answer: $(cat "$LAB/out")"
  if grep -qE 'roof|two|three|far' "$LAB/out"; then lab_fail "others answered: $(cat "$LAB/out")"; fi
  # What makes no sense is said, and the card stays.
  printf 'MESHFS_LABELS="school"\n' >"$LAB/4/settings"
  lab_wait 20 "wrong settings are not said" grep -q 'is no label' "$LAB/4/card.log"
  has_label 4 4 site=school || lab_fail "wrong settings changed the card"
  printf 'MESHFS_LABELS="site=school kind=router"\n' >"$LAB/4/settings"
}

# With the link its addresses go, too. Half a minute here; the hour is the unit test's.
case_lost_link_is_quiet() {
  local before
  for i in 1 2 3 4 5; do lab_wait 60 "cards of ${names[$i]}" cards_seen_by "$i"; done
  lab_wait 60 "far does not name four" names_its_neighbours 1 5 four
  sleep 8
  before="$(lab_status 4 entries) $(lab_status 5 entries)"
  lab_in 5 ip link set left down
  sleep 15
  lab_in 5 ip link set left up
  sleep 15
  [[ "$(lab_status 4 entries) $(lab_status 5 entries)" == "$before" ]] || lab_fail "entries were $before, are $(lab_status 4 entries) $(lab_status 5 entries)"
  lab_wait 60 "the link does not come back" in_sync 5
}

# From roof's view the nodes are 0 to 4 links away: they run it from the far end, each as soon as the one behind it has answered.
case_farthest_first() {
  local begin i order
  for i in 1 5; do
    lab_wait 60 "node $i does not know the neighbours of roof" names_its_neighbours "$i" 1 two
    lab_wait 60 "node $i does not know the neighbours of two" names_its_neighbours "$i" 2 roof three
    lab_wait 60 "node $i does not know the neighbours of three" names_its_neighbours "$i" 3 four two
    lab_wait 60 "node $i does not know the neighbours of four" names_its_neighbours "$i" 4 far three
    lab_wait 60 "node $i does not know the neighbours of far" names_its_neighbours "$i" 5 four
  done
  sleep 11  # mesh-exec reads cards anew each 10 s at most
  rm -f "$LAB"/?/stamp
  begin=$(date +%s%N)
  run all stamp --order farthest-first >"$LAB/out" || lab_fail "mesh run failed: $(cat "$LAB/out")"
  figure "five nodes in a line, farthest first, 0.1 s each: $((($(date +%s%N) - begin) / 1000000)) ms in all"
  order=$(for i in 1 2 3 4 5; do printf '%s %s\n' "$(<"$LAB/$i/stamp")" "$i"; done | sort -n | awk '{printf "%s ", $2}')
  [[ $order == '5 4 3 2 1 ' ]] || lab_fail "the order was $order"
  (($(date +%s%N) - begin < 10000000000)) || lab_fail "somebody waited for farthest_wait"
}

# Who is away is waited for no longer than farthest_wait, here 12 s; when it is back it runs it, too.
case_farthest_is_away() {
  local id begin i took
  exec_stop 5
  rm -f "$LAB"/?/stamp
  begin=$SECONDS
  id=$(run all stamp --order farthest-first --detach)
  lab_wait 30 "four never ran it" has_state 1 4 "$id" 'done'
  took=$((SECONDS - begin))
  for i in 1 2 3; do lab_wait 10 "node $i never ran it" has_state 1 "$i" "$id" 'done'; done
  figure "with the farthest away the others ran it after $took to $((SECONDS - begin)) s (farthest_wait is 12 s)"
  ((took >= 11)) || lab_fail "four did not wait for far"
  exec_start 5
  lab_wait 30 "far never ran it" has_state 1 5 "$id" 'done'
}
