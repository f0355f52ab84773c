# shellcheck shell=bash disable=SC2154,SC2016
# What services look at beside the mesh, and the card, which lives on it. Sourced by tests/services/run.

decisions_are() { (($(status decisions) == $1)); }

case_inputs_follow_changes() {
  mesh_on
  printf 'one#1' >conf
  begin probe --settings "$PWD/conf"
  soon 'it has it from the start' is run/settings one
  printf 'two#1' >conf
  soon 'a change' is run/settings two
  local before
  before=$(status decisions)
  printf 'two#2' >conf
  sleep 2.5
  decisions_are "$before" || fail 'it decided though nothing that it looks at changed'
  rm conf
  soon 'gone' is run/settings ''
  printf 'three' >conf
  soon 'back' is run/settings three
  put probe/remember x
  soon 'what it remembered' is run/memory x
  put probe/text more
  soon 'and more' is run/memory xx
  kill -KILL "$(worker_of "$service")"
  soon 'a new worker remembers nothing' is run/memory x
  is run/settings three
  stop "$service"
}

# The keeper is busy with it, the worker waits for it: what changes meanwhile is there afterwards.
case_inputs_while_a_hook_runs() {
  mesh_on
  hooks 'exit 0' 'touch hook-began; sleep 3'
  sed -i "s,hook-began,$PWD/&," hooks/reload
  printf one >conf
  begin probe --settings "$PWD/conf"
  soon 'the hook runs' test -e hook-began
  head -c 100000 /dev/zero | tr '\0' 'y' >conf
  sleep 1.5
  soon 'the newest came' eval '[[ $(wc -c <run/settings) == 100000 ]]'
  stop "$service"
}

case_card_follows_settings_and_peers() {
  mesh_on
  printf 'MESHFS_LABELS="site=school"\n' >conf
  printf '{"peers":[{"name":"farm","state":"connected","last_heard_ms":1,"in_sync":{"nodes":true}}]}' >mesh/.mesh/peers
  begin card --settings "$PWD/conf"
  local card=mesh/nodes/roof/card.json inode
  soon 'the card is there' has "$card" '"name": "roof"'
  has "$card" '"labels": ["site=school"]'
  has "$card" '"neighbours": ["farm"]'
  inode=$(stat -c %i "$card")
  printf '{"peers":[{"name":"farm","state":"connected","last_heard_ms":2,"in_sync":{"nodes":false}}]}' >mesh/.mesh/peers
  sleep 5
  [[ $(stat -c %i "$card") == "$inode" ]] || fail 'it was written again though nothing that counts changed'
  printf '{"peers":[{"name":"tower","state":"connected","in_sync":{"nodes":true}}]}' >mesh/.mesh/peers
  soon 'who comes is named, who goes still is' has "$card" '"neighbours": ["farm", "tower"]'
  printf 'MESHFS_LABELS="school"\n' >conf
  soon 'wrong settings are said' has run/status.json 'is no label'
  has "$card" '"labels": ["site=school"]'
  printf 'MESHFS_LABELS="site=farm"\n' >conf
  soon 'and mended' has "$card" '"labels": ["site=farm"]'
  printf '{' >mesh/.mesh/peers
  stop "$service"
  ends 0 "$bin/meshfs-card" --once --mount mesh --run run --state state --settings conf
  has "$card" '"neighbours": ["farm", "tower"]'
}
