#!/usr/bin/env python3
"""Compiles every header by itself: one that needs what its users happen to include before it is a fault.

  tests/tidy/headers_alone.py BUILD      the folder of a build, whose commands (compile_commands.json) are used

Each is compiled, without making code, as a source file beside it is. Prints the first error of each that fails; exit code 1 if any did.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("schema", "transport", "fsd", "syncd", "tools", "tests")


def commands_by_folder(build):
    """Folder of a source file -> the words that compile it, without names of files."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        folder = pathlib.Path(entry["file"]).parent
        if folder in found or TOP not in folder.parents:
            continue
        words = shlex.split(entry["command"])
        out = words.index("-o")
        del words[out:out + 2]
        if "-include" in words:  # headers that are read once: they would hide what is missing
            at = words.index("-include")
            del words[at:at + 2]
        found[folder] = [word for word in words if word not in ("-c", entry["file"])]
    return found


def compile_alone(header, words, build):
    command = words + ["-fsyntax-only", "-x", "c++", "-"]
    said = subprocess.run(command, cwd=build, input=f'#include "{header}"\n', capture_output=True, text=True, check=False)
    errors = [line for line in said.stderr.splitlines() if "error:" in line or "warning:" in line]
    return None if said.returncode == 0 else (errors or [f"{header}: {said.stderr[:300]}"])[0]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    commands = commands_by_folder(build)
    jobs = []
    for header in sorted(path for folder in FOLDERS for path in (TOP / folder).rglob("*.h")):
        beside = next((folder for folder in [header.parent, *header.parents] if folder in commands), None)
        # A folder of nothing but headers: as files of the tests are compiled, which may include anything.
        jobs.append((header, commands[beside or TOP / "tests/unit/core"]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda job: compile_alone(*job, build), jobs) if fault]
    print(*faults, sep="\n")
    print(f"{len(jobs)} headers, {len(faults)} do not compile by themselves")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
