# shellcheck shell=bash
# What tests/cli/run checks with: exit codes, sentences, JSON. Sourced; needs mesh-lab.sh.
#
#   expect CODE PATTERN -- CMD...   ends with that code and says something that matches (any case, on either output)
#   says TEXT -- CMD...             prints a line with exactly these characters in it, whatever its exit code
#   json EXPRESSION -- CMD...       prints JSON `j` for which the Python expression is true
#   get EXPRESSION                  of the JSON on standard input
#   fails CHECK...                  the check must not pass: a control

mesh() { "$LAB_BIN/mesh" "$@"; }

expect() {
  local wanted=$1 pattern=$2 code=0 said
  shift 3
  said=$("$@" 2>&1 </dev/null) || code=$?
  ((code == wanted)) || { lab_fail "exit code $code, not $wanted: $* (said: $said)"; return 1; }
  grep -qiE -e "$pattern" <<<"$said" || { lab_fail "expected /$pattern/ from $*, got: $said"; return 1; }
  # A failure is one sentence, never a stack of them.
  if ((code > 1)) && [[ $* != 'mesh' && $(grep -c '^mesh: ' <<<"$said") != 1 ]]; then
    lab_fail "no single sentence from $*: $said"
    return 1
  fi
}

says() {
  local text=$1 said
  shift 2
  said=$("$@" 2>&1 </dev/null) || true
  grep -qF -e "$text" <<<"$said" || { lab_fail "expected '$text' from $*, got: $said"; return 1; }
}

json() {
  local expression=$1 said
  shift 2
  said=$("$@" 2>/dev/null </dev/null) || true
  printf '%s' "$said" | python3 -c 'import json, sys
j = json.loads(sys.stdin.buffer.read().decode("utf-8"))
sys.exit(0 if eval(sys.argv[1]) else 1)' "$expression" 2>/dev/null || {
    lab_fail "not so: $expression, for the JSON of $*: ${said:0:600}"
    return 1
  }
}

get() { python3 -c 'import json, sys
j = json.loads(sys.stdin.buffer.read().decode("utf-8"))
print(eval(sys.argv[1]))' "$1"; }

fails() {
  if ("$@") >/dev/null 2>&1; then lab_fail "this check passes whatever happens: $*"; fi
}

# run_all [CASE]...: the cases of `cases`, each in a subshell, on one mesh; the last line counts.
run_all() {
  local chosen=("${cases[@]}") passed=0 failed=0 name code
  if (($#)); then chosen=("$@"); fi
  lab_open cli
  start_mesh
  trap - ERR  # a case that fails says so itself
  for name in "${chosen[@]}"; do
    set +e
    (set -eE; trap - EXIT; trap 'printf "stopped at line %s: %s\n" "$LINENO" "$BASH_COMMAND"' ERR; "case_$name") >"$LAB/case.log" 2>&1
    code=$?
    set -e
    if ((code == 0)); then
      passed=$((passed + 1))
      printf 'ok      %s\n' "${name//_/ }"
    else
      failed=$((failed + 1))
      printf 'FAILED  %s\n' "${name//_/ }"
      sed 's/^/        /' "$LAB/case.log"
    fi
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}
