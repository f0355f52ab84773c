#!/usr/bin/env python3
"""The same calls on a mount and on a plain directory must have the same outcomes.

usage: parity.py <mount point> <plain directory>     compares; deliberate differences are in DIFFERENCES below
       parity.py --negative-control <directory>      each known bug of calls.WRONG must be found

Root only. Makes and removes one folder of its own in each directory. Exit 0 if everything agrees.
"""
import os
import shutil
import stat
import sys
import traceback

import cases_acl
import cases_attributes
import cases_data
import cases_directories
import cases_links
import cases_names
import cases_open
import cases_paths
import cases_permissions
import cases_raw
from calls import Calls, WRONG, name_of

MODULES = [cases_open, cases_data, cases_names, cases_links, cases_directories, cases_attributes, cases_permissions,
           cases_paths, cases_acl, cases_raw]

# step: (outcome on the mount, why). Each must occur exactly as written here, and differ from the plain directory.
DIFFERENCES = {
    "names.special_nodes/fifo": ("EPERM", "pipes, sockets and devices mean something on one machine only"),
    "names.special_nodes/socket": ("EPERM", "as above"),
    "names.special_nodes/device": ("EPERM", "as above"),
    "names.special_nodes/left": (["regular"], "as above"),
    "data.ranges_moved/collapse": ("ENOTSUP", "bytes are not moved; callers fall back"),
    "data.ranges_moved/insert": ("ENOTSUP", "as above"),
    "data.ranges_moved/size": (16384, "as above"),
    "attributes.atime/set to": (2_000_000_000, "atime is not kept: it shows mtime"),
    "attributes.xattr_classes/trusted": ("ENOTSUP", "only user.* travels"),
    "attributes.xattr_classes/security": ("ENOTSUP", "as above"),
    "raw.xattrs_on_symlinks/set trusted.a": ("ENOTSUP", "as above"),
    "raw.xattrs_on_symlinks/remove trusted.a": ("ENOTSUP", "as above"),
    "raw.nameless_files/open": ("ENOTSUP", "O_TMPFILE needs a newer libfuse; callers make a temporary name"),
    "raw.special_nodes_by_users/fifo": ("EPERM", "pipes and sockets mean something on one machine only"),
    "raw.special_nodes_by_users/socket": ("EPERM", "as above"),
    "raw.special_nodes_by_users/left": (["r"], "as above"),
}


class World:
    """One side of the comparison: a folder, the calls, and what came out of each step."""

    def __init__(self, calls, folder):
        self.calls = calls
        self.folder = folder
        self.steps = []
        self.labels = set()
        self.case = ""

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def step(self, label, function, *arguments, **named):
        """Notes the outcome of a call: its value, or the name of its error. Gives the value, None if it failed."""
        try:
            value = function(*arguments, **named)
        except OSError as failure:
            self.note(label, name_of(failure.errno))
            return None
        self.note(label, value if not isinstance(value, os.stat_result) else "stat")
        return value

    def note(self, label, value):
        name, n = f"{self.case}/{label}", 1
        while name in self.labels:  # each outcome has a name of its own
            n += 1
            name = f"{self.case}/{label} #{n}"
        self.labels.add(name)
        self.steps.append((name, value))

    def open(self, label, path, flags, mode=0o666):
        """Like step for open(2); the descriptor's number is no outcome."""
        try:
            fd = self.calls.open(path, flags, mode)
        except OSError as failure:
            self.note(label, name_of(failure.errno))
            return None
        self.note(label, "opened")
        return fd

    def put(self, name, data=b""):
        fd = self.calls.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        if data:
            self.calls.write(fd, data)
        self.calls.close(fd)

    def get(self, name):
        fd = self.calls.open(self.path(name), os.O_RDONLY)
        try:
            parts = []
            while block := self.calls.read(fd, 1 << 20):
                parts.append(block)
            return b"".join(parts)
        finally:
            self.calls.close(fd)

    def describe(self, path):
        s = self.calls.lstat(path)
        kind = stat.S_IFMT(s.st_mode)
        size = None if kind == stat.S_IFDIR else s.st_size
        return (oct(s.st_mode), s.st_nlink, s.st_uid, s.st_gid, size)

    def tree(self, folder=None):
        """Everything below a folder, with content: what a case left behind."""
        out = []
        folder = folder or self.folder
        for name in sorted(self.calls.listdir(folder)):
            path = os.path.join(folder, name)
            s = self.calls.lstat(path)
            relative = os.path.relpath(path, self.folder)
            if stat.S_ISDIR(s.st_mode):
                out.append(relative + "/")
                out.extend(self.tree(path))
            elif stat.S_ISLNK(s.st_mode):
                out.append(f"{relative} -> {self.calls.readlink(path)}")
            elif stat.S_ISREG(s.st_mode):
                with open(path, "rb") as f:
                    out.append((relative, hash(f.read())))
            else:
                out.append(relative + "?")
        return out

    def as_user(self, uid, gid, function, groups=()):
        """Runs function in a child process with that identity, alone in that group and `groups`; its steps are kept."""
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setgroups([gid, *groups])
                os.setresgid(gid, gid, gid)
                os.setresuid(uid, uid, uid)
                before = len(self.steps)
                function()
                text = repr(self.steps[before:])
            except BaseException:
                text = repr([(f"{self.case}/child", traceback.format_exc(limit=-1))])
            with os.fdopen(write_end, "w") as pipe:
                pipe.write(text)
            os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            text = pipe.read()
        os.waitpid(pid, 0)
        for name, value in eval(text):  # our own child's repr of strings, numbers, bytes and tuples
            self.labels.add(name)
            self.steps.append((name, value))


