#!/usr/bin/env bash
# A node that copies by rsync: pull.sh FOLDER SECONDS ADDRESS...   pulls from each neighbour's daemon every SECONDS, first at a random time.
set -euo pipefail

folder=$1 period=$2
shift 2
sleep "$((RANDOM % period)).$((RANDOM % 10))"
while true; do
  for address in "$@"; do
    # Unfinished copies of others' (.name.XXXXXX) are no files. A neighbour that is away is tried again next time.
    rsync -rltz --update --omit-dir-times --exclude='.*.??????' --contimeout=10 --timeout=60 "rsync://$address/mesh/" "$folder/" || true
  done
  sleep "$period"
done
