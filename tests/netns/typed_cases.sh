# shellcheck shell=bash disable=SC2154,SC2317
# Cases of tests/netns/commands about typed files: what is refused and kept, types that are added, versions that merge, lifetimes.

case_invalid_files() {
  local file=$LAB/1/mesh/commands/two/wrong.json
  python3 - "$file" <<'PYTHON'
import errno, os, sys
path = sys.argv[1]
file = open(path, "w")
file.write('{"verb": 5}')
try:
    file.close()
    sys.exit("close(2) took what is no command")
except OSError as error:
    assert error.errno == errno.EINVAL, error
for name in ("user.mesh.error", "user.mesh.state"):
    print("   said:", os.getxattr(path, name).decode())
try:
    os.rename(path, path + "2.json")
    sys.exit("rename(2) took what is no command")
except OSError as error:
    assert error.errno == errno.EINVAL, error
# Renamed while it is open, as mesh run and mesh-exec do: judged then, so that nobody ever sees half a command under its name.
for text in ("", '{"verb": ', '{"verb": 5}'):
    new = path.replace("wrong", ".new")
    file = open(new, "w")
    file.write(text)
    file.flush()
    try:
        os.rename(new, path.replace("wrong", "half"))
        sys.exit(f"rename(2) took {text!r}, which is no command")
    except OSError as error:
        assert error.errno == errno.EINVAL, error
    file.close()
    os.unlink(new)
PYTHON
  timeout 2 cat "$LAB/1/mesh/.mesh/events" >"$LAB/events" || true
  grep -q '"what":"refused".*wrong.json.*verb must be' "$LAB/events" || lab_fail ".mesh/events does not tell of it"
  grep -q 'wrong.json stays unpublished' "$LAB/1/fsd.log" || lab_fail "the log does not tell of it"
  sleep 2
  lab_absent "$LAB/2/mesh/commands/two/wrong.json" || lab_fail "it came to another node"
  printf '{"verb":"uptime"}' >"$file"
  lab_wait 20 "written anew it did not arrive" lab_has "$LAB/2/mesh/commands/two/wrong.json" '{"verb":"uptime"}'
}

case_lifetimes_end() {
  local before
  printf 'soon gone\n' >"$LAB/1/mesh/note"
  setfattr -n user.mesh.ttl -v 6 "$LAB/1/mesh/note"
  lab_wait 5 "the note did not arrive" lab_has "$LAB/5/mesh/note" 'soon gone'
  before=$(lab_wire 3 left)
  lab_wait 20 "the note is still there" lab_absent "$LAB/5/mesh/note"
  figure "bytes on a link while a file expired everywhere: $(($(lab_wire 3 left) - before)) (beacons and all)"
  [[ $(getfattr --only-values -n user.mesh.ttl "$LAB/1/mesh/commands/two/wrong.json" 2>/dev/null) == 7776000 ]] ||
    lab_fail "a command has no lifetime of its own"
}

# A type that nobody has built in: compiled here, judged everywhere.
case_types_are_added() {
  command -v capnp >/dev/null || { printf '   skipped: no capnp here\n'; return; }
  cat >"$LAB/sensor.capnp" <<'SCHEMA'
@0xbf5147cbbecf40c1;
using Record = import "/meshfs/record.capnp";
struct Sensor $Record.pattern("sensors/*.json") $Record.lifetime(3600) {
  celsius @0 :Float64 $Record.needed;
}
SCHEMA
  "$LAB_BIN/mesh" type add "$LAB/sensor.capnp" --mount "$LAB/1/mesh" | sed 's/^/   /'
  lab_wait 20 "the type did not arrive" lab_is_file "$LAB/5/mesh/network/types/sensor.type"
  mkdir "$LAB/5/mesh/sensors"
  lab_wait 20 "far does not judge by the new type" eval "! printf '{\"celsius\":\"warm\"}' 2>/dev/null >'$LAB/5/mesh/sensors/a.json' || [[ -n \$(getfattr --only-values -n user.mesh.error '$LAB/5/mesh/sensors/a.json' 2>/dev/null) ]]"
  printf '{"celsius":21.5}' >"$LAB/5/mesh/sensors/b.json"
  lab_wait 20 "a reading did not arrive" lab_has "$LAB/1/mesh/sensors/b.json" '{"celsius":21.5}'
  lab_absent "$LAB/1/mesh/sensors/a.json" || lab_fail "what is no sensor came to another node"
}

type_add() {  # NAME: the schema comes from stdin
  cat >"$LAB/$1.capnp"
  "$LAB_BIN/mesh" type add "$LAB/$1.capnp" --mount "$LAB/1/mesh" >"$LAB/type.out" || lab_fail "$(cat "$LAB/type.out")"
  lab_wait 20 "the type $1 did not arrive" lab_is_file "$LAB/5/mesh/network/types/$1.type"
}
items() { python3 -c 'import json, sys; print(*sorted(json.load(open(sys.argv[1]))["items"]))' "$1" 2>/dev/null; }
has_items() { [[ $(items "$1") == "$2" ]]; }

