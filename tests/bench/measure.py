#!/usr/bin/env python3
"""Times how files get from one folder to another, whatever carries them. The same code measures meshfs and Syncthing.

measure.py latency SOURCE TARGET COUNT          a 200-byte file, from the call of close(2) to readable with the right bytes
measure.py small SOURCE TARGET COUNT SIZE       COUNT files of SIZE bytes, from the first open to all readable and right
measure.py big SOURCE TARGET BYTES              one file, from open to readable and right
Prints `key value` lines. The target is polled (every 1 ms for one file, every 20 ms for many): a folder of another program
may have no inotify.
"""
import hashlib
import os
import pathlib
import statistics
import sys
import time

TIMEOUT_S = 300
LATENCY_BYTES = 200
PAUSE_BETWEEN_S = 0.1


def read_or_none(path):
    try:
        return path.read_bytes()
    except OSError:
        return None


def wait_until(done, period_s, what):
    end = time.monotonic() + TIMEOUT_S
    while not done():
        if time.monotonic() > end:
            sys.exit(f"{what}: not there after {TIMEOUT_S} s")
        time.sleep(period_s)
    return time.monotonic()


def latency(source, target, count):
    taken = []
    for number in range(count):
        name, payload = f"latency.{os.getpid()}.{number}", os.urandom(LATENCY_BYTES)
        descriptor = os.open(source / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(descriptor, payload)
        start = time.monotonic()
        os.close(descriptor)
        found = wait_until(lambda path=target / name, want=payload: read_or_none(path) == want, 0.001, name)
        taken.append((found - start) * 1000)
        time.sleep(PAUSE_BETWEEN_S)
    taken.sort()
    print(f"median_ms {statistics.median(taken):.1f}")
    print(f"p90_ms {taken[int(len(taken) * 0.9)] if count > 1 else taken[0]:.1f}")
    print(f"worst_ms {taken[-1]:.1f}")


def sizes(folder):
    """{name: size} of what is there now; a name may go while we look."""
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found[entry.name] = entry.stat().st_size
    except OSError:
        pass
    return found


def small(source, target, count, size):
    folder = f"small.{os.getpid()}"
    payload = {f"file.{number}": os.urandom(size) for number in range(count)}
    start = time.monotonic()
    (source / folder).mkdir()
    for name, data in payload.items():
        (source / folder / name).write_bytes(data)
    written = time.monotonic()

    def all_there():
        found = sizes(target / folder)
        return all(found.get(name) == size for name in payload)

    wait_until(all_there, 0.02, folder)
    wait_until(lambda: all(read_or_none(target / folder / name) == data for name, data in payload.items()), 0.02, folder)
    taken = time.monotonic() - start
    print(f"write_s {written - start:.2f}")
    print(f"seconds {taken:.2f}")
    print(f"files_per_s {count / taken:.0f}")


def big(source, target, size):
    name, payload = f"big.{os.getpid()}", os.urandom(size)
    want = hashlib.sha256(payload).digest()
    start = time.monotonic()
    (source / name).write_bytes(payload)
    written = time.monotonic()

    def complete():
        try:
            if (target / name).stat().st_size != size:
                return False
        except OSError:
            return False
        data = read_or_none(target / name)
        return data is not None and hashlib.sha256(data).digest() == want

    wait_until(complete, 0.02, name)
    taken = time.monotonic() - start
    print(f"write_s {written - start:.2f}")
    print(f"seconds {taken:.2f}")
    print(f"megabytes_per_s {size / 1e6 / taken:.1f}")


if __name__ == "__main__":
    kinds = {"latency": latency, "small": small, "big": big}
    if len(sys.argv) < 5 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    kinds[sys.argv[1]](pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), *map(int, sys.argv[4:]))
