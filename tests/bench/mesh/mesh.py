#!/usr/bin/env python3
"""The same scenarios on the same namespaces over meshfs, Syncthing, ALFRED and a periodic rsync: tables, JSON, pictures.

usage: tests/bench/run mesh [--only ROW,...] [--systems NAME,...] [--rounds N] [--idle SECONDS] [--quick] [--json FILE] [--list]
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "measuring"), str(HERE.parent / "content")]
import about  # noqa: E402
import contenders  # noqa: E402
import rows_domain  # noqa: E402
import rows_files  # noqa: E402
import rows_heal  # noqa: E402
import rows_idle  # noqa: E402
import rows_memory  # noqa: E402
import rows_records  # noqa: E402
import table  # noqa: E402
from lab import TOP  # noqa: E402
from outcome import plot_of  # noqa: E402

ROWS = {
    "latency": (rows_records.latency, "a 200-byte record over four hops at 0, 20 and 40 % loss"),
    "rewrite": (rows_records.rewrite, "one file rewritten every second: how far behind the far end is"),
    "many": (rows_records.many, "100 small records at once over four hops at 20 % loss"),
    "big": (rows_files.big, "10 MB over four hops"),
    "lossy": (rows_files.lossy, "1 MB over four hops at 20 % loss"),
    "edited": (rows_files.edited, "a 10 MB file with 100 edits of 1 kB: bytes on the last link"),
    "idle": (rows_idle.idle, "bytes per second while nothing happens"),
    "heal": (rows_heal.heal, "a partition heals over 1 Mbit/s: bytes by the entries' own"),
    "domain": (rows_domain.domain, "12 and 60 nodes on one segment: one record to all"),
    "memory": (rows_memory.memory, "syncd with 100,000 entries and 8 neighbours"),
}
DRAWING_PYTHON = "/usr/bin/python3"  # Debian's, which has python3-matplotlib


class Settings:
    """quick: everything small and short, to see that the measuring itself works; the figures mean little."""

    def __init__(self, chosen):
        self.quick, self.systems, self.idle_s = chosen.quick, contenders.installed(chosen.systems), chosen.idle
        self.patience_s = 60 if chosen.quick else 300
        self._rounds = chosen.rounds

    def rounds(self, usual):
        """How often to do a work that is usually done that often."""
        return self._rounds or (1 if self.quick else usual)


def names(words, known, parser):
    listed = [word.lower() for word in words.split(",") if word] or list(known)
    for name in listed:
        if name not in known:
            parser.error(f"there is no {name}; there are: {' '.join(known)}")
    return listed


def options():
    parser = argparse.ArgumentParser(prog="tests/bench/run mesh", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="ROW,...", help="these rows only: " + " ".join(ROWS))
    parser.add_argument("--systems", default="", metavar="NAME,...", help="these systems only: " + " ".join(contenders.ALL))
    parser.add_argument("--rounds", type=int, metavar="N", help="so many rounds where a work is repeated")
    parser.add_argument("--idle", default=600, type=int, metavar="SECONDS", help="settling and then measuring of the row idle")
    parser.add_argument("--quick", action="store_true", help="everything small, to see that the measuring itself works")
    parser.add_argument("--json", default=TOP / "build/bench/mesh.json", type=pathlib.Path,
                        help="where the figures go; pictures stand beside it")
    parser.add_argument("--list", action="store_true", help="say what the rows are")
    chosen = parser.parse_args()
    chosen.rows = names(chosen.only, ROWS, parser)
    chosen.systems = names(chosen.systems, contenders.ALL, parser)
    return chosen


def facts_of(settings):
    versions = {system.name: system.version() or "not installed" for system in contenders.ALL.values()}
    return about.facts(versions, {"links": about.LINKS} | {system.name: system.SETTINGS for system in settings.systems})


def save(chosen, facts, works, plots):
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(facts | {"works": works, "plots": plots}, indent=1, default=str) + "\n", encoding="utf-8")


def draw(figures):
    """Pictures are a help: without matplotlib the figures stand all the same."""
    said = subprocess.run([DRAWING_PYTHON, HERE.parent / "plots.py", figures, figures.with_suffix("")], check=False)
    if said.returncode != 0:
        print("no pictures: see above; Debian's python3-matplotlib makes them")


def main():
    chosen = options()
    if chosen.list:
        for name, (_, words) in ROWS.items():
            print(f"{name:<10} {words}")
        return
    settings = Settings(chosen)
    facts, works, plots = facts_of(settings), [], []
    about.show(facts)
    for name in chosen.rows:
        start, outcomes = time.monotonic(), []
        for outcome in ROWS[name][0](settings):
            print("\n" + "\n".join(table.rendered(outcome)), flush=True)
            works.append(table.as_plain(outcome) | {"row": name, "quick": chosen.quick})
            outcomes.append(outcome)
        print(f"  ({name}: {time.monotonic() - start:.0f} s, load {os.getloadavg()[0]:.1f})", flush=True)
        if plot := plot_of(name, ROWS[name][1], outcomes, f"{facts['machine']}; commit {facts['commit']}, {facts['date'][:10]}"):
            plots.append(plot)
        save(chosen, facts, works, plots)
    draw(chosen.json)
    print(f"\n{chosen.json}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
