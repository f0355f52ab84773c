"""Readers of one file that changes: how long each waited, and whether any saw a mix of two versions.

Each version is filled with one stamp, so a mix shows. The writer makes CHANGES_PER_S changes each second to ten files, the
hot one among them, each by temporary file and rename or by opening, cutting and writing in turns, as programs do.
Readers are processes; they pause between reads, as the processor of a small machine is not what is measured.
"""
import multiprocessing
import os
import time

READERS, CHANGES_PER_S, SECONDS, HOT_BYTES, PAUSE_S = 50, 500, 10, 32 * 1024, 0.05


def payload(stamp):
    return b"%015d\n" % stamp * (HOT_BYTES // 16)


def is_mixed(data):
    return len(data) % HOT_BYTES != 0 or data != data[:16] * (len(data) // 16)


def read_often(path, end, results):
    waits, mixed, versions = [], 0, set()
    while time.monotonic() < end:
        began = time.monotonic()
        with open(path, "rb", buffering=0) as f:
            data = f.read(2 * HOT_BYTES)
        waits.append(time.monotonic() - began)
        versions.add(data[:16])
        mixed += is_mixed(data) or not data
        time.sleep(PAUSE_S)
    results.put((waits, mixed, versions))


class HotFile:
    def __init__(self, source, target):
        self.source, self.target = os.path.join(source, "hot"), os.path.join(target, "hot")

    def change(self, number):
        name = os.path.join(self.source, f"file.{number % 10}")
        with open(name + ".new", "wb", buffering=0) as f:
            f.write(payload(number))
        os.rename(name + ".new", name)

    def write_until(self, end):
        began, number = time.monotonic(), 0
        while time.monotonic() < end:
            self.change(10 + number)
            number += 1
            time.sleep(max(0.0, began + number / CHANGES_PER_S - time.monotonic()))
        return number / (time.monotonic() - began)

    def tell(self, name):
        assert is_mixed(payload(1)[:-16] + payload(2)[:16]), "the check for mixed versions does not work"
        os.makedirs(self.source, exist_ok=True)
        for number in range(10):
            self.change(number)
        hot = os.path.join(self.target, "file.0")
        while not os.path.exists(hot):
            time.sleep(0.05)
        results, end = multiprocessing.Queue(), time.monotonic() + SECONDS
        readers = [multiprocessing.Process(target=read_often, args=(hot, end, results)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        rate = self.write_until(end)
        gathered = [results.get() for _ in readers]
        for reader in readers:
            reader.join()
        waits = sorted(wait for one, _, _ in gathered for wait in one)
        versions = set().union(*(seen for _, _, seen in gathered))
        print(f"{name:<30} {rate:>6.0f} changes/s, {len(waits):>6} reads of {len(versions):>4} versions: wait median "
              f"{waits[len(waits) // 2] * 1000:.2f} ms, p99 {waits[int(len(waits) * 0.99)] * 1000:.1f}, "
              f"max {waits[-1] * 1000:.1f}; mixed {sum(mixed for _, mixed, _ in gathered)}", flush=True)
