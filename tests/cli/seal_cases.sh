# shellcheck shell=bash disable=SC2154
# Cases of tests/cli/run about files that only some nodes can read.

# reads NODE NAME TEXT: what that node shows. ciphertext NODE NAME: sealed bytes, as they lie in its store.
reads() { lab_wait 20 "node $1 does not read $2" lab_has "$(lab_mesh_of "$1")/$2" "$3"; }
ciphertext() { lab_wait 20 "node $1 does not see $2 sealed" is_ciphertext "$(lab_mesh_of "$1")/$2"; }
is_ciphertext() { [[ $(head -c 7 "$1") == mfsseal ]]; }
no_trace() { ! grep -qa "$1" "$2"; }

case_seal_a_file() {
  mkdir "$one/private"
  printf 'the old key\n' >"$one/private/wifi"
  travels private/wifi
  expect 0 'not sealed' -- mesh seal --show "$two/private/wifi"
  expect 0 'stay readable' -- mesh seal "$one/private/wifi" --to school
  [[ $(cat "$one/private/wifi") == 'the old key' ]] || lab_fail "who sealed it can't read it"
  ciphertext 3 private/wifi
  reads 2 private/wifi 'the old key'
  [[ $(stat -c %s "$two/private/wifi") == 12 ]] || lab_fail "a reader is told another size"
  (($(stat -c %s "$three/private/wifi") > 200)) || lab_fail "others are not shown the ciphertext's size"
  no_trace 'old key' "$three/private/wifi" || lab_fail "plain bytes are shown to others"
  json 'j["readers"] == ["roof", "school"]' -- mesh seal --show "$three/private/wifi" --json
  says 'can be read on: roof, school' -- mesh seal --show "$three/private/wifi"
  # A reader writes in place: sealed again, for the same.
  printf 'the new key, which is longer\n' >"$two/private/wifi"
  reads 1 private/wifi 'the new key, which is longer'
  lab_wait 20 "the new version is not on node 3" sealed_again
  printf 'and more\n' >>"$two/private/wifi"
  reads 1 private/wifi $'the new key, which is longer\nand more'
  # Others can't write, not even by truncating; what is here stays.
  if printf x 2>/dev/null >"$three/private/wifi"; then lab_fail "others may write it"; fi
  if truncate -s 0 "$three/private/wifi" 2>/dev/null; then lab_fail "others may cut it"; fi
  expect 6 'only nodes that can read it' -- mesh seal "$three/private/wifi" --to farm
  # Saved by a new file under the old name, as editors do.
  sed -i 's/new/newest/' "$one/private/wifi"
  reads 2 private/wifi $'the newest key, which is longer\nand more'
  json 'j["readers"] == ["roof", "school"]' -- mesh seal --show "$one/private/wifi" --json
  ciphertext 3 private/wifi
  # A new reader reads at once.
  expect 0 'can be read on: farm, roof, school' -- mesh seal "$one/private/wifi" --to school --to farm
  reads 3 private/wifi $'the newest key, which is longer\nand more'
  printf 'by the farm\n' >"$three/private/wifi"
  reads 1 private/wifi 'by the farm'
  # One is left out: only of what is new, and the command says so.
  expect 0 'Only new versions are hidden from farm' -- mesh seal "$one/private/wifi" --to school
  ciphertext 3 private/wifi
  printf 'without the farm\n' >"$one/private/wifi"
  reads 2 private/wifi 'without the farm'
  ciphertext 3 private/wifi
  # Old versions, for who could read them.
  local old
  old=$(mesh log --json "$two/private/wifi" | get '[v["version"] for v in j["versions"] if v["size"] == 29][-1]')
  [[ $(mesh cat "$two/private/wifi" --version "$old") == 'the new key, which is longer' ]] || lab_fail "an old version is not readable"
  # The attributes that people set stay, and the mark shows to nobody.
  setfattr -n user.note -v kept "$one/private/wifi"
  chmod 640 "$one/private/wifi"
  [[ $(getfattr -d "$one/private/wifi" 2>/dev/null | grep -c =) == 1 ]] || lab_fail "the mark is listed"
  reads 2 private/wifi 'without the farm'
}

