# shellcheck shell=bash disable=SC2154
# What the cases check with, and the plain folder that stands for a mount. Sourced by tests/services/run.

# --- checking ---

fail() { printf '%s\n' "$*" && return 1; }
has() { [[ -f $1 ]] && grep -qF -- "$2" "$1"; }
lacks() { ! has "$@"; }
is() { [[ -f $1 && $(cat "$1") == "$2" ]]; }
# soon WHAT CMD...: within 10 s
soon() {
  local what=$1 end=$((SECONDS + 10))
  shift
  until "$@"; do
    ((SECONDS < end)) || fail "not so within 10 s: $what ($*)" || return 1
    sleep 0.02
  done
}
ends() { # CODE CMD...
  local wanted=$1 code=0
  shift
  "$@" >out 2>&1 </dev/null || code=$?
  ((code == wanted)) || fail "exit code $code, not $wanted: $* ($(cat out))"
}

# --- a place that looks like a mount ---

mesh_on() { mkdir -p mesh/.mesh mesh/nodes/roof mesh/alerts mesh/probe && printf '{"node":"roof","network_time_ms":1764590000000}' >mesh/.mesh/status; }
put() { mkdir -p "$(dirname "mesh/$1")" && printf '%s' "$2" >"mesh/.put" && mv mesh/.put "mesh/$1"; }
# begin PROGRAM [OPTION]...: in the background; its pid is $service
begin() {
  local program=$1
  shift
  "$bin/meshfs-$program" --mount "$PWD/mesh" --run "$PWD/run" --state "$PWD/state" "$@" >>log 2>&1 &
  service=$!
  trap 'kill "$service" 2>/dev/null || true' EXIT
}
stop() { kill -TERM "$1" && { wait "$1" || fail "it ended with code $?"; }; }
worker_of() { pgrep -o -P "$1"; }  # hooks are younger
status() { python3 -c 'import json, sys; print(json.load(open("run/status.json"))[sys.argv[1]])' "$1"; }
status_is() { [[ -f run/status.json && $(status "$1") == "$2" ]]; }
hooks() { # CHECK RELOAD: scripts
  mkdir -p hooks
  printf '#!/bin/sh\n%s\n' "$1" >hooks/check
  printf '#!/bin/sh\n%s\n' "$2" >hooks/reload
  chmod +x hooks/*
  export PROBE_HOOKS=$PWD/hooks
}
