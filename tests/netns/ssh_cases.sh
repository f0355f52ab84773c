# shellcheck shell=bash disable=SC2016,SC2154
# Cases of tests/netns/commands: sessions on real nodes by Debian's OpenSSH. Each sshd runs in its node's namespace with files of its own:
# nothing of this machine's configuration, keys or known hosts is read or written.

ssh_port=2222
has_ssh() { [[ -x /usr/sbin/sshd ]] && command -v ssh >/dev/null; }

# sshd_start I: also its card, by `mesh card --write` in its namespace.
sshd_start() {
  local i=$1 folder=$LAB/$1/ssh
  mkdir -p "$folder"
  [[ -f $folder/host ]] || ssh-keygen -q -t ed25519 -N '' -C "host $i" -f "$folder/host"
  [[ -f $LAB/client ]] || ssh-keygen -q -t ed25519 -N '' -C client -f "$LAB/client"
  cp "$LAB/client.pub" "$folder/authorized"
  printf '%s\n' "Port $ssh_port" "AddressFamily any" "HostKey $folder/host" "AuthorizedKeysFile $folder/authorized" "PidFile none" \
    'UsePAM no' 'StrictModes no' 'PasswordAuthentication no' 'PermitRootLogin prohibit-password' "SetEnv PATH=$LAB_BIN:/usr/bin:/bin MESHFS_MOUNT=$LAB/$i/mesh" >"$folder/config"
  # It wants /run/sshd, which is there only where the package's own service runs.
  setsid nsenter --net="/run/netns/$(lab_ns "$i")" unshare --mount sh -c 'mount -t tmpfs sshd /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f "$1"' sh \
    "$folder/config" </dev/null >>"$LAB/$i/sshd.log" 2>&1 &
  disown
  printf '%s\n' $! >"$LAB/$i/sshd.pid"
  printf 'MESHFS_SSH_PORT=%s\n' "$ssh_port" >"$LAB/$i/settings"
}
sshd_listens() { lab_in "$1" ss -ltn | grep -q ":$ssh_port "; }

# As on roof; what is known of hosts is the lab's.
mesh_ssh() {
  local node=$1
  shift
  lab_in 1 "$LAB_BIN/mesh" ssh "$node" --mount "$LAB/1/mesh" -- -i "$LAB/client" -o BatchMode=yes -o "UserKnownHostsFile=$LAB/known" -o GlobalKnownHostsFile=/dev/null \
    -F /dev/null -o "StrictHostKeyChecking=${ssh_strict:-yes}" "$@"
}
key_of_node() { sed -n 's/.*"node_id": *"\([0-9a-f]*\)".*/\1/p' "$LAB/$1/mesh/.mesh/status" | head -n 1; }
card_has() { grep -q -- "$2" "$LAB/1/mesh/nodes/$1/card.json" 2>/dev/null; }

