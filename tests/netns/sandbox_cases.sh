# shellcheck shell=bash disable=SC2154
# Cases of tests/netns/run about what the daemons have given up.

# status_of PID KEY: a line of the kernel's account of a process.
status_of() { awk -v key="$2:" '$1 == key {print $2}' "/proc/$1/status"; }

# holds PID KEY WANTED WHO
holds() {
  local is
  is=$(status_of "$1" "$2")
  [[ $is == "$3" ]] || lab_fail "$2 of $4 is $is instead of $3"
}

# Capabilities as the kernel writes them; of fsd DAC_OVERRIDE, of its mounter SYS_ADMIN and DAC_READ_SEARCH, of its
# herald DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID and SYS_PTRACE.
none=0000000000000000 of_fsd=0000000000000002 of_mounter=0000000000200004 of_herald=000000000008001e

confined() {
  holds "$1" CapEff "$2" "$3"
  holds "$1" CapPrm "$2" "$3"
  holds "$1" NoNewPrivs 1 "$3"
  holds "$1" Seccomp 2 "$3"
}

pid_of() { lab_pid "$LAB/$1" "$2"; }
is_confined() { [[ $(status_of "$1" Seccomp) == 2 ]]; }
log_has() { grep -q "$3" "$LAB/$1/$2.log"; }

case_sandbox_of_daemons() {
  lab_line 2
  lab_create 1 one
  lab_create 2 two 1
  lab_start 1 --peer localhost:5999 --verbose
  lab_start_fsd 2
  local fsd syncd child user
  fsd=$(pid_of 1 fsd) syncd=$(pid_of 1 syncd)
  lab_wait 10 "syncd of node 1 does not reach its fsd" log_has 1 syncd 'connected to meshfs-fsd'
  confined "$syncd" "$none" syncd
  user=$(status_of "$syncd" Uid)
  ((user != 0)) || lab_fail "syncd is still root"
  [[ $(readlink "/proc/$syncd/root") == "$LAB/1/state" ]] || lab_fail "syncd finds more than the folder of fsd's socket"
  lab_wait 10 "no name was looked up" log_has 1 syncd 'cannot connect to localhost:5999'
  child=$(pgrep -P "$syncd")
  confined "$child" "$none" "the process that looks names up"
  [[ $(status_of "$child" Uid) == "$user" ]] || lab_fail "who looks names up is another user"
  confined "$fsd" "$of_fsd" fsd
  confined "$(pgrep -P "$fsd" -x meshfs-mounter)" "$of_mounter" "the mounter"
  child=$(pgrep -P "$fsd" -x meshfs-herald)
  lab_wait 10 "the herald gave nothing up" is_confined "$child"
  confined "$child" "$of_herald" "the herald"

  # Without it they are what root is: the lines above can fail.
  lab_start_syncd 2 --no-sandbox
  lab_wait 10 "syncd of node 2 does not reach its fsd" log_has 2 syncd 'connected to meshfs-fsd'
  syncd=$(pid_of 2 syncd)
  [[ $(status_of "$syncd" Seccomp) == 0 && $(status_of "$syncd" CapEff) != "$none" && $(status_of "$syncd" Uid) == 0 ]] ||
    lab_fail "--no-sandbox changes nothing"
  if (holds "$syncd" Seccomp 2 syncd) 2>/dev/null; then lab_fail "the check accepts anything"; fi

  # It works as any other, and so does what opens late: fsd's next socket, a link that was not there.
  printf 'first\n' >"$LAB/1/mesh/file"
  lab_wait 20 "a file did not cross" lab_has "$LAB/2/mesh/file" first
  lab_kill 1
  lab_start_fsd 1
  setsid nsenter --net="/run/netns/$(lab_ns 1)" "$LAB_BIN/meshfs-syncd" --socket "$LAB/1/state/fsd.sock" \
    </dev/null >"$LAB/1/syncd.log" 2>&1 &
  disown
  printf '%s\n' $! >"$LAB/1/syncd.pid"
  lab_wait 20 "syncd did not reach the next fsd" log_has 1 syncd 'connected to meshfs-fsd'
  lab_signal "$LAB/1" fsd TERM
  lab_gone "$LAB/1" fsd 100
  lab_start_fsd 1
  lab_wait 20 "syncd did not connect again" log_has 1 fsd 'syncd is connected'
  lab_link 1 late 2 late
  lab_wait 20 "an interface that came late is not used" log_has 1 syncd 'neighbours on late'
  lab_in 1 ip link set right down
  lab_signal "$LAB/2" syncd TERM
  lab_gone "$LAB/2" syncd 50
  lab_start_syncd 2
  printf 'second\n' >"$LAB/1/mesh/file"
  lab_wait 30 "a file did not cross the late link" lab_has "$LAB/2/mesh/file" second
  ! grep -l 'sandbox refused' "$LAB"/[12]/*.log || lab_fail "it does what its sandbox refuses"
}

# Whoever took syncd over may be syncd on fsd's socket and no tool; others can't even connect; nothing beside it can be read.
case_sandbox_of_the_socket() {
  lab_line 1
  lab_create 1 one
  chmod 711 "$LAB" "$LAB/1"
  lab_start 1
  lab_wait 10 "syncd does not reach its fsd" log_has 1 syncd 'connected to meshfs-fsd'
  local state=$LAB/1/state user group
  user=$(status_of "$(pid_of 1 syncd)" Uid) group=$(stat -c %g "$state/fsd.sock")
  printf 'x\n' >"$LAB/1/mesh/file"
  local as_syncd=(setpriv --reuid="$user" --regid="$group" --clear-groups)
  local question=("$LAB_BIN/mesh" log "$LAB/1/mesh/file" --state "$state" --mount "$LAB/1/mesh")
  "${question[@]}" >/dev/null || lab_fail "root can't ask"
  expect_refusal 'may not be a tool|refused|not let' "${as_syncd[@]}" "${question[@]}"
  log_has 1 fsd 'the user of syncd may not be a tool' || lab_fail "fsd's log does not say so"
  expect_refusal 'Only root may ask' setpriv --reuid=65534 --regid=65534 --clear-groups "${question[@]}"
  local name
  for name in identity store events staging .; do
    ! "${as_syncd[@]}" ls "$state/$name/" &>/dev/null || lab_fail "syncd's user may list $name"
    ! "${as_syncd[@]}" cat "$state/$name" &>/dev/null || lab_fail "syncd's user may read $name"
  done
  "${as_syncd[@]}" test -S "$state/fsd.sock" || lab_fail "it does not even find the socket: the lines above show nothing"
  [[ $(stat -c %a "$state" "$state/fsd.sock" | tr '\n' ' ') == '710 660 ' ]] || lab_fail "modes are $(stat -c '%a' "$state" "$state/fsd.sock" | tr '\n' ' ')"
}
