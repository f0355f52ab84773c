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

# As people sign with their own tools; what is signed names its targets and its time.
case_run_signed() {
  local file
  command -v signify-openbsd >/dev/null && command -v minisign >/dev/null || { printf 'skipped: no signify-openbsd or no minisign here\n'; return; }
  signify-openbsd -G -n -p "$LAB/lisa.pub" -s "$LAB/lisa.sec"
  minisign -G -W -f -p "$LAB/omar.pub" -s "$LAB/omar.sec" >/dev/null
  mesh run roof reboot --sign "$LAB/lisa.sec" --sign "$LAB/omar.sec" --detach --json | get 'j["id"]' >"$LAB/id"
  file=$(newest)
  expect 0 'Good signature' -- mesh verify "$file" --key "$LAB/lisa.pub" --signature "$file.sig"
  expect 0 'Good signature' -- mesh verify "$file" --key "$LAB/omar.pub" --signature "$file.2.minisig"
  get '(j["targets"], j["notBefore"])' <"$file" | grep -qF "(['roof'], '2027-01-15T08:00:00Z')" || lab_fail "wrong: $(<"$file")"
  [[ ! $file -ot $file.sig ]] || lab_fail "its signature came after it"
  [[ -z $(find "$LAB/mesh/commands" -name '.*') ]] || lab_fail "something lies about"
  # Taken back they go, too.
  answers 'a[0]["result"]["verdict"] == "unanswered"' '{"jsonrpc":"2.0","id":1,"method":"cancel","params":{"id":"'"$(<"$LAB/id")"'"}}'
  [[ -z $(find "$LAB/mesh/commands" -type f) ]] || lab_fail "left behind: $(find "$LAB/mesh/commands" -type f)"
  # For persons elsewhere: the text only.
  expect 0 'nobody was told' -- mesh run roof,school ping x --output "$LAB/ping.json" --sign "$LAB/omar.sec"
  expect 0 'Good signature' -- mesh verify "$LAB/ping.json" --key "$LAB/omar.pub"
  get '(j["targets"], j["notBefore"])' <"$LAB/ping.json" | grep -qF "(['roof', 'school'], '2027-01-15T08:00:00Z')" || lab_fail "wrong: $(<"$LAB/ping.json")"
  [[ -z $(newest) ]] || lab_fail "somebody was told"
  expect 2 'is a public key' -- mesh run roof ping --sign "$LAB/lisa.pub"
  expect 2 'is no secret key' -- mesh run roof ping --sign "$LAB/ping.json"
  expect 4 "Can't read the key file" -- mesh run roof ping --sign "$LAB/nothing"
  # A key that does not work, and a tool that is not there.
  head -c 100 "$LAB/lisa.sec" >"$LAB/short.sec"
  expect 6 'nothing was sent' -- mesh run roof ping --sign "$LAB/short.sec"
  mkdir "$LAB/empty"
  ln -s "$(command -v sh)" "$LAB/empty/sh"
  expect 4 'install minisign' -- env PATH="$LAB/empty" "$LAB_BIN/mesh" run roof ping --sign "$LAB/omar.sec"
  expect 4 'install signify-openbsd' -- env PATH="$LAB/empty" "$LAB_BIN/mesh" run roof ping --sign "$LAB/lisa.sec"
  [[ -z $(newest) ]] || lab_fail "something was written"
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
  # Who waits holds up nobody, and the input may end before the answer is known.
  rm "$(newest)"
  asked '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"roof","verb":"uptime","wait":true}}' \
    '[{"jsonrpc":"2.0","id":2,"method":"status"},{"jsonrpc":"2.0","id":3,"method":"run","params":{"target":"school","verb":"ping","wait":true,"timeout":1}}]' \
    '{"jsonrpc":"2.0","id":4,"method":"types"}' >"$LAB/waited" &
  job=$!
  soon grep -q '"id": 4' "$LAB/waited"
  soon grep -q '"id": 3' "$LAB/waited"
  if grep -q '"id": 1' "$LAB/waited"; then lab_fail "it was answered before its end"; fi
  answer roof "$(done_with up)" "$(find "$LAB/mesh/commands/roof" -name '*.json')"
  ends_silently
  [[ $(python3 -c 'import json, sys
print([[x["id"] for x in j] if isinstance(j, list) else j["id"] for j in map(json.loads, open(sys.argv[1]))])' "$LAB/waited") == '[4, [2, 3], 1]' ]] || lab_fail "wrong order: $(<"$LAB/waited")"
  answers 'any(t["name"] == "command" for t in a[0]["result"]) and a[1]["result"]["quota"] == 16384 and a[2]["error"]["code"] == -32004' '{"jsonrpc":"2.0","id":1,"method":"types"}' \
    '{"jsonrpc":"2.0","id":2,"method":"types","params":{"name":"command"}}' '{"jsonrpc":"2.0","id":3,"method":"types","params":{"name":"nothing"}}'
  # Who asked has gone, as when a session breaks: nobody is waited for.
  { printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"roof","verb":"ping","wait":true}}'; sleep 3; } |
    { "$LAB_BIN/mesh" rpc || printf '%s' "$?" >"$LAB/code"; } | true &
  job=$!
  sleep 1
  [[ $(cat "$LAB/code") == 1 ]] || lab_fail "it waits for nobody"
  wait "$job" || true
  # One more than may wait at once is refused.
  python3 -c 'import json
for i in range(65): print(json.dumps({"jsonrpc": "2.0", "id": i, "method": "run", "params": {"target": "roof", "verb": "ping", "wait": True, "timeout": 1}}))' | "$LAB_BIN/mesh" rpc >"$LAB/answers"
  [[ $(grep -c '"verdict"' "$LAB/answers") == 64 ]] || lab_fail "not 64 waited: $(grep -c '"verdict"' "$LAB/answers")"
  grep -q '"code": -32001' "$LAB/answers" || lab_fail "none was refused"
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
