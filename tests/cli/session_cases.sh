# shellcheck shell=bash disable=SC2016
# Cases of tests/cli/orders about cards, sessions and programs. Sourced; `asked` asks mesh rpc, one line per argument.

asked() { printf '%s\n' "$@" | "$LAB_BIN/mesh" rpc; }
# answers EXPRESSION LINE...: true of the list `a` of what came back, each line parsed.
answers() {
  local expression=$1
  shift
  asked "$@" >"$LAB/answers"
  python3 -c 'import json, sys
a = [json.loads(line) for line in open(sys.argv[2])]
sys.exit(0 if eval(sys.argv[1]) else 1)' "$expression" "$LAB/answers" || lab_fail "not so: $expression, of: $(<"$LAB/answers")"
}

case_card() {
  local card=$LAB/mesh/nodes/roof/card.json before
  printf 'MESHFS_LABELS="site=school kind=router"\nMESHFS_PLACE="48.1,11.5"\nMESHFS_SSH_PORT=2222\n' >"$LAB/settings"
  json 'j["name"] == "roof" and len(j["key"]) == 64 and j["labels"] == ["site=school", "kind=router"] and j["sshPort"] == 2222' -- mesh card --settings "$LAB/settings"
  [[ ! -e $card ]] || lab_fail "it was written without --write"
  expect 0 'is written' -- mesh card --write --settings "$LAB/settings"
  json 'j["place"] == "48.1,11.5" and j["version"] and j["system"] and not any(a.startswith(("127.", "::1")) for a in j.get("addresses", []))' -- cat "$card"
  before=$(stat -c '%i %.Z' "$card")
  expect 0 'up to date' -- mesh card --write --settings "$LAB/settings"
  [[ $(stat -c '%i %.Z' "$card") == "$before" ]] || lab_fail "an unchanged card was written again"
  [[ -z $(find "$LAB/mesh/nodes/roof" -name '.*') ]] || lab_fail "something lies about"
  says '"kind=router"' -- mesh card roof
  expect 4 'no card of farm' -- mesh card farm
  expect 4 'no card' -- mesh card ../../etc
  expect 2 'its own card only' -- mesh card farm --write
  printf 'MESHFS_LABELS=school\n' >"$LAB/settings"
  expect 2 "'school' is no label" -- mesh card --write --settings "$LAB/settings"
}

# Another program named ssh says what it was called with; one port listens, another does not.
case_ssh() {
  mkdir "$LAB/bin"
  printf '#!/bin/sh\nfor word; do printf "[%%s]" "$word"; done\n' >"$LAB/bin/ssh"
  chmod +x "$LAB/bin/ssh"
  export PATH=$LAB/bin:$PATH
  python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(20)' >"$LAB/port" &
  job=$!
  soon test -s "$LAB/port"
  local port
  port=$(<"$LAB/port")
  expect 8 'No address of farm is known' -- mesh ssh farm
  printf '{"name":"farm","key":"ab12","addresses":["127.9.9.9","127.0.0.1"],"sshUser":"admin","sshPort":%s}' "$port" >"$LAB/mesh/nodes/farm/card.json"
  says "[-p][$port][-o][HostKeyAlias=meshfs-ab12][admin@127.0.0.1][-v][uptime now]" -- mesh ssh farm -- -v 'uptime now'
  printf '{"peers":[{"name":"school","id":"cd34","link":"tcp 127.0.0.1:5440"}]}' >"$LAB/mesh/.mesh/peers"
  printf '{"sshPort":%s}' "$port" >"$LAB/mesh/nodes/school/card.json"
  says '[HostKeyAlias=meshfs-cd34][root@127.0.0.1]' -- mesh ssh school
  kill "$job"
  wait "$job" || true
  expect 8 'tried 127.9.9.9, 127.0.0.1' -- mesh ssh farm
  printf '{"addresses":["-oProxyCommand=reboot"]}' >"$LAB/mesh/nodes/roof/card.json"
  expect 8 'No address of roof' -- mesh ssh roof
  expect 8 'No address' -- mesh ssh ../roof
  expect 3 'No mesh' -- mesh ssh farm --mount "$LAB/nothing"
}

