# shellcheck shell=bash disable=SC2016,SC2154
# Cases of tests/netns/commands: what persons sign with Debian's signify and minisign, on real nodes. Lisa and petra have keys of signify,
# omar one of minisign; three lets any of them have `signed` run, four wants two of them for the shipped `sysupgrade`.

has_signers() { command -v signify-openbsd >/dev/null && command -v minisign >/dev/null; }

make_persons() {
  local name
  for name in lisa petra; do signify-openbsd -G -n -c "$name" -p "$LAB/$name.pub" -s "$LAB/$name.sec"; done
  minisign -G -W -f -p "$LAB/omar.pub" -s "$LAB/omar.sec" >/dev/null
}
persons_of_policy() {
  local name
  for name in lisa petra omar; do printf '[[person]]\nname = "%s"\nkey = "%s"\n' "$name" "$(sed -n 2p "$LAB/$name.pub")"; done
  printf '[[allow]]\nwho = ["person:lisa", "person:petra", "person:omar"]\nverbs = ["signed", "sysupgrade"]\n'
}
sign() {  # FILE PERSON: FILE.PERSON.sig or .minisig, by the person's own tool
  if [[ $2 == omar ]]; then
    minisign -S -s "$LAB/omar.sec" -m "$1" -x "$1.omar.minisig" >/dev/null
  else
    signify-openbsd -S -s "$LAB/$2.sec" -m "$1" -x "$1.$2.sig"
  fi
}
# place I FOLDER FILE: the signatures first. Prints its id.
place() {
  local folder=$LAB/$1/mesh/commands/$2 file=$3 one
  for one in "$file".*sig; do cp "$one" "$folder/"; done
  cp "$file" "$folder/"
  until getfattr --only-values -n user.mesh.edition "$folder/${file##*/}" 2>/dev/null | grep .; do sleep 0.05; done
}
reason_of() { sed -n 's/.*"reason": *"\([^"]*\)".*/\1/p' "$LAB/$1/mesh/nodes/${names[$2]}/results/$3.json"; }
b2() { b2sum -l 256 "$1" | cut -d ' ' -f 1; }

# A signature that is missing may come for 45 s: these are asked for at the beginning and looked at by case_late_refusals.
place_what_is_refused_late() {
  has_signers || return 0
  printf 'firmware\n' >"$LAB/1/mesh/image.bin"
  run four sysupgrade image.bin "$(b2 "$LAB/1/mesh/image.bin")" --sign "$LAB/lisa.sec" --detach >"$LAB/late.one"
  run three signed --output "$LAB/changed.json" --reason 'as it was signed' >"$LAB/out"
  sign "$LAB/changed.json" lisa
  sed -i 's/as it was/as it Was/' "$LAB/changed.json"
  lab_wait 20 "there is no place for commands to three" test -d "$LAB/2/mesh/commands/three"
  place 2 three "$LAB/changed.json" >"$LAB/late.changed"
}
case_late_refusals() {
  has_signers || { printf '   skipped: no signify-openbsd or no minisign here\n'; return; }
  lab_wait 90 "one signature was enough, or nobody says that it was not" has_state 1 4 "$(cat "$LAB/late.one")" refused
  printf '   said: %s\n' "$(reason_of 1 4 "$(cat "$LAB/late.one")")"
  lab_wait 90 "a changed text is not refused" has_state 1 3 "$(cat "$LAB/late.changed")" refused
  printf '   said: %s\n' "$(reason_of 1 3 "$(cat "$LAB/late.changed")")"
}

case_signed_by_a_person() {
  has_signers || { printf '   skipped: no signify-openbsd or no minisign here\n'; return; }
  local id before
  before=$(ran 3 signed)
  run three signed --sign "$LAB/omar.sec" >"$LAB/out" || lab_fail "a person's command failed: $(cat "$LAB/out")"
  run three signed --sign "$LAB/lisa.sec" >"$LAB/out" || lab_fail "a person's command failed: $(cat "$LAB/out")"
  [[ $(ran 3 signed) == $((before + 2)) ]] || lab_fail "it ran $(($(ran 3 signed) - before)) times, not 2"
  # By hand, and carried by somebody else: only who signed counts.
  run three signed --output "$LAB/by-hand.json" >"$LAB/out"
  sign "$LAB/by-hand.json" petra
  id=$(place 5 three "$LAB/by-hand.json")
  lab_wait 30 "a signed file did not run" has_state 1 3 "$id" 'done'
  grep -q '"issuer": *"far with petra"' "$LAB/1/mesh/nodes/three/results/$id.json" || lab_fail "who issued it: $(cat "$LAB/1/mesh/nodes/three/results/$id.json")"
  # The same text, placed again by others and elsewhere.
  cp "$LAB/by-hand.json" "$LAB/again.json"
  cp "$LAB/by-hand.json.petra.sig" "$LAB/again.json.petra.sig"
  for i in 2 4; do
    id=$(place "$i" all "$LAB/again.json")
    lab_wait 30 "the same signed text was not refused to node $i" has_state 1 3 "$id" refused
    rm "$LAB/$i/mesh/commands/all/again.json"
  done
  printf '   said: %s\n' "$(reason_of 1 3 "$id")"
  [[ $(ran 3 signed) == $((before + 3)) ]] || lab_fail "it ran $(($(ran 3 signed) - before)) times, not 3"
}

# The shipped verb; its /sbin/sysupgrade is a stand-in, in a mount namespace of four's mesh-exec alone.
case_sysupgrade_wants_two() {
  has_signers || { printf '   skipped: no signify-openbsd or no minisign here\n'; return; }
  local image=$LAB/1/mesh/image.bin hash id
  hash=$(b2 "$image")
  run four sysupgrade image.bin "$hash" --sign "$LAB/lisa.sec" --sign "$LAB/omar.sec" >"$LAB/out" || lab_fail "two signatures were not enough: $(cat "$LAB/out")"
  [[ $(ran 4 upgraded) == 1 ]] || lab_fail "it ran $(ran 4 upgraded) times"
  printf '   ran with: %s\n' "$(cat "$LAB/4/upgraded")"
  [[ $(cat "$LAB/4/upgraded") == "$LAB/4/staging/"*" $hash" ]] || lab_fail "not with the checked copy"
  # One person's signature twice is one.
  id=$(run four sysupgrade image.bin "$hash" --sign "$LAB/lisa.sec" --sign "$LAB/lisa.sec" --detach)
  if run four sysupgrade image.bin "$(printf 'another\n' | b2sum -l 256 | cut -d ' ' -f 1)" --sign "$LAB/petra.sec" --sign "$LAB/omar.sec" >"$LAB/out"; then lab_fail "a wrong hash was taken"; fi
  grep 'hash' "$LAB/out" | head -n 1 | sed 's/^/   said: /'
  # Signed, then the image is another one.
  run four sysupgrade image.bin "$hash" --output "$LAB/up.json" >"$LAB/out"
  sign "$LAB/up.json" petra
  sign "$LAB/up.json" omar
  printf 'firmwarE\n' >"$image"
  lab_wait 20 "the other image did not come" lab_has "$LAB/4/mesh/image.bin" 'firmwarE'
  id=$(place 3 four "$LAB/up.json")
  lab_wait 30 "another image was taken" has_state 1 4 "$id" failed
  printf '   said: %s\n' "$(reason_of 1 4 "$id" | cut -c 1-120)"
  [[ $(ran 4 upgraded) == 1 ]] || lab_fail "it ran $(ran 4 upgraded) times"
}
