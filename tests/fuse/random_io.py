#!/usr/bin/env python3
"""Random reads, writes, truncates, renames and reopens of a few files against an in-memory model (after fsx).

usage: random_io.py <mount point> [seed] [operations]
A failure prints the seed and the last operations; the same seed repeats the run.
random_io.py --negative-control <directory> loses one written byte on purpose and must notice.
"""
import mmap
import os
import random
import shutil
import sys

FILES = 4
MAX_BYTES = 400_000


class Model:
    def __init__(self):
        self.bytes = bytearray()

    def write(self, at, data):
        if len(self.bytes) < at:
            self.bytes.extend(bytes(at - len(self.bytes)))
        self.bytes[at:at + len(data)] = data

    def truncate(self, size):
        if size <= len(self.bytes):
            del self.bytes[size:]
        else:
            self.bytes.extend(bytes(size - len(self.bytes)))


class Run:
    def __init__(self, folder, seed, lose=False):
        self.folder = folder
        self.random = random.Random(seed)
        self.models = {f"f{i}": Model() for i in range(FILES)}
        self.descriptors = {name: [] for name in self.models}
        self.history = []
        self.lose_at = self.random.randrange(50, 100) if lose else None
        for name in self.models:
            os.close(os.open(self.path(name), os.O_CREAT | os.O_WRONLY))

    def path(self, name):
        return os.path.join(self.folder, name)

    def spot(self, size):
        return self.random.choice([0, 1, 299, 300, 4096, 65_535, 65_536, self.random.randrange(MAX_BYTES),
                                   self.random.randrange(size + 1)])

    def descriptor(self, name):
        if not self.descriptors[name] or (len(self.descriptors[name]) < 3 and self.random.random() < 0.2):
            self.descriptors[name].append(os.open(self.path(name), os.O_RDWR))
        return self.random.choice(self.descriptors[name])

    def check(self, name, what, got, expected):
        if got != expected:
            at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
            raise AssertionError(f"{what} of {name}: {len(got)} bytes, expected {len(expected)}, "
                                 f"first difference at {at}")

    def read(self, name, model):
        at, size = self.spot(len(model.bytes)), self.random.randrange(1, 100_000)
        self.check(name, f"read at {at}", os.pread(self.descriptor(name), size, at), bytes(model.bytes[at:at + size]))

    def write(self, name, model):
        at = self.spot(len(model.bytes))
        data = self.random.randbytes(self.random.choice([1, 10, 300, 5000, self.random.randrange(1, 100_000)]))
        model.write(at, data)
        if self.lose_at is not None and len(self.history) >= self.lose_at:
            data, self.lose_at = bytes([data[0] ^ 1]) + data[1:], None
        os.pwrite(self.descriptor(name), data, at)

    def append(self, name, model):
        data = self.random.randbytes(self.random.randrange(1, 5000))
        fd = os.open(self.path(name), os.O_WRONLY | os.O_APPEND)
        os.write(fd, data)
        os.close(fd)
        model.write(len(model.bytes), data)

    def truncate(self, name, model):
        size = self.spot(len(model.bytes))
        if self.random.random() < 0.5:
            os.truncate(self.path(name), size)
        else:
            os.ftruncate(self.descriptor(name), size)
        model.truncate(size)

    def close_some(self, name, _):
        if self.descriptors[name]:
            os.close(self.descriptors[name].pop(self.random.randrange(len(self.descriptors[name]))))

    def close_all(self, name, _):
        while self.descriptors[name]:
            os.close(self.descriptors[name].pop())

    def sync(self, name, _):
        os.fsync(self.descriptor(name))

    def compare(self, name, model):
        with open(self.path(name), "rb") as f:
            self.check(name, "whole", f.read(), bytes(model.bytes))
        size = os.stat(self.path(name)).st_size
        if size != len(model.bytes):
            raise AssertionError(f"size of {name} is {size}, expected {len(model.bytes)}")

    def rewrite(self, name, model):
        data = self.random.randbytes(self.random.choice([0, 200, 3000, 90_000]))
        with open(self.path(name), "wb") as f:
            f.write(data)
        model.bytes = bytearray(data)

    def replace(self, name, model):
        """Save by rename: descriptors keep the old file, the name has the new one."""
        self.close_all(name, model)
        data = self.random.randbytes(self.random.choice([0, 200, 3000, 90_000]))
        with open(self.path("tmp"), "wb") as f:
            f.write(data)
        os.rename(self.path("tmp"), self.path(name))
        model.bytes = bytearray(data)

    def swap(self, name, _):
        other = self.random.choice(list(self.models))
        if other == name:
            return
        os.rename(self.path(name), self.path("aside"))
        os.rename(self.path(other), self.path(name))
        os.rename(self.path("aside"), self.path(other))
        for table in (self.models, self.descriptors):
            table[name], table[other] = table[other], table[name]

    def map_write(self, name, model):
        if len(model.bytes) < 10:
            return
        with mmap.mmap(self.descriptor(name), len(model.bytes)) as m:
            at = self.random.randrange(len(model.bytes) - 5)
            m[at:at + 5] = b"mmap!"
            m.flush()
        model.write(at, b"mmap!")

    def go(self, operations):
        actions = [self.read] * 6 + [self.write] * 6 + [self.compare] * 3 + [self.truncate] * 2 + [
            self.append, self.close_some, self.close_some, self.close_all, self.sync, self.rewrite, self.replace,
            self.swap, self.map_write]
        for n in range(operations):
            name = self.random.choice(list(self.models))
            action = self.random.choice(actions)
            self.history.append(f"{n} {action.__name__} {name}")
            action(name, self.models[name])
        for name in self.models:
            self.compare(name, self.models[name])
            self.close_all(name, None)
            self.compare(name, self.models[name])


def main():
    lose = sys.argv[1:2] == ["--negative-control"]
    arguments = sys.argv[2:] if lose else sys.argv[1:]
    if not arguments:
        print(__doc__)
        return 2
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    operations = int(arguments[2]) if len(arguments) > 2 else 3000
    folder = os.path.join(arguments[0], f"random-io-{os.getpid()}")
    os.mkdir(folder)
    run = Run(folder, seed, lose)
    try:
        run.go(operations)
    except (AssertionError, OSError) as failure:
        if lose and isinstance(failure, AssertionError):
            print(f"random_io: the lost byte was noticed ({failure})")
            return 0
        print(f"random_io FAILED with seed {seed} at operation {len(run.history)}: {failure}")
        print("last operations:", *run.history[-int(os.environ.get("LAST", "15")):], sep="\n  ")
        return 1
    finally:
        for descriptors in run.descriptors.values():
            for fd in descriptors:
                os.close(fd)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"random_io: {operations} operations with seed {seed}, {'the lost byte was MISSED' if lose else 'all agree'}")
    return 1 if lose else 0


if __name__ == "__main__":
    sys.exit(main())
