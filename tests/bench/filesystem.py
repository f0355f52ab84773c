#!/usr/bin/env python3
"""The same work on /mesh and on the store's own file system, in turns; prints one table of medians.

usage: filesystem.py PROGRAM MESH PLAIN ROUNDS REMOUNT [DISTANT]
PROGRAM is bench_file_work, REMOUNT a command that mounts MESH anew. Each round does both sides, the other one first every
second time; what is told is the median of each side and the median of the rounds' ratios. Names some works only: MESHFS_BENCH_ONLY.
DISTANT is the mount of another node: then only the hot file is measured, which that node replaces.
"""
import os
import statistics
import subprocess
import sys
import time

from hot_file import HotFile

READ_MB, WRITE_MB, OVERWRITTEN_MB, MANY = 256, 1000, 64, int(os.environ.get("MESHFS_BENCH_MANY", "100000"))


class Bench:
    def __init__(self, program, mesh, plain, rounds, remount):
        self.program, self.sides, self.rounds, self.remount = program, {"mesh": mesh, "plain": plain}, rounds, remount
        self.only = os.environ.get("MESHFS_BENCH_ONLY", "").split()

    def do(self, work, side, *arguments):
        command = [self.program, work, self.sides[side], *map(str, arguments)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def both(self, work, *arguments):
        for side in self.sides:
            self.do(work, side, *arguments)

    def wanted(self, name):
        return not self.only or any(word in name for word in self.only)

    def row(self, name, aim, measure, unit, rounds=None, lower=False):
        """`aim` is a ratio, or a text. `lower`: less is better, the ratio is still mesh / native."""
        if not self.wanted(name):
            return
        values = {"mesh": [], "plain": []}
        for number in range(rounds or self.rounds):
            for side in ("mesh", "plain") if number % 2 else ("plain", "mesh"):
                values[side].append(measure(side))
        ratio = statistics.median(m / p for m, p in zip(values["mesh"], values["plain"]))
        mesh, plain = statistics.median(values["mesh"]), statistics.median(values["plain"])
        print(f"{name:<46} {('<= ' if lower else '>= ') + aim:>16} {plain:>10.0f} {mesh:>10.0f} {unit:<5} {ratio:>6.2f}", flush=True)


def forget_pages(folder):
    """The pages of this file system's files are dropped, of nobody else's."""
    for where, _, names in os.walk(folder):
        for name in names:
            fd = os.open(os.path.join(where, name), os.O_RDONLY)
            os.fsync(fd)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def forget_names():
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("2\n")


def list_many(bench, side):
    began = time.monotonic()
    subprocess.run(["ls", "-l", os.path.join(bench.sides[side], "many")], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "LC_ALL": "C"})
    return (time.monotonic() - began) * 1000


def measure_all(bench):
    store = os.path.join(os.path.dirname(bench.sides["mesh"]), "state", "store")

    def first_read(side, disk):
        if side == "mesh":
            subprocess.run(bench.remount, shell=True, check=True)
        for folder in (store if side == "mesh" else bench.sides["plain"],) if disk else ():
            forget_pages(folder)
        return bench.do("read", side)

    print(f"{'work':<46} {'aim':>16} {'native':>10} {'meshfs':>10} {'':<5} {'ratio':>6}")
    if bench.wanted("read"):
        bench.both("make-big", READ_MB)
        time.sleep(1)
    bench.both("warm-big") if bench.wanted("read") else None
    bench.row("sequential read, warm", "0.85", lambda side: bench.do("read", side), "MB/s", 9)
    bench.row("first read after mount, from disk", "0.2", lambda side: first_read(side, True), "MB/s")
    bench.row("first read after mount, store in page cache", "0.2", lambda side: first_read(side, False), "MB/s")
    bench.both("warm-big") if bench.wanted("read") else None
    bench.row("4 KiB random reads, warm", "0.9", lambda side: bench.do("random-reads", side, 200000), "/s", 9)
    bench.row(f"write {WRITE_MB} MB of noise, fsync", "0.4", lambda side: bench.do("write-noise", side, WRITE_MB), "MB/s", 3)
    bench.row(f"write {WRITE_MB} MB of text, fsync", "0.4", lambda side: bench.do("write-text", side, WRITE_MB), "MB/s", 3)
    if bench.wanted("overwrites"):
        bench.both("make-overwritten", OVERWRITTEN_MB)
    bench.row("4 KiB overwrites in an open file", "0.3", lambda side: bench.do("overwrites", side, 50000), "/s")
    if bench.wanted("stat"):
        bench.both("make-known")
    bench.row("stat of known files", "0.5", lambda side: bench.do("stats", side, 500000), "/s", 9)
    bench.row("create, write 1 KiB, close", "2000/s", lambda side: bench.do("creates", side, 2000), "/s")
    bench.row("the same from four processes", "4000/s", lambda side: bench.do("creates-by-four", side, 4000), "/s")
    measure_lists(bench)


def measure_lists(bench):
    def cold(side):
        forget_names()
        return list_many(bench, side)

    if not bench.wanted("ls"):
        return
    bench.both("make-many", MANY)
    bench.row(f"ls -l of {MANY}, names and inodes dropped", "3", cold, "ms", lower=True)
    for side in bench.sides:
        list_many(bench, side)
        list_many(bench, side)
    bench.row(f"ls -l of {MANY}, warm", "1.2", lambda side: list_many(bench, side), "ms", lower=True)


def main():
    program, mesh, plain, rounds, remount = sys.argv[1:6]
    bench = Bench(program, mesh, plain, int(rounds), remount)
    if len(sys.argv) > 6:
        HotFile(sys.argv[6], mesh).tell("meshfs, another node writes")
        HotFile(plain, plain).tell("native, this node writes")
        return
    measure_all(bench)


if __name__ == "__main__":
    main()
