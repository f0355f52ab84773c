# shellcheck shell=bash disable=SC2154,SC2317
# Cases of `engines`: meshfs-messages beside programs that use an engine's own messages.

messages_start() {  # I ENGINE
  : >>"$LAB/$1/messages.log"
  PATH="$(engine_path bmx7):$PATH" setsid nsenter --net="/run/netns/$(lab_ns "$1")" "$LAB_BIN/meshfs-messages" --mount "$LAB/$1/mesh" "$2" \
    </dev/null >>"$LAB/$1/messages.log" 2>&1 &
  disown
  printf '%s\n' $! >"$LAB/$1/messages.pid"
}
messages_stop() {
  local folder
  for folder in "$LAB"/[0-9]*/; do lab_signal "$folder" messages TERM; done
  for folder in "$LAB"/[0-9]*/; do lab_gone "$folder" messages 30; done
}

# foreign_sends I NAME TEXT: as an old tool does.
foreign_sends() {
  local folder
  folder=$(engine_dir "$1")
  printf '%s\n' "$3" >"$folder/sms/sendSms/.foreign"
  mv "$folder/sms/sendSms/.foreign" "$folder/sms/sendSms/$2"
  PATH="$(engine_path bmx7):$PATH" "${BMX7:-bmx7}" "runtimeDir=$folder" -c "syncSms=$2" >/dev/null
}
received() { [[ $(cat "$(engine_dir "$1")"/sms/rcvdSms/*:"$2" 2>/dev/null) == "$3" ]]; }
not_received() { ! compgen -G "$(engine_dir "$1")/sms/rcvdSms/*:$2" >/dev/null; }
times_said() { [[ $(grep -c -- "$2" "$LAB/$1/messages.log") == "$3" ]]; }
sent_names() { find "$(engine_dir "$1")/sms/sendSms" -type f ! -name '.*' ! -name 'meshfs-*' -printf '%f:%s ' | tr ' ' '\n' | sort | tr '\n' ' '; }

# What old tools send is read-only in the tree of all nodes, what people place there reaches old tools; neither comes back as the other.
case_plain_messages() {
  mesh_on bmx7 2
  local i one=$LAB/1/mesh/nodes/one/sms far=$LAB/2/mesh/nodes/one/sms before
  for i in 1 2; do messages_start "$i" "bmx7:$(engine_dir "$i")"; done
  foreign_sends 1 leases old
  lab_wait 60 "a message of another program does not show on node 2" lab_has "$far/leases" old
  [[ $(stat -c %a "$far/leases") == 444 ]] || lab_fail "what was imported is not read-only: $(stat -c %a "$far/leases")"
  foreign_sends 1 leases new
  lab_wait 60 "its update does not follow" lab_has "$far/leases" new

  printf 'hello\n' >"$one/greeting"
  lab_wait 60 "what was placed in sms/ does not reach node 2 as a plain message" received 2 greeting hello
  printf 'hello again\n' >"$one/greeting"
  lab_wait 60 "its change does not reach node 2" received 2 greeting 'hello again'
  # A writer who takes his time: what was there stays until he is done.
  (printf 'slow ' && sleep 4 && printf 'writer\n') >"$one/greeting" &
  sleep 3
  received 1 greeting 'hello again' || lab_fail "half a file was sent"
  wait $!
  lab_wait 60 "what a slow writer wrote does not reach node 2" received 2 greeting 'slow writer'
  printf 'hello again\n' >"$one/greeting"
  lab_wait 60 "the last change does not reach node 2" received 2 greeting 'hello again'
  # A foreign message that has the name of one's own file stays what it is.
  foreign_sends 1 taken theirs
  lab_wait 60 "a second foreign message does not show" lab_has "$one/taken" theirs
  printf 'mine\n' >"$one/.mine"
  mv "$one/.mine" "$one/taken"
  lab_wait 60 "a name that another program has is not said" times_said 1 "'taken' is not published" 1
  [[ $(cat "$(engine_dir 1)/sms/sendSms/taken") == theirs ]] || lab_fail "a foreign message was overwritten"
  rm "$one/taken" "$(engine_dir 1)/sms/sendSms/taken"

  # Names that no engine takes are said once.
  printf 'x\n' >"$one/meshfs-mine"
  printf 'x\n' >"$one/a name too long for bmx"
  lab_wait 20 "a reserved name is not said" times_said 1 "'meshfs-mine' is not published" 1
  lab_wait 20 "a bad name is not said" times_said 1 "'a name too long for bmx' is not published" 1

  before=$(sent_names 1)
  lab_signal "$LAB/1" messages TERM
  lab_gone "$LAB/1" messages 30
  messages_start 1 "bmx7:$(engine_dir 1)"
  lab_wait 20 "it did not look after its restart" times_said 1 "'meshfs-mine' is not published" 2
  sleep 3
  [[ $(sent_names 1) == "$before" ]] || lab_fail "after a restart of the program there is $(sent_names 1), before $before"
  [[ $(stat -c %a "$one/greeting") == 644 && $(stat -c %a "$one/leases") == 444 ]] || lab_fail "after its restart it took one for the other"

  # A restarted engine has forgotten names.
  "$top/tests/netns/bmx7" "runtimeDir=$(engine_dir 1)" -c restart >/dev/null 2>&1 || true
  lab_wait 60 "the message is not sent again after the engine's restart" received 1 greeting 'hello again'

  rm "$one/greeting"
  # The engine's restart may have taken it from the other node already: what is sent is what counts.
  lab_wait 60 "a removed file is still in sendSms" lab_absent "$(engine_dir 1)/sms/sendSms/greeting"
  lab_wait 60 "a removed file is still there" not_received 2 greeting
  rm "$(engine_dir 1)/sms/sendSms/leases"
  lab_wait 60 "the removal of a foreign message does not follow" lab_absent "$far/leases"
  messages_stop
}

# What other programs tell ALFRED shows in the tree; pages of meshfs do not.
case_plain_records() {
  alfred_mesh 2
  local far=$LAB/2/mesh/nodes/one/alfred
  say_record() { printf '%s' "$1" | lab_in 1 alfred -u "$(engine_dir 1)/sock" -s 64; }
  say_record 'position of one'
  messages_start 1 "alfred:$(engine_dir 1)/sock"
  messages_start 2 "alfred:$(engine_dir 2)/sock"
  lab_wait 60 "a record of another program does not show on node 2" lab_has "$far/64" 'position of one'
  [[ $(stat -c %a "$far/64") == 444 ]] || lab_fail "what was imported is not read-only"
  [[ $(ls "$far") == 64 ]] || lab_fail "more is shown than records of others: $(ls "$far")"
  [[ -z $(ls "$LAB/1/mesh/nodes/node2/alfred" 2>/dev/null) ]] || lab_fail "node 2 shows what node 1 said as its own"
  say_record 'one moved'
  lab_wait 90 "its update does not follow" lab_has "$far/64" 'one moved'
  messages_stop
}
