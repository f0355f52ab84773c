# shellcheck shell=bash disable=SC2154
# Cases of the services in shell and Python. Sourced by tests/services/run.

case_hosts_in_shell() {
  mesh_on
  put nodes/roof/card.json $'{"name": "roof",\n "addresses": ["2001:db8::1", "10.0.0.1", "fe80::1"], "key": "ab"}'
  put nodes/liar/card.json '{"name":"roof","addresses":["10.6.6.6","evil\\n1.2.3.4 bank","$(touch injected)"]}'
  put 'nodes/bad name/card.json' '{"addresses":["10.7.7.7"]}'
  ends 0 "$top/examples/services/hosts.sh" --mount mesh --run run --once
  is run/hosts $'10.6.6.6 liar.mesh liar\n2001:db8::1 roof.mesh roof\n10.0.0.1 roof.mesh roof' || fail "$(cat run/hosts)"
  "$top/examples/services/hosts.sh" --mount mesh --run run >>log 2>&1 &
  service=$!
  trap 'kill "$service" 2>/dev/null || true' EXIT
  sleep 1
  put nodes/farm/card.json '{"addresses":["10.0.0.9"]}'
  soon 'a new node' has run/hosts '10.0.0.9 farm.mesh farm'
  rm -r mesh/nodes/liar
  soon 'a node went' lacks run/hosts liar
  [[ -z $(find . -name injected) ]] || fail 'a shell read a card'
  ends 3 "$top/examples/services/hosts.sh" --mount none --run run --once
  stop "$service"
}

case_uptime_in_python() {
  mesh_on
  put nodes/farm/stats/uptime.json '{"uptime_s": 90061}'
  put nodes/junk/stats/uptime.json '[[[[{"uptime_s":'
  put nodes/liar/stats/uptime.json '{"uptime_s": "a lot"}'
  ends 0 python3 "$top/examples/services/uptime.py" --mount mesh --run run --once
  has mesh/nodes/roof/stats/uptime.json uptime_s
  has run/table.txt '1 d  1 h  1 min'
  [[ $(wc -l <run/table.txt) == 2 ]] || fail "$(cat run/table.txt)"
  python3 "$top/examples/services/uptime.py" --mount mesh --run run --every 1 >>log 2>&1 &
  service=$!
  trap 'kill "$service" 2>/dev/null || true' EXIT
  sleep 1
  put nodes/new/stats/uptime.json '{"uptime_s": 60}'
  soon 'a new node' has run/table.txt 'new '
  local inode
  inode=$(stat -c %i mesh/nodes/roof/stats/uptime.json)
  soon 'its own is renewed' eval '[[ $(stat -c %i mesh/nodes/roof/stats/uptime.json) != '"$inode"' ]]'
  ends 3 python3 "$top/examples/services/uptime.py" --mount none --run run --once
  stop "$service"
}