case_rpc_shows() {
  printf '{"labels":\n["site=a"], "odd": "\xff"}' >"$LAB/mesh/nodes/farm/card.json"
  answers 'a[0]["result"]["network"] == "valley" and a[1]["result"]["peers"] == [] and [n["name"] for n in a[2]["result"]] == ["farm", "roof", "school"] and a[2]["result"][0]["card"]["labels"] == ["site=a"] and a[2]["result"][1]["card"] is None and {m["name"] for m in a[3]["result"]} >= {"run", "cancel"}'  \
    '{"jsonrpc":"2.0","id":1,"method":"status"}' '{"jsonrpc":"2.0","id":2,"method":"peers"}' '{"jsonrpc":"2.0","id":3,"method":"nodes"}' \
    '{"jsonrpc":"2.0","id":4,"method":"methods"}'
  # The last line may lack its end; notifications are silent; a batch is one line.
  printf '{"jsonrpc":"2.0","method":"status"}\n[{"jsonrpc":"2.0","id":"x","method":"peers"},{"jsonrpc":"2.0","id":"y","method":"peers"}]' |
    "$LAB_BIN/mesh" rpc | get '[r["id"] for r in j]' | grep -qF "['x', 'y']" || lab_fail "wrong batch"
}

case_rpc_runs() {
  local id
  answers 'len(a[0]["result"]["id"]) == 64' '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"roof","verb":"ping","arguments":["x y"],"reason":"r"}}'
  id=$(get 'j["result"]["id"]' <"$LAB/answers")
  [[ $id == "$(entry_of "$(newest)")" ]] || lab_fail "wrong id"
  get '(j["verb"], j["arguments"], j["targets"])' <"$(newest)" | grep -qF "('ping', ['x y'], ['roof'])" || lab_fail "wrong: $(<"$(newest)")"
  answer roof "$(done_with pong)"
  answers 'a[0]["result"]["verdict"] == "done" and a[0]["result"]["results"][0]["output"] == "pong" and a[1]["result"][0]["answered"] == 1' \
    '{"jsonrpc":"2.0","id":1,"method":"results","params":{"id":"'"${id:0:8}"'"}}' '{"jsonrpc":"2.0","id":2,"method":"results"}'
  answers 'a[0]["result"]["results"][0]["state"] == "done"' '{"jsonrpc":"2.0","id":1,"method":"cancel","params":{"id":"'"$id"'"}}'
  [[ -z $(newest) ]] || lab_fail "it was not taken back"
  # With `wait` the answer is the results.
  asked '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"all","verb":"uptime","wait":true}}' >"$LAB/waited" &
  job=$!
  soon has_id
  local node
  for node in roof school farm; do answer "$node" "$(done_with up)"; done
  ends_silently
  get 'j["result"]["verdict"], len(j["result"]["results"])' <"$LAB/waited" | grep -qF "('done', 3)" || lab_fail "wrong: $(<"$LAB/waited")"
  answers 'a[0]["result"]["verdict"] == "unanswered"' '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"all","verb":"uptime","wait":true,"timeout":0}}'
}
ends_silently() {
  touch "$LAB/said"
  ends 0
}

case_rpc_bad_requests() {
  answers '[x["error"]["code"] for x in a] == [-32700, -32600, -32601, -32602, -32602, -32602, -32602, -32602, -32004, -32004, -32602]' \
    'nonsense' '[]' '{"jsonrpc":"2.0","id":1,"method":"reboot"}' \
    '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"roof"}}' \
    '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"roof","verb":"up;time"}}' \
    '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"roof","verb":"ping","arguments":[1]}}' \
    '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"roof","verb":"ping","dryrun":true}}' \
    '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"../x","verb":"ping"}}' \
    '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"cellar","verb":"ping"}}' \
    '{"jsonrpc":"2.0","id":1,"method":"results","params":{"id":"00000000"}}' \
    '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"roof","verb":"ping","timeout":-1}}'
  [[ -z $(newest) ]] || lab_fail "something was written"
  # A line of 3 MB is told once; the next one is answered.
  { head -c 3000000 /dev/zero | tr '\0' '['; printf '\n{"jsonrpc":"2.0","id":9,"method":"peers"}\n'; } | "$LAB_BIN/mesh" rpc >"$LAB/answers"
  python3 -c 'import json, sys
a = [json.loads(line) for line in open(sys.argv[1])]
assert [x.get("error", {}).get("code") for x in a] == [-32700, None] and a[1]["id"] == 9, a' "$LAB/answers" || lab_fail "wrong answers to a long line"
  rm -r "$LAB/mesh/.mesh"
  answers 'a[0]["error"]["code"] == -32003' '{"jsonrpc":"2.0","id":1,"method":"status"}'
}
