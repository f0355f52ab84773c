#!/usr/bin/env python3
"""What contents cost on the wire, in time and in memory, beside other systems in the same run; as tables and as JSON.

usage: tests/bench/run content [--only ROW,...] [--quick] [--json FILE] [--list]
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "measuring")]
import about  # noqa: E402
import rows_corpora  # noqa: E402
import rows_edits  # noqa: E402
import rows_links  # noqa: E402
import rows_relay  # noqa: E402
import rows_speed  # noqa: E402
import table  # noqa: E402
from lab import TOP, LabFailed  # noqa: E402
from others import SETTINGS, versions  # noqa: E402

ROWS = {
    "edits": (rows_edits.scattered, "a 10 MB file that changes in 100 and in 10,000 places: bytes per link"),
    "rename": (rows_edits.rename, "a directory of 10,000 files is renamed: bytes per link"),
    "big": (rows_speed.big, "100 MB over four hops: seconds and processor time"),
    "slow": (rows_speed.slow_links, "10 MB over four hops of 20 Mbit/s"),
    "small": (rows_speed.small, "2,000 files of 1 KiB over four hops"),
    "lossy": (rows_speed.lossy, "1 MB and 10 MB over four hops at 20 % loss"),
    "sources": (rows_links.second_source, "one source and two, when links are the limit"),
    "relay": (rows_relay.relay, "memory of a relay while 1 GB passes through it"),
    "polite": (rows_links.polite, "bulk by datagrams beside a TCP flow on one bottleneck"),
    "records": (rows_relay.records, "small JSON records, with and without a dictionary"),
    "corpora": (rows_corpora.all_of_them, "package versions, kernel headers, squashfs, records, a log: first copy and update"),
}


class Settings:
    """quick: everything small, to see that the measuring itself works; the figures mean little."""

    def __init__(self, quick, relay_mb):
        self.quick = quick
        self.relay_bytes = relay_mb * 1_000_000
        self.patience_s = 60 if quick else 300


def options():
    parser = argparse.ArgumentParser(prog="tests/bench/run content", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="ROW,...", help="these rows only: " + " ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that the measuring itself works")
    parser.add_argument("--json", default=TOP / "build/bench/content.json", type=pathlib.Path, help="where the figures go")
    parser.add_argument("--relay-mb", default=1000, type=int, metavar="MB", help="size of the file through the relay; six times that must be free")
    parser.add_argument("--list", action="store_true", help="say what the rows are")
    chosen = parser.parse_args()
    chosen.rows = chosen.only.split(",") if chosen.only else list(ROWS)
    for name in chosen.rows:
        if name not in ROWS:
            parser.error(f"there is no row {name}; there are: {' '.join(ROWS)}")
    return chosen


def measure(name, settings):
    """The finished works of one row; what cannot be measured says so and the others go on."""
    try:
        yield from ROWS[name][0](settings)
    except (LabFailed, OSError, subprocess.CalledProcessError) as failure:
        yield table.Work(name, ROWS[name][1], [], note=f"FAILED: {failure}")


def main():
    chosen = options()
    if chosen.list:
        for name, (_, words) in ROWS.items():
            print(f"{name:<10} {words}")
        return
    facts, works = about.facts(versions(), SETTINGS), []
    about.show(facts)
    for name in chosen.rows:
        start = time.monotonic()
        for work in measure(name, Settings(chosen.quick, chosen.relay_mb)):
            print("\n" + "\n".join(table.rendered(work)), flush=True)
            works.append(table.as_plain(work) | {"row": name, "quick": chosen.quick})
        print(f"  ({name}: {time.monotonic() - start:.0f} s)", flush=True)
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(facts | {"works": works}, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"\n{chosen.json}")


if __name__ == "__main__":
    main()
