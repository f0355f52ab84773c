# shellcheck shell=bash disable=SC2154
# Cases of tests/cli/run about what a node keeps: rules for old versions, dictionaries, placeholders.

case_old_versions_by_rules() {
  says 'a tenth of the disk' -- mesh retention --mount "$one"
  json 'j["versions"] == 7 and j["days"] == 30 and j["bytes"] == 500000000' -- mesh retention --versions 7 --bytes 500M --mount "$one" --json
  expect 2 '--bytes takes a size' -- mesh retention --bytes 12x --mount "$one"
  expect 2 'whole number' -- mesh retention --days -1 --mount "$one"
  lab_wait 20 "nobody looked after the rules changed" looked
  json 'j["content"]["live"] >= 0 and j["content"]["garbage"] >= 0' -- mesh status --mount "$one" --json
  json 'j["versions"] == 20' -- mesh retention --mount "$two" --json  # each node has its own
}

looked() { mesh retention --mount "$one" --json | get 'j["looked"]' | grep -q True; }

case_dictionaries() {
  local records="$LAB/records" out="$LAB/json.zdict" n
  mkdir -p "$records/more" "$one/stats"
  python3 - "$records" <<'PY'
import json, random, sys
r = random.Random(7)
for n in range(600):
    record = {"node": f"{r.choice(['roof', 'school', 'mill'])}-{n % 60:02}", "time": 1760000000 + 60 * n, "uptime": r.randrange(9000000),
              "load": [r.randrange(150) / 100, r.randrange(90) / 100], "mem_free_kb": r.randrange(9000, 60000), "clients": r.randrange(24)}
    open(f"{sys.argv[1]}/more/{n}.json", "w").write(json.dumps(record) + "\n")
PY
  expect 0 'no dictionaries' -- mesh dict --mount "$one"
  json 'j == []' -- mesh dict list --mount "$one" --json
  expect 0 'trained on  480 records' -- mesh dict train --type json --size 4K --output "$out" "$records"
  json 'j["held_out"] == 120 and j["squeezed_bytes"] * 2 < j["zstd_bytes"] < j["plain_bytes"]' -- \
    mesh dict train --type json --size 4K --output "$out" "$records" --json
  # Only admins; everybody else gets told how.
  expect 6 'Only an admin' -- mesh dict train --type json --size 4K --mount "$two" "$records"
  expect 0 'dictionary  .*/network/dictionaries/json.zdict' -- mesh dict train --type json --size 4K --mount "$one" "$records"
  travels network/dictionaries/json.zdict
  for n in "$one" "$two" "$three"; do
    lab_wait 20 "the dictionary is of no use on $n" json 'len(j) == 1 and j[0]["current"] and j[0]["damage"] == ""' -- mesh dict --mount "$n" --json
  done
  for n in 1 2 3 4 5; do
    cp "$records/more/$n.json" "$one/stats/$n.json"
    travels "stats/$n.json"
  done
  lab_wait 10 'node 2 got no record squeezed' json 'j[0]["records"] >= 3 and j[0]["squeezed_bytes"] * 2 < j[0]["plain_bytes"]' -- \
    mesh dict --mount "$two" --json
  # Bad input: each one sentence, and nothing is changed.
  expect 2 '--type' -- mesh dict train --mount "$one" "$records"
  expect 2 "no '/'" -- mesh dict train --type a/b --mount "$one" "$records"
  expect 2 '1K to 64K' -- mesh dict train --type json --size 65K --mount "$one" "$records"
  expect 2 '1K to 64K' -- mesh dict train --type json --size much --mount "$one" "$records"
  expect 2 'files or directories' -- mesh dict train --type json --mount "$one"
  expect 2 'list and train' -- mesh dict drain --mount "$one"
  expect 4 'No such file' -- mesh dict train --type json --mount "$one" "$LAB/none"
  expect 1 'Too few records: 0' -- mesh dict train --type conf --mount "$one" "$records"
  expect 1 'Too few records: 1 ' -- mesh dict train --type json --mount "$one" "$records/more/1.json"
  # A damaged file, and one that is none: left alone, said so, everything goes on.
  head -c 4000 /dev/urandom >"$one/network/dictionaries/conf.zdict"
  lab_wait 10 'a file that is no dictionary is not told of' says 'it is no trained dictionary' -- mesh dict --mount "$one"
  rm "$one/network/dictionaries/conf.zdict" "$one/network/dictionaries/json.zdict"
  lab_wait 10 'it is in use though it is gone' json 'not any(d["current"] for d in j)' -- mesh dict --mount "$three" --json
  cp "$records/more/9.json" "$one/stats/9.json"
  travels stats/9.json
}

placeholder() { [[ $(getfattr --only-values -n user.mesh.state "$1" 2>/dev/null) == placeholder ]]; }
published() { [[ $(getfattr --only-values -n user.mesh.state "$1" 2>/dev/null) == published ]]; }

case_keep_pin_drop() {
  mkdir "$one/k"
  head -c 3000 /dev/urandom >"$one/k/a"
  head -c 3000 /dev/urandom >"$one/k/b.iso"
  # Looked at, not read: what the kernel has of them would be read without asking us.
  lab_wait 20 "k/a did not come" published "$three/k/a"
  lab_wait 20 "k/b.iso did not come" published "$three/k/b.iso"
  says 'keeps       everything' -- mesh keep --mount "$three"
  # Given back now; it stays in the tree, as a placeholder, until somebody reads it.
  expect 0 'dropped 1 content, 3.0 kB' -- mesh drop "$three/k/a"
  placeholder "$three/k/a" || lab_fail "k/a is no placeholder"
  says placeholder -- mesh ls -l "$three/k"
  json 'j["placeholders"] >= 1' -- mesh keep --mount "$three" --json
  cmp "$one/k/a" "$three/k/a"
  published "$three/k/a" || lab_fail "k/a did not come back"
  # Rules: what they leave out stays out, what is pinned comes.
  json 'j["rules"] == ["max-file 1M", "only k/**", "not *.iso"]' -- mesh keep --mount "$three" --max-file 1M --only 'k/**' --not '*.iso' --json
  head -c 4000 /dev/urandom >"$one/k/c.iso"
  lab_wait 20 "k/c.iso does not show" placeholder "$three/k/c.iso"
  expect 0 '' -- mesh pin "$three/k"
  lab_wait 20 "what is pinned does not come" published "$three/k/c.iso"
  expect 6 'pinned' -- mesh drop "$three/k/c.iso"
  expect 0 '' -- mesh unpin "$three/k"
  # The last copy stays, but by force.
  mkdir "$three/nodes/farm/own"
  head -c 5000 /dev/urandom >"$three/nodes/farm/own/x"
  expect 6 'own' -- mesh drop "$three/nodes/farm/own/x"
  json 'j["everything"]' -- mesh keep --mount "$three" --everything --json
}


# --- bad input: one sentence, its exit code, what to do ---
