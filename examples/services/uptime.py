#!/usr/bin/env python3
"""A service in Python, standard library and inotifywait only: each node says how long it is up, and everybody sees a table.

Writes nodes/<this node>/stats/uptime.json once a minute and /run/meshfs/uptime/table.txt whenever any node's file changes.

    uptime.py [--mount DIR] [--run DIR] [--every SECONDS] [--once]
"""
import argparse
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

MOST_BYTES = 4096  # of one node's file; a larger one is not ours
SETTLE, LONGEST_SETTLE = 0.2, 2.0  # until changes pause, though they go on


def node_name(mount):
    """This node's name as the mesh says it; None: the mesh is not there."""
    try:
        return json.loads((mount / ".mesh" / "status").read_text())["node"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def place(path, text):
    """Whole or not at all, and only what differs: each version of a file in the mesh travels to every node."""
    try:
        if path.read_text() == text:
            return
    except (OSError, UnicodeDecodeError):
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name("." + path.name + ".new")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        temporary.rename(path)  # while it is open: one version in the mesh; closed before, it would be two


def own_uptime():
    return int(float(pathlib.Path("/proc/uptime").read_text().split()[0]))


def uptime_in(path):
    """Seconds in a node's file; None if it says nothing sensible: anything may stand in what another node wrote."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            value = json.loads(file.read(MOST_BYTES + 1)[:MOST_BYTES]).get("uptime_s")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**10 else None


def table(mount):
    rows = []
    for path in sorted(mount.glob("nodes/*/stats/uptime.json")):
        seconds = uptime_in(path)
        name = path.parent.parent.name
        if seconds is not None and name.isprintable():
            rows.append(f"{name:<24} {seconds // 86400:>5} d {seconds // 3600 % 24:>2} h {seconds // 60 % 60:>2} min\n")
    return "".join(rows)


def step(mount, run, publish):
    node = node_name(mount)
    if node is None:
        return False
    if publish:
        place(mount / "nodes" / node / "stats" / "uptime.json", json.dumps({"uptime_s": own_uptime()}) + "\n")
    place(run / "table.txt", table(mount))
    return True


def follow(mount, run, every):
    """Until inotifywait ends, which it does when the mesh is unmounted."""
    events = "close_write,moved_to,moved_from,create,delete"
    with subprocess.Popen(["inotifywait", "-m", "-r", "-q", "-e", events, str(mount / "nodes")],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as watch:
        try:
            due = time.monotonic()
            while watch.poll() is None:
                publish = time.monotonic() >= due
                if not step(mount, run, publish):
                    return
                if publish:
                    due = time.monotonic() + every
                select.select([watch.stdout], [], [], max(0.0, due - time.monotonic()))
                longest = time.monotonic() + LONGEST_SETTLE
                while time.monotonic() < longest and select.select([watch.stdout], [], [], SETTLE)[0]:
                    if not os.read(watch.stdout.fileno(), 65536):
                        return
        finally:
            watch.kill()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--mount", type=pathlib.Path, default=pathlib.Path(os.environ.get("MESHFS_MOUNT", "/mesh")))
    options.add_argument("--run", type=pathlib.Path, default=pathlib.Path("/run/meshfs/uptime"))
    options.add_argument("--every", type=float, default=60)
    options.add_argument("--once", action="store_true")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if chosen.once:
        if not step(chosen.mount, chosen.run, True):
            print(f"uptime.py: no mesh is mounted at {chosen.mount}", file=sys.stderr)
            return 3
        return 0
    while True:
        if node_name(chosen.mount) is not None and (chosen.mount / "nodes").is_dir():
            follow(chosen.mount, chosen.run, chosen.every)
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
