#!/usr/bin/env python3
"""Locks between processes of this machine (flock, POSIX and OFD), and O_APPEND from several of them at once.

usage: locks.py FOLDER
"""
import fcntl
import os
import struct
import subprocess
import sys

F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW = 36, 37, 38
APPENDERS, LINES = 4, 300


def record(kind, start=0, length=0):
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, start, length, 0)


def another(path, kind):
    """Whether another process gets that lock now."""
    return subprocess.run([sys.executable, __file__, "--try", path, kind], check=True, stdout=subprocess.PIPE).stdout == b"got\n"


def attempt(path, kind):
    fd = os.open(path, os.O_RDWR)
    try:
        if kind == "flock":
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif kind == "shared flock":
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        elif kind == "posix":
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 100)
        elif kind == "posix beyond":
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 500)
        else:
            fcntl.fcntl(fd, F_OFD_SETLK, record(fcntl.F_WRLCK, 100, 10))
        print("got")
    except BlockingIOError:
        print("busy")


def append(path, who):
    with open(path, "ab", buffering=0) as f:
        for n in range(LINES):
            f.write(f"{who} {n} {'.' * (n % 50)}\n".encode())


def locks(path):
    with open(path, "w+b") as f:
        f.write(b"x" * 1000)
        f.flush()
        fcntl.flock(f, fcntl.LOCK_EX)
        assert not another(path, "flock") and not another(path, "shared flock"), "flock is not exclusive"
        fcntl.flock(f, fcntl.LOCK_SH)
        assert not another(path, "flock") and another(path, "shared flock"), "a shared flock"
        fcntl.flock(f, fcntl.LOCK_UN)
        assert another(path, "flock"), "unlocking"
        fcntl.lockf(f, fcntl.LOCK_EX, 10, 100)
        assert not another(path, "posix") and not another(path, "ofd") and another(path, "posix beyond"), "POSIX ranges"
        fcntl.lockf(f, fcntl.LOCK_UN)
        fcntl.fcntl(f, F_OFD_SETLK, record(fcntl.F_WRLCK, 100, 10))
        with open(path, "r+b") as same_process:
            try:
                fcntl.fcntl(same_process, F_OFD_SETLK, record(fcntl.F_WRLCK, 100, 10))
                raise AssertionError("OFD locks belong to open files, not to processes")
            except BlockingIOError:
                pass
        assert not another(path, "posix"), "OFD and POSIX locks know each other"
    assert another(path, "flock") and another(path, "posix") and another(path, "ofd"), "close gives locks back"


def appending(path):
    children = [subprocess.Popen([sys.executable, __file__, "--append", path, str(who)]) for who in range(APPENDERS)]
    assert all(child.wait() == 0 for child in children)
    with open(path, "rb") as f:
        lines = f.read().splitlines()
    expected = {f"{who} {n} {'.' * (n % 50)}".encode() for who in range(APPENDERS) for n in range(LINES)}
    assert len(lines) == APPENDERS * LINES and set(lines) == expected, f"{len(lines)} lines, some overwritten or torn"


if sys.argv[1] == "--try":
    attempt(*sys.argv[2:])
elif sys.argv[1] == "--append":
    append(*sys.argv[2:])
else:
    locks(os.path.join(sys.argv[1], "locked"))
    appending(os.path.join(sys.argv[1], "appended"))