# Two islands edit one file whose type says how versions merge: no conflict, and nobody writes the outcome.
case_versions_merge() {
  command -v capnp >/dev/null || { printf '   skipped: no capnp here\n'; return; }
  local far=$LAB/5/mesh/notices near=$LAB/1/mesh/notices
  type_add notice <<'SCHEMA'
@0xd5bd3baf2e5c6b41;
using Record = import "/meshfs/record.capnp";
struct Notice $Record.pattern("notices/*.json") $Record.merge(union) $Record.quota(100) {
  items @0 :List(Text);
}
SCHEMA
  mkdir "$near"
  printf '{"items":["a"]}' >"$near/board.json"
  lab_wait 20 "the notices did not arrive" has_items "$far/board.json" 'a'
  lab_cut 3 left
  printf '{"items":["a","b"]}' >"$near/board.json"
  printf '{"items":["a","c"]}' >"$far/board.json"
  lab_heal 3
  lab_wait 60 "they did not merge" has_items "$near/board.json" 'a b c'
  lab_wait 60 "they did not merge far away" has_items "$far/board.json" 'a b c'
  cmp "$near/board.json" "$far/board.json" || lab_fail "two nodes show different bytes"
  [[ $(ls "$near") == board.json ]] || lab_fail "something shows beside it: $(ls "$near")"
  "$LAB_BIN/mesh" conflicts --mount "$LAB/1/mesh" >"$LAB/out" || true
  if grep -q notices "$LAB/out"; then lab_fail "it counts as a conflict: $(cat "$LAB/out")"; fi
  sed 's/^/   /' "$near/board.json"
  mv "$near/board.json" "$near/moved.json"
  lab_wait 20 "its rename did not arrive" has_items "$far/moved.json" 'a b c'
  printf '{"items":["d"]}' >"$far/moved.json"
  lab_wait 20 "a write did not replace all that its writer saw" lab_has "$near/moved.json" '{"items":["d"]}'
  # What would be larger than such a file may be is no record: both stay, as ever.
  lab_cut 3 left
  printf '{"items":["%060d"]}' 1 >"$near/moved.json"
  printf '{"items":["%060d"]}' 2 >"$far/moved.json"
  lab_heal 3
  lab_wait 60 "versions too large to merge are not beside each other" eval "ls '$near' | grep -q 'moved.json~conflict'"
}

# A folder of files moves to where they are of a type; what is refused outlives its node's stop.
case_folders_are_judged() {
  command -v capnp >/dev/null || { printf '   skipped: no capnp here\n'; return; }
  local mesh=$LAB/1/mesh
  type_add page <<'SCHEMA'
@0xe2bd3baf2e5c6b42;
using Record = import "/meshfs/record.capnp";
struct Page $Record.pattern("pages/**/*.json") $Record.lifetime(3600) {
  title @0 :Text $Record.needed;
}
SCHEMA
  mkdir -p "$mesh/pages" "$mesh/drafts/deep"
  printf '{"title":"one"}' >"$mesh/drafts/one.json"
  printf '{"titel":"two"}' >"$mesh/drafts/deep/two.json"
  if mv "$mesh/drafts" "$mesh/pages/drafts" 2>"$LAB/out"; then lab_fail "a folder with what is no page moved there"; fi
  sed 's/^/   /' "$LAB/out"
  grep -q 'two.json.*Invalid argument' "$LAB/out" || lab_fail "mv does not name the file"
  [[ -e $mesh/drafts/deep/two.json ]] || lab_fail "it is not where it was"
  rm -r "$mesh/pages/drafts"
  grep 'drafts stays where it is: /pages/drafts/deep/two.json' "$LAB/1/fsd.log" | tail -n 1 | sed 's/^/   /' | grep . || lab_fail "the log does not say which file"
  printf '{"title":"two"}' >"$mesh/drafts/deep/two.json"
  mv "$mesh/drafts" "$mesh/pages/drafts"
  [[ $(getfattr --only-values -n user.mesh.ttl "$mesh/pages/drafts/deep/two.json" 2>/dev/null) == 3600 ]] || lab_fail "it has not got its type's lifetime"
  lab_wait 20 "the pages did not arrive" lab_has "$LAB/5/mesh/pages/drafts/deep/two.json" '{"title":"two"}'
  mv "$mesh/pages/drafts" "$mesh/drafts"
  [[ $(getfattr --only-values -n user.mesh.ttl "$mesh/drafts/deep/two.json" 2>/dev/null) != 3600 ]] || lab_fail "it still has the lifetime of a page"
  printf 'no page at all' >"$mesh/pages/bad.json" 2>/dev/null || true
  exec_stop 1
  lab_stop 1
  lab_has "$LAB/1/state/refused/bad.json" 'no page at all' || lab_fail "what was refused is lost: $(ls "$LAB/1/state/refused")"
  lab_start 1
  exec_start 1
  lab_wait 60 "the five nodes are not in sync" in_sync 1
}
