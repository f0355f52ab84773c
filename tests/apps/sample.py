#!/usr/bin/env python3
"""Makes a folder with all that a copy has to keep, the same at every call: sample.py FOLDER (root only)."""
import os
import random
import sys


def put(path, data, mode=0o644, mtime=1_000_000_000):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)
    os.utime(path, (mtime, mtime))


def main(top):
    dice = random.Random(7)
    for folder in ("files", "empty", "set-group", "inherits", "many", "deep/er/and/deeper"):
        os.makedirs(os.path.join(top, folder))
    at = lambda *parts: os.path.join(top, *parts)  # noqa: E731
    put(at("files/plain"), b"text\n" * 10, 0o640)
    put(at("files/lines"), b"".join(b"%d\n" % n for n in range(100)))
    put(at("files/empty"), b"", 0o600, 1)
    put(at("files/large"), dice.randbytes(200_000), 0o755)
    put(at("files/read-only"), b"x", 0o444)
    put(at("files/listed"), b"y", 0o640)
    put(at("files/xattrs"), b"z")
    for n in range(5):
        os.setxattr(at("files/xattrs"), f"user.{'abcde'[n]}", dice.randbytes(n * 40))
    os.setxattr(at("deep"), "user.folder", b"has one too")
    os.utime(at("files/xattrs"), ns=(0, 1_234_567_890_123_456_789))
    with open(at("files/holes"), "wb") as f:
        f.truncate(300_000)
        f.seek(150_000)
        f.write(b"island")
    os.link(at("files/large"), at("linked"))
    os.link(at("files/large"), at("deep/er/linked"))
    os.symlink("files/plain", at("symlink"))
    os.symlink("/nowhere/at all", at("dangling"))
    os.link(at("symlink"), at("symlink-too"), follow_symlinks=False)
    for name in ("space here", "line\nbreak", "\u00e4\u00f6\u00fc", "e\u0301", "\u00e9", "-rf", "*", "back\\slash", "n" * 200):
        put(at("many", name), name.encode())
    for n in range(20):
        put(at("many", f"small-{n}"), b"%d" % n * n, mtime=1_100_000_000 + n)
    os.chown(at("files/plain"), 1, 2)
    os.lchown(at("dangling"), 3, 4)
    os.chown(at("set-group"), 0, 50)
    os.chmod(at("set-group"), 0o2775)
    os.chmod(at("empty"), 0o1777)


main(sys.argv[1])