# Who is in it by the policy of now; a later one changes nothing of what is sealed.
case_seal_for_a_group() {
  printf 'admins roof\ngroup crew @inner\ngroup inner school\n' >"$LAB/policy"
  propose "$LAB/policy"
  printf 'for the crew\n' >"$one/crew-only"
  expect 0 'can be read on: roof, school' -- mesh seal "$one/crew-only" --to crew
  reads 2 crew-only 'for the crew'
  ciphertext 3 crew-only
  expect 0 'can be read on: farm, roof, school' -- mesh seal "$one/crew-only" --to crew --to farm
  reads 3 crew-only 'for the crew'
  expect 4 'There is no node or group crews' -- mesh seal "$one/crew-only" --to crews --to farm
  printf 'admins roof\n' >"$LAB/policy"
  propose "$LAB/policy"
  reads 2 crew-only 'for the crew'
  expect 4 'There is no node or group crew' -- mesh seal "$one/crew-only" --to crew
}

sealed_again() { local now; now=$(mesh ls --json "$three/private" | get '[e["author"] for e in j if e["name"] == "wifi"][0]'); [[ $now == school ]]; }

case_seal_large_files() {
  local size
  mkdir "$one/vault"
  # Around the borders of chunks, of what rides in an entry, and of what is kept in memory.
  for size in 0 1 60 172 173 65000 65200 65535 65536 65537 131072 131073 5000000; do
    head -c "$size" /dev/urandom >"$LAB/plain.$size"
    cp "$LAB/plain.$size" "$one/vault/$size"
    mesh seal "$one/vault/$size" --to school >/dev/null || lab_fail "$size bytes can't be sealed"
  done
  for size in 0 1 60 172 173 65000 65200 65535 65536 65537 131072 131073 5000000; do
    lab_wait 30 "node 2 does not read $size bytes" arrived "$LAB/plain.$size" "$two/vault/$size"
    [[ $(stat -c %s "$two/vault/$size") == "$size" ]] || lab_fail "$size bytes have another size"
    ciphertext 3 "vault/$size"
  done
  python3 - "$LAB/plain.5000000" "$two/vault/5000000" <<'PY'
import os, random, sys
plain, sealed = (os.open(path, os.O_RDWR) for path in sys.argv[1:])
r = random.Random(3)
for _ in range(300):
    at, some = r.randrange(5000100), r.choice([1, 100, 4096, 65536, 200000])
    assert os.pread(plain, some, at) == os.pread(sealed, some, at), (at, some)
for _ in range(20):
    at, text = r.randrange(5000000), r.randbytes(r.choice([1, 5000, 70000]))
    os.pwrite(plain, text, at)
    os.pwrite(sealed, text, at)
for fd in plain, sealed:
    os.ftruncate(fd, 4_900_001)
    os.fsync(fd)
    os.close(fd)
PY
  lab_wait 30 "what was written inside did not arrive" arrived "$LAB/plain.5000000" "$one/vault/5000000"
  ciphertext 3 vault/5000000
  # Of a placeholder the size is known, and a read fetches what it needs.
  expect 0 'dropped 1 content' -- mesh drop "$two/vault/5000000"
  [[ $(stat -c %s "$two/vault/5000000") == 4900001 ]] || lab_fail "a placeholder has another size"
  [[ $(mesh ls --json "$two/vault" | get '[e["state"] for e in j if e["name"] == "5000000"][0]') == placeholder ]] || lab_fail "it is no placeholder"
  [[ $(tail -c 300000 "$two/vault/5000000" | sha256sum) == "$(tail -c 300000 "$LAB/plain.5000000" | sha256sum)" ]] || lab_fail "the end of a placeholder can't be read"
  cmp "$LAB/plain.5000000" "$two/vault/5000000" || lab_fail "a placeholder can't be read"
  cp "$two/vault/5000000" "$two/copy-of-vault"  # an ordinary file again, as any copy
  lab_wait 30 "the copy is not plain" arrived "$LAB/plain.5000000" "$three/copy-of-vault"
}

case_seal_bad_input() {
  printf 'x\n' >"$one/to-seal"
  expect 4 'There is no node or group nowhere' -- mesh seal "$one/to-seal" --to nowhere
  expect 4 'There is no node or group \.\.' -- mesh seal "$one/to-seal" --to ..
  expect 2 'either --to NODE|GROUP or --show' -- mesh seal "$one/to-seal"
  expect 2 'either --to NODE|GROUP or --show' -- mesh seal "$one/to-seal" --show --to school
  expect 4 'There is no' -- mesh seal "$one/never-was" --to school
  expect 2 'lies outside' -- mesh seal /etc/passwd --to school
  expect 2 'The top of the mesh' -- mesh seal "$one" --to school
  ln -sf to-seal "$one/a-link"
  expect 2 'Only files and directories' -- mesh seal "$one/a-link" --to school
  expect 0 'not sealed' -- mesh seal --show "$one/to-seal"
}

