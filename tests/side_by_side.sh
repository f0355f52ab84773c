# shellcheck shell=bash
# For scripts whose cases are functions case_NAME, each in a process and a lab of its own, started as `SCRIPT --one NAME`: most of the
# time they wait, so a few go at once. Sourced by tests/netns/run and tests/netns/engines.
#
#   side_by_side COUNT CASE...     runs them, COUNT at a time, in this order; what each printed is kept
#   tell CASE                      prints that and its result, and counts it in $passed or $failed

passed=0 failed=0
printed=$(mktemp -d)
trap 'rm -rf "$printed"' EXIT

run_one() {
  local code=0
  "$0" --one "$1" >"$printed/$1" 2>&1 || code=$?
  printf '%d\n' "$code" >"$printed/$1.code"
}

side_by_side() {
  local at_once=$1 name
  for name in "${@:2}"; do
    while (($(jobs -rp | wc -l) >= at_once)); do wait -n || true; done
    run_one "$name" &
  done
  wait
}

tell() {
  printf '%s ...\n' "${1//_/ }"
  cat "$printed/$1"
  if [[ $(<"$printed/$1.code") == 0 ]]; then
    passed=$((passed + 1))
    printf '   ok\n'
  else
    failed=$((failed + 1))
    printf '   FAILED: tests/%s %s\n' "${0##*tests/}" "$1"
  fi
}