# What roof says to two: by an address of the mesh, by link-local alone, and to who is not there.
case_ssh_by_any_address() {
  has_ssh || { printf '   skipped: no OpenSSH here\n'; return; }
  local said begin
  sshd_start 2
  ip -n "$(lab_ns 1)" address add fd77::1/64 dev right nodad
  ip -n "$(lab_ns 2)" address add fd77::2/64 dev left nodad
  lab_wait 10 "sshd of two does not listen: $(tail -n 2 "$LAB/2/sshd.log")" sshd_listens 2
  lab_in 2 "$LAB_BIN/mesh" card --write --settings "$LAB/2/settings" --mount "$LAB/2/mesh" >"$LAB/out"
  lab_wait 20 "two's card did not come" card_has two 'fd77::2'
  # The key of the host is expected under the node's key, and nowhere else.
  printf 'meshfs-%s %s\n' "$(key_of_node 2)" "$(cut -d ' ' -f 1,2 "$LAB/2/ssh/host.pub")" >"$LAB/known"
  said=$(mesh_ssh two 'echo "$SSH_CONNECTION"')
  printf '   said: %s\n' "$said"
  [[ $said == fd77::1\ *\ fd77::2\ $ssh_port ]] || lab_fail "another way: $said"
  # An address of which nothing is heard costs a quarter of a second, not the time of a connection.
  printf '{"name":"two","key":"%s","sshPort":%s,"addresses":["fd77::99","fd77::98","fd77::2"]}' "$(key_of_node 2)" "$ssh_port" >"$LAB/2/mesh/nodes/two/card.json"
  lab_wait 20 "the card with silent addresses did not come" card_has two 'fd77::99'
  begin=$(date +%s%N)
  said=$(mesh_ssh two 'echo "$SSH_CONNECTION"')
  figure "a session by the third address, the first two silent: $((($(date +%s%N) - begin) / 1000000)) ms"
  [[ $said == *\ fd77::2\ * && $((($(date +%s%N) - begin) / 1000000)) -lt 3000 ]] || lab_fail "not by the third address, or late: $said"
  # A card without a usable address: the neighbour is known by its link, zone and all.
  printf '{"name":"two","key":"%s","sshPort":%s}' "$(key_of_node 2)" "$ssh_port" >"$LAB/2/mesh/nodes/two/card.json"
  lab_wait 20 "the card without addresses did not come" eval "! card_has two 'fd77::2'"
  said=$(mesh_ssh two 'echo "$SSH_CONNECTION"')
  printf '   said: %s\n' "$said"
  [[ $said == fe80::*%*\ *\ fe80::*%*\ $ssh_port || $said == fe80::*\ *\ fe80::*\ $ssh_port ]] || lab_fail "not by link-local: $said"
  # Another host at that address is not believed.
  ssh-keygen -q -t ed25519 -N '' -f "$LAB/other"
  printf 'meshfs-%s %s\n' "$(key_of_node 2)" "$(cut -d ' ' -f 1,2 "$LAB/other.pub")" >"$LAB/known"
  if mesh_ssh two true 2>"$LAB/out"; then lab_fail "a host with another key was believed"; fi
  grep -qi 'host key' "$LAB/out" || lab_fail "it says: $(cat "$LAB/out")"
  printf 'meshfs-%s %s\n' "$(key_of_node 2)" "$(cut -d ' ' -f 1,2 "$LAB/2/ssh/host.pub")" >"$LAB/known"
  # Who is not there: one sentence.
  for node in far nobody; do
    local code=0
    mesh_ssh "$node" true >"$LAB/out" 2>&1 || code=$?
    sed 's/^/   said: /' "$LAB/out"
    [[ $code == 8 && $(wc -l <"$LAB/out") == 1 ]] || lab_fail "exit code $code for $node: $(cat "$LAB/out")"
  done
  lab_signal "$LAB/2" sshd TERM
  lab_gone "$LAB/2" sshd 50
  local code=0
  mesh_ssh two true >"$LAB/out" 2>&1 || code=$?
  sed 's/^/   said: /' "$LAB/out"
  [[ $code == 8 && $(wc -l <"$LAB/out") == 1 ]] || lab_fail "exit code $code without sshd: $(cat "$LAB/out")"
}

# A program here asks a node there, on standard input and output of a session; who waits holds up nobody.
case_rpc_through_ssh() {
  has_ssh || { printf '   skipped: no OpenSSH here\n'; return; }
  sshd_start 2
  printf '{"name":"two","key":"%s","sshPort":%s}' "$(key_of_node 2)" "$ssh_port" >"$LAB/2/mesh/nodes/two/card.json"
  lab_wait 10 "sshd of two does not listen" sshd_listens 2
  printf 'meshfs-%s %s\n' "$(key_of_node 2)" "$(cut -d ' ' -f 1,2 "$LAB/2/ssh/host.pub")" >"$LAB/known"
  lab_wait 20 "two's card did not come" card_has two "$ssh_port"
  printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"run","params":{"target":"four","verb":"slow","wait":true}}' \
    '{"jsonrpc":"2.0","id":2,"method":"run","params":{"target":"all","verb":"uptime","wait":true}}' '{"jsonrpc":"2.0","id":3,"method":"status"}' |
    mesh_ssh two mesh rpc >"$LAB/out"
  python3 - "$LAB/out" <<'PYTHON'
import json, sys
answers = [json.loads(line) for line in open(sys.argv[1])]
assert [a["id"] for a in answers] == [3, 2, 1], answers
assert answers[0]["result"]["node"] == "two", answers[0]
assert answers[1]["result"]["verdict"] == "done" and len(answers[1]["result"]["results"]) == 5, answers[1]
assert answers[2]["result"]["results"][0]["output"] == "line 1\nline 2\nline 3\n", answers[2]
PYTHON
  lab_signal "$LAB/2" sshd TERM
  lab_gone "$LAB/2" sshd 50
}