case_seal_a_directory() {
  local secret
  mkdir -p "$one/board/minutes"
  printf 'may\n' >"$one/board/minutes/may"
  printf 'members\n' >"$one/board/members"
  ln -s minutes/may "$one/board/latest"
  travels board/minutes/may
  expect 0 'and 4 below it can be read on: roof, school' -- mesh seal "$one/board" --to school
  reads 2 board/minutes/may may
  reads 2 board/latest may
  lab_wait 20 "node 3 still reads names" no_names "$three/board"
  # What is made inside is private, by each reader.
  mkdir "$two/board/accounts"
  printf 'cash 3\n' >"$two/board/accounts/2026"
  ln -s accounts/2026 "$two/board/now"
  reads 1 board/accounts/2026 'cash 3'
  lab_wait 20 "the link is not on node 1" test -L "$one/board/now"
  [[ $(readlink "$one/board/now") == accounts/2026 ]] || lab_fail "a reader is shown another target"
  [[ $(ls "$one/board") == $'accounts\nlatest\nmembers\nminutes\nnow' ]] || lab_fail "a reader lists other names: $(ls "$one/board")"
  lab_wait 20 "node 3 does not have all" has_things "$three/board" 5
  no_names "$three/board" || lab_fail "others read names"
  secret=$(grep -rlaE 'cash|members|minutes|accounts' "$three/board" 2>/dev/null) && lab_fail "others read bytes: $secret"
  find "$three/board" -type l -exec readlink {} \; | tr -d '\0' | grep -aE 'minutes|accounts' && lab_fail "others read targets"
  # Who watches is told in plain names.
  inotifywait -qm -e create,moved_to,delete --format '%e %f' "$two/board" >"$LAB/board.events" &
  local watcher=$!
  sleep 1
  printf 'x\n' >"$one/board/alert"
  lab_wait 20 "no event of a private name" grep -q 'alert$' "$LAB/board.events"
  rm "$one/board/alert"
  lab_wait 20 "no event of its end" grep -q 'DELETE alert$' "$LAB/board.events"
  kill "$watcher"
  [[ $(grep -vc 'alert$' "$LAB/board.events") == 0 ]] || lab_fail "other events: $(cat "$LAB/board.events")"
  # Programs that save by way of another file stay inside.
  sed -i 's/3/4/' "$one/board/accounts/2026"
  reads 2 board/accounts/2026 'cash 4'
  mv "$one/board/members" "$one/board/accounts/people"
  reads 2 board/accounts/people members
  rm -r "$two/board/minutes"
  lab_wait 20 "what a reader removed is on node 1" lab_absent "$one/board/minutes"
  lab_wait 20 "what a reader removed is on node 3" has_things "$three/board" 3
  # In by mv: copied, so sealed. Out: the name is plain, the content is not.
  printf 'found outside\n' >"$one/outside"
  mv "$one/outside" "$one/board/inside"
  reads 2 board/inside 'found outside'
  mv "$one/board/inside" "$one/out-again"
  ciphertext 3 out-again
  reads 2 out-again 'found outside'
  # Others can't put plain bytes there.
  expect 1 'Permission denied' -- bash -c "printf x >'$three/board/mine'"
  expect 1 'Permission denied' -- mkdir "$three/board/mine"
  # Names have room for 175 bytes.
  printf x >"$one/board/$(printf 'n%.0s' {1..175})"
  expect 1 'File name too long' -- bash -c "printf x >'$one/board/$(printf 'n%.0s' {1..176})'"
  # Questions about a private path are asked in plain names.
  json 'len(j["versions"]) >= 2' -- mesh log "$one/board/accounts/2026" --json
  # A new reader's listing changes under its eyes, in both directions.
  expect 0 'can be read on: farm, roof, school' -- mesh seal "$one/board" --to school --to farm
  reads 3 board/accounts/2026 'cash 4'
  lab_wait 20 "the new reader lists other names" lists "$three/board" accounts
  json 'j["readers"] == ["farm", "roof", "school"]' -- mesh seal --show "$two/board" --json
  expect 0 'Only new versions are hidden from farm' -- mesh seal "$one/board" --to school
  lab_wait 20 "who was left out lists names" no_names "$three/board"
}

has_things() { [[ $(find "$1" -mindepth 1 -maxdepth 1 | wc -l) == "$2" ]]; }
lists() { [[ -n $(find "$1" -mindepth 1 -maxdepth 1 -name "$2") ]]; }
no_names() { [[ -z $(find "$1" -mindepth 1 | grep -E 'may|members|latest|minutes|accounts|now$|2026|people') ]]; }