def all_cases():
    for module in MODULES:
        for function in module.CASES:
            yield f"{module.__name__.removeprefix('cases_')}.{function.__name__}", function


def run(calls, directory):
    """All cases on one side. Gives the list of steps."""
    top = os.path.join(directory, f"parity-{os.getpid()}")
    os.mkdir(top)
    os.chmod(top, 0o777)
    steps = []
    try:
        for name, function in all_cases():
            world = World(calls, os.path.join(top, name))
            world.case = name
            os.mkdir(world.folder)
            try:
                function(world)
            except Exception as failure:  # a case that cannot go on is an outcome too
                where = traceback.extract_tb(failure.__traceback__)[-1]
                world.note("stopped", f"{type(failure).__name__} {failure.args[:1]} in {where.name}")
            steps.extend(world.steps)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return steps


def compare(ours, plain):
    """Differences as lines; each step is matched by its name and order."""
    wrong = []
    if [s for s, _ in ours] != [s for s, _ in plain]:
        for (a, x), (b, y) in zip(ours, plain):
            if a != b:
                wrong.append(f"the sides went different ways at {a}: {x!r}  (plain: {b}: {y!r})")
                break
        else:
            longer = ours if len(ours) > len(plain) else plain
            wrong.append(f"one side stopped before {longer[min(len(ours), len(plain))][0]}")
    wrong += [f"the case is broken: {s}: {v}" for s, v in plain if s.endswith(("/child", "/stopped"))]
    plain_by_name = dict(plain)
    seen = set()
    for step, value in ours:
        expected = plain_by_name.get(step)
        if step in DIFFERENCES:
            seen.add(step)
            if value != DIFFERENCES[step][0] or value == expected:
                wrong.append(f"{step}: {value!r}, the deliberate difference is {DIFFERENCES[step][0]!r}, "
                             f"plain has {expected!r}")
        elif value != expected:
            wrong.append(f"{step}: {value!r}, plain has {expected!r}")
    return wrong, seen


def main():
    os.umask(0o022)
    if len(sys.argv) == 3 and sys.argv[1] == "--negative-control":
        plain = run(Calls(), sys.argv[2])
        missed = []
        for kind in WRONG:
            wrong, _ = compare(run(kind(), sys.argv[2]), plain)
            wrong = [w for w in wrong if not any(step in w for step in DIFFERENCES)]
            print(f"{kind.__name__}: {len(wrong)} differences found")
            if not wrong:
                missed.append(kind.__name__)
        again, _ = compare(run(Calls(), sys.argv[2]), plain)
        again = [w for w in again if not any(step in w for step in DIFFERENCES)]
        print(f"the plain directory with itself: {len(again)} differences", *again[:5], sep="\n")
        print(f"{len(WRONG) - len(missed)} of {len(WRONG)} bugs found; missed: {missed}")
        return 1 if missed or again else 0
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    ours, plain = run(Calls(), sys.argv[1]), run(Calls(), sys.argv[2])
    wrong, seen = compare(ours, plain)
    for step in sorted(set(DIFFERENCES) - seen):
        wrong.append(f"{step}: listed as a deliberate difference, but no case has that step")
    for line in wrong:
        print("DIFFERS", line)
    print(f"parity: {len(ours)} outcomes compared in {sum(1 for _ in all_cases())} cases, "
          f"{len(seen)} deliberate differences, {len(wrong)} unexpected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
