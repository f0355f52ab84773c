# shellcheck shell=bash disable=SC2154,SC2164
# Cases of tests/cli/run about signatures of people: what Debian's signify and minisign make, and that `mesh verify` and the
# tools say the same of what was spoilt. Where they don't, the line says why.

# verdict WANTED FILE KEY SIG TOOL...: both `mesh verify` and the tool say good, or both say bad.
verdict() {
  local wanted=$1 file=$2 key=$3 sig=$4 code=0 tool=0
  shift 4
  mesh verify "$file" --key "$key" --signature "$sig" >/dev/null 2>&1 || code=$?
  "$@" >/dev/null 2>&1 || tool=$?
  case $wanted in
    good) ((code == 0 && tool == 0)) ;;
    bad) ((code == 1 && tool != 0)) ;;
  esac || lab_fail "not $wanted for both: mesh $code, $1 $tool for $file with $key and $sig"
}

# spoil FILE AT: another character there (a negative one counts from the end), the rest the same.
spoil() { python3 -c 'import sys
text = bytearray(open(sys.argv[1], "rb").read())
text[int(sys.argv[2])] = ord("B") if text[int(sys.argv[2])] != ord("B") else ord("C")
open(sys.argv[1] + ".spoilt", "wb").write(text)' "$1" "$2"; }

# signify's base64 goes by its own reader, minisign's by libsodium's: both are as strict as ours about what they read.
case_verify_signify() {
  local d="$LAB/signify" at
  mkdir "$d"
  cd "$d"
  printf 'firmware of the roof\n' >fw
  signify-openbsd -G -n -c roof -p roof.pub -s roof.sec
  signify-openbsd -G -n -c mill -p mill.pub -s mill.sec
  signify-openbsd -S -s roof.sec -m fw
  expect 0 'Good signature of fw by the key [0-9a-f]{16}' -- mesh verify fw --key roof.pub
  expect 0 'Good signature' -- mesh verify fw --key "$(sed -n 2p roof.pub)"
  json 'j["verified"] and j["format"] == "signify" and not j["prehashed"]' -- mesh verify fw --key roof.pub --json
  verdict good fw roof.pub fw.sig signify-openbsd -V -p roof.pub -m fw -x fw.sig
  verdict bad fw mill.pub fw.sig signify-openbsd -V -p mill.pub -m fw -x fw.sig
  for at in 0 5 -1; do
    spoil fw "$at"
    verdict bad fw.spoilt roof.pub fw.sig signify-openbsd -V -p roof.pub -m fw.spoilt -x fw.sig
  done
  for at in 0 -3 -20 -60 -90 -101; do  # the comment's beginning, and all that the second line holds
    spoil fw.sig "$at"
    verdict bad fw roof.pub fw.sig.spoilt signify-openbsd -V -p roof.pub -m fw -x fw.sig.spoilt
  done
  spoil fw.sig 25  # in the comment: as good as before
  verdict good fw roof.pub fw.sig.spoilt signify-openbsd -V -p roof.pub -m fw -x fw.sig.spoilt
  for at in 10 60 100; do
    head -c "$at" fw.sig >fw.sig.cut
    verdict bad fw roof.pub fw.sig.cut signify-openbsd -V -p roof.pub -m fw -x fw.sig.cut
  done
  sed 's/$/\r/' fw.sig >fw.sig.crlf  # signify may skip the \r; ours says what to do
  expect 1 'dos2unix' -- mesh verify fw --key roof.pub --signature fw.sig.crlf
  signify-openbsd -S -e -s roof.sec -m fw -x fw.with
  expect 1 'signify -V -e' -- mesh verify fw --key roof.pub --signature fw.with
  expect 1 'secret' -- mesh verify fw --key roof.sec
  expect 4 'There is no nothing' -- mesh verify nothing --key roof.pub
  expect 4 'no-key' -- mesh verify fw --key no-key
  expect 4 'name the signature with --signature' -- mesh verify roof.sec --key roof.pub
  expect 2 'needs --key' -- mesh verify fw
  expect 1 'Is a directory' -- mesh verify . --key roof.pub --signature fw.sig
  mkdir -p "$one/firmware"  # the same inside the mesh
  cp fw fw.sig roof.pub "$one/firmware"
  travels firmware/fw.sig
  travels firmware/roof.pub
  lab_wait 20 "the signed file did not reach node 3" test -s "$three/firmware/fw"
  expect 0 'Good signature' -- mesh verify "$three/firmware/fw" --key "$three/firmware/roof.pub"
}

case_verify_minisign() {
  local d="$LAB/minisign" at kind
  mkdir "$d"
  cd "$d"
  printf 'firmware of the roof\n' >fw
  minisign -G -W -f -p roof.pub -s roof.sec >/dev/null
  minisign -G -W -f -p mill.pub -s mill.sec >/dev/null
  for kind in -H -l; do
    minisign -S "$kind" -s roof.sec -m fw -t "version 7 $kind" >/dev/null
    expect 0 "Trusted comment: version 7 $kind" -- mesh verify fw --key roof.pub
    json 'j["format"] == "minisign" and j["prehashed"] == ("'"$kind"'" == "-H")' -- mesh verify fw --key roof.pub --json
    verdict good fw roof.pub fw.minisig minisign -V -p roof.pub -m fw
    verdict bad fw mill.pub fw.minisig minisign -V -p mill.pub -m fw
    for at in 0 5 -1; do
      spoil fw "$at"
      verdict bad fw.spoilt roof.pub fw.minisig minisign -V -p roof.pub -m fw.spoilt -x fw.minisig
    done
    # The beginnings of both comments, the trusted comment, both signatures.
    for at in 0 60 100 130 160 165 -100 -93 -60 -3; do
      spoil fw.minisig "$at"
      verdict bad fw roof.pub fw.minisig.spoilt minisign -V -p roof.pub -m fw -x fw.minisig.spoilt
    done
    spoil fw.minisig 25
    verdict good fw roof.pub fw.minisig.spoilt minisign -V -p roof.pub -m fw -x fw.minisig.spoilt
    for at in 10 80 170 200 260; do
      head -c "$at" fw.minisig >fw.minisig.cut
      verdict bad fw roof.pub fw.minisig.cut minisign -V -p roof.pub -m fw -x fw.minisig.cut
    done
    sed 's/$/\r/' fw.minisig >fw.minisig.crlf  # minisign takes them; ours says what to do
    expect 1 'dos2unix' -- mesh verify fw --key roof.pub --signature fw.minisig.crlf
  done
  minisign -S -s mill.sec -m fw -x other.minisig >/dev/null
  expect 1 'was made with the key [0-9A-F]{16}, not with' -- mesh verify fw --key roof.pub --signature other.minisig
  cp fw.minisig fw.sig
  expect 2 'two signatures' -- mesh verify fw --key roof.pub
}

# An image of 40 MB with 30 MB of address space: neither form is held whole. The control is minisign, which holds the legacy one.
case_verify_large_files() {
  local d="$LAB/large" kind
  mkdir "$d"
  cd "$d"
  head -c 40000000 /dev/urandom >fw
  minisign -G -W -f -p roof.pub -s roof.sec >/dev/null
  for kind in -H -l; do
    minisign -S "$kind" -s roof.sec -m fw >/dev/null
    expect 0 'Good signature' -- bash -c "ulimit -v 30000; exec '$LAB_BIN/mesh' verify fw --key roof.pub"
  done
  fails bash -c 'ulimit -v 30000; exec minisign -V -p roof.pub -m fw'
  rm fw
}
