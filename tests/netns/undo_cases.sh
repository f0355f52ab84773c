# shellcheck shell=bash disable=SC2016,SC2154
# Cases of tests/netns/commands: changes that are undone unless somebody confirms them. The shipped `config-set` on far, whose mesh-exec
# has its namespaces: uci and reload_config are stand-ins (a line NAME=VALUE each; "network.mesh.up" is far's only link).

stand_ins() {  # I: what the mesh-exec of that node finds in /etc and /usr/sbin
  local root=$LAB/$1/root
  mkdir -p "$root/etc/config" "$root/usr/sbin"
  printf 'network.mesh.up=1\nnetwork.lan.ipaddr=10.0.0.1\n' >"$root/etc/config/network"
  cat >"$root/usr/sbin/uci" <<'SCRIPT'
#!/bin/sh
file=/etc/config/${2%%.*}
case $1 in
  get) sed -n "s/^$2=//p" "$file" ;;
  set) grep -v "^${2%%=*}=" "$file" >"$file.new"; echo "$2" >>"$file.new"; mv "$file.new" "$file" ;;
esac
SCRIPT
  cat >"$root/usr/sbin/reload_config" <<'SCRIPT'
#!/bin/sh
if grep -q '^network.mesh.up=0' /etc/config/network; then exec ip link set left down; fi
exec ip link set left up
SCRIPT
  printf '#!/bin/sh\necho "$1 $(b2sum -l 256 <"$1" | cut -d " " -f 1)" >>%s/upgraded\n' "$LAB/$1" >"$root/usr/sbin/sysupgrade"
  chmod +x "$root"/usr/sbin/*
}
value() { run far config-get "$1" | tail -n 1; }
link_is() { ip -n "$(lab_ns 5)" link show left | grep -q "state $1"; }

case_kept_while_the_network_is_reached() {
  local id
  id=$(run far config-set network.lan.ipaddr 10.0.0.2 --confirm-within 6s --detach)
  lab_wait 10 "it is not unconfirmed first" has_state 1 5 "$id" unconfirmed
  lab_wait 20 "it was not confirmed by reaching the network" has_state 1 5 "$id" 'done'
  printf '   said: %s\n' "$(reason_of 1 5 "$id")"
  [[ $(value network.lan.ipaddr) == *10.0.0.2 ]] || lab_fail "it was not kept: $(value network.lan.ipaddr)"
}

case_undone_when_it_cuts_the_node_off() {
  local id begin
  begin=$(date +%s%N)
  id=$(run far config-set network.mesh.up 0 --confirm-within 6s --detach)
  lab_wait 10 "the link did not go" link_is DOWN
  lab_wait 20 "the link did not come back" link_is UP
  figure "its link was back $((($(date +%s%N) - begin) / 1000000)) ms after the command was told (to be confirmed within 6 s)"
  lab_wait 40 "the issuer does not hear that it was undone" has_state 1 5 "$id" undone
  figure "the issuer heard of it after $((($(date +%s%N) - begin) / 1000000)) ms"
  printf '   said: %s\n' "$(reason_of 1 5 "$id")"
  [[ $(value network.mesh.up) == *1 ]] || lab_fail "the old value is not back"
}

case_confirmed_by_its_issuer() {
  local id second
  id=$(run far config-set-asks network.lan.ipaddr 10.0.0.3 --confirm-within 60s --detach)
  second=$(run far config-set-asks network.lan.ipaddr 10.0.0.4 --confirm-within 60s --detach)
  lab_wait 10 "it does not wait" has_state 1 5 "$id" unconfirmed
  sleep 3
  has_state 1 5 "$id" unconfirmed || lab_fail "somebody else confirmed it"
  has_state 1 5 "$second" accepted || lab_fail "a second one began before the first was confirmed"
  run far confirm "$id" >"$LAB/out" || lab_fail "it can't be confirmed: $(cat "$LAB/out")"
  lab_wait 10 "it is not confirmed" has_state 1 5 "$id" 'done'
  lab_wait 10 "the second one did not begin" has_state 1 5 "$second" unconfirmed
  run far confirm "$second" >"$LAB/out" || lab_fail "it can't be confirmed: $(cat "$LAB/out")"
  [[ $(value network.lan.ipaddr) == *10.0.0.4 ]] || lab_fail "it was not kept"
}

# There is no such configuration: it fails before it changed anything, and what an earlier one kept is not put in its place.
case_failed_is_undone() {
  if run far config-set nothing.a 1 >"$LAB/out"; then lab_fail "it did not fail"; fi
  grep -q 'undone.*exit code 1' "$LAB/out" || lab_fail "it says: $(cat "$LAB/out")"
  if run far config-set network.mesh 1 >"$LAB/out" 2>&1; then
    [[ $(value network.lan.ipaddr) == *10.0.0.4 ]] || lab_fail "another file was put back"
  fi
}
