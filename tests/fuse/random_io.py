#!/usr/bin/env python3
"""Random reads, writes, truncates, renames, mappings, holes, copies of a few files against an in-memory model (after fsx).

usage: random_io.py <mount point> [seed] [operations]
A failure prints the seed and the last operations; the same seed repeats the run.
random_io.py --negative-control <directory> loses a byte of each write after a while and must notice.
"""
import mmap
import os
import random
import shutil
import sys

import raw_memory

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
            data = bytes([data[0] ^ 1]) + data[1:]
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

    def map_and_close(self, name, model):
        """A shared mapping outlives its descriptor; what is written to it is in the file all the same."""
        if not model.bytes:
            return
        self.close_all(name, model)
        fd = os.open(self.path(name), os.O_RDWR)
        mapping = raw_memory.Mapping(fd, len(model.bytes), raw_memory.SHARED)
        os.close(fd)
        try:
            for _ in range(3):
                at = self.random.randrange(len(model.bytes))
                data = self.random.randbytes(min(100, len(model.bytes) - at))
                mapping.write(at, data)
                model.write(at, data)
                self.check(name, "mapping", mapping.read(), bytes(model.bytes))
                if self.random.random() < 0.3:
                    self.read(name, model)
        finally:
            mapping.close()

    def map_privately(self, name, model):
        if not model.bytes:
            return
        mapping = raw_memory.Mapping(self.descriptor(name), len(model.bytes), raw_memory.PRIVATE)
        try:
            self.check(name, "private mapping", mapping.read(), bytes(model.bytes))
            mapping.write(len(model.bytes) - 1, b"p")
        finally:
            mapping.close()

    def write_only(self, name, model):
        """Through a handle that can't read, while others read."""
        fd = os.open(self.path(name), os.O_WRONLY)
        try:
            for _ in range(self.random.randrange(1, 4)):
                at, data = self.spot(len(model.bytes)), self.random.randbytes(self.random.randrange(1, 20_000))
                os.pwrite(fd, data, at)
                model.write(at, data)
                self.read(name, model)
        finally:
            os.close(fd)

    def reshape(self, name, model):
        at, length = self.spot(len(model.bytes)), self.random.randrange(1, 150_000)
        keep, punch, zero = raw_memory.KEEP_SIZE, raw_memory.PUNCH_HOLE, raw_memory.ZERO_RANGE
        mode = self.random.choice([0, keep, keep | punch, zero, keep | zero])
        raw_memory.fallocate(self.descriptor(name), mode, at, length)
        if mode in (0, zero) and at + length > len(model.bytes):
            model.truncate(at + length)
        if mode & (punch | zero):
            end = min(at + length, len(model.bytes))
            model.bytes[at:end] = bytes(max(0, end - at))

    def holes(self, name, model):
        """What is called a hole must be zeros, and holes and data must take turns up to the end."""
        fd, at = self.descriptor(name), 0
        while at < len(model.bytes):
            try:
                data = os.lseek(fd, at, os.SEEK_DATA)
            except OSError:  # ENXIO: nothing but a hole
                data = len(model.bytes)
            self.check(name, f"hole at {at}", bytes(data - at), bytes(model.bytes[at:data]))
            if data == len(model.bytes):
                return
            at = os.lseek(fd, data, os.SEEK_HOLE)
            if not data < at <= len(model.bytes):
                raise AssertionError(f"hole after data at {data} of {name} is at {at} of {len(model.bytes)}")

    def copy_range(self, name, model):
        other = self.random.choice([n for n in self.models if n != name])
        if self.random.random() < 0.5:  # all of it, as cp does
            source, target, length, to = 0, 0, len(self.models[other].bytes), os.O_TRUNC
        else:
            source, target = self.spot(len(self.models[other].bytes)), self.spot(len(model.bytes))
            length, to = self.random.randrange(1, 100_000), 0
        with open(self.path(other), "rb") as f:
            fd = os.open(self.path(name), os.O_WRONLY | to)
            if to:
                model.truncate(0)
            try:
                while length > 0:
                    copied = os.copy_file_range(f.fileno(), fd, length, source, target)
                    if copied == 0:
                        break
                    model.write(target, bytes(self.models[other].bytes[source:source + copied]))
                    source, target, length = source + copied, target + copied, length - copied
            finally:
                os.close(fd)

    def second_name(self, name, model):
        """A second name for the file, whatever is open or not yet stored; one of the two goes again."""
        path, other, aside = self.path(name), self.path("second"), self.path("aside")
        os.link(path, other)
        one, two = os.stat(path), os.stat(other)
        if (one.st_ino, one.st_nlink) != (two.st_ino, 2):
            raise AssertionError(f"two names of {name}: inodes {one.st_ino} {two.st_ino}, {one.st_nlink} names")
        what = self.random.randrange(4)
        if what == 0:
            data = self.random.randbytes(self.random.randrange(1, 5000))
            with open(other, "ab", buffering=0) as f:
                f.write(data)
            model.write(len(model.bytes), data)
            self.compare(name, model)
            os.unlink(other)
        elif what == 1:
            os.unlink(path)
            os.rename(other, path)
        elif what == 2:
            os.rename(path, aside)
            os.unlink(other)
            os.rename(aside, path)
        else:
            os.rename(path, other)  # two names of one file: nothing happens
            self.compare("second", model)
            os.unlink(other)
        if os.stat(path).st_nlink != 1:
            raise AssertionError(f"{name} has {os.stat(path).st_nlink} names, expected 1")
        self.compare(name, model)

    def go(self, operations):
        actions = [self.read] * 6 + [self.write] * 6 + [self.compare] * 3 + [self.truncate] * 2 + [
            self.append, self.close_some, self.close_some, self.close_all, self.sync, self.rewrite, self.replace,
            self.swap, self.map_write, self.map_and_close, self.map_privately, self.write_only, self.reshape, self.holes,
            self.copy_range, self.second_name]
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
