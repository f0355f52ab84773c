#!/usr/bin/env bash
# A service in shell: the cards of all nodes (nodes/*/card.json) become a hosts file, /run/meshfs/hosts/hosts, for dnsmasq's --addn-hosts or
# to be read as it is. Needs inotifywait; does without the runner, so it shows what that does for others: waiting for the mesh, settling,
# temporary and rename, nothing written that is the same, nothing believed of what others wrote.
#
#   hosts.sh [--mount DIR] [--run DIR] [--domain mesh] [--once]
set -euo pipefail

mount=${MESHFS_MOUNT:-/mesh} run=/run/meshfs/hosts domain=mesh once=
while (($#)); do
  case $1 in
    --mount) mount=${2:?--mount needs a value} && shift 2 ;;
    --run) run=${2:?--run needs a value} && shift 2 ;;
    --domain) domain=${2:?--domain needs a value} && shift 2 ;;
    --once) once=yes && shift ;;
    *) printf 'usage: hosts.sh [--mount DIR] [--run DIR] [--domain mesh] [--once]\n' >&2 && exit 2 ;;
  esac
done
most_bytes=65536 # of one card

# The addresses of a card, one a line: what stands between the brackets of "addresses" and looks like one. Link-local ones mean nothing here.
addresses() {
  head -c "$most_bytes" "$1" | tr -d '\n\r' | sed -n 's/.*"addresses"[[:space:]]*:[[:space:]]*\[\([^]]*\)\].*/\1/p' |
    tr ',' '\n' | sed -n 's/^[[:space:]]*"\([0-9A-Fa-f:.]\{2,45\}\)"[[:space:]]*$/\1/p' | grep -iv '^fe[89ab]' || true
}

# A node's name is its folder's, where only it can write: a card that claims another name changes nothing.
hosts() {
  local card node address
  for card in "$mount"/nodes/*/card.json; do
    node=${card%/card.json} node=${node##*/}
    [[ -f $card && ! -L $card && $node =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$ ]] || continue
    while read -r address; do printf '%s %s.%s %s\n' "$address" "$node" "$domain" "$node"; done < <(addresses "$card")
  done
}

render() {
  hosts >"$run/.hosts.new"
  if cmp -s "$run/.hosts.new" "$run/hosts"; then rm "$run/.hosts.new"; else mv "$run/.hosts.new" "$run/hosts"; fi
}

# The mesh is there and not about to go: without it every node would seem to have left.
there() { [[ -r $mount/.mesh/status && -d $mount/nodes ]]; }

mkdir -p "$run"
if [[ $once ]]; then
  there || { printf 'hosts.sh: no mesh is mounted at %s\n' "$mount" >&2 && exit 3; }
  render
  exit
fi
while true; do
  until there; do sleep 1; done
  # Watches first, then a look at all.
  exec {events}< <(exec inotifywait -m -r -q -e close_write,moved_to,moved_from,create,delete "$mount/nodes" 2>/dev/null)
  watching=$!
  trap 'kill "$watching" 2>/dev/null || true' EXIT
  trap 'exit 0' TERM INT
  sleep 0.3 # -q keeps inotifywait from saying that it is ready
  if there; then render; fi
  while read -r -u "$events" _; do
    SECONDS=0
    while ((SECONDS < 2)) && read -r -t 0.2 -u "$events" _; do :; done # settle, though changes go on
    if there; then render; fi
  done
  exec {events}<&-
  wait "$watching" || true
done
