#!/usr/bin/env python3
"""Saving as programs do: a temporary file beside the target, renamed onto it; a reader never sees less than a whole version.

usage: saving.py FOLDER
"""
import os
import sys
import tempfile
import threading


def save(folder, target, data, how):
    fd, temporary = tempfile.mkstemp(dir=folder)
    with os.fdopen(fd, "wb") as f:
        f.write(data)
        if how == "fsync":
            f.flush()
            os.fsync(f.fileno())
    if how == "link":  # as git and mail programs do where nothing may be replaced
        if os.path.exists(target):
            os.unlink(target)
        os.link(temporary, target)
        os.unlink(temporary)
    else:
        os.rename(temporary, target)


def main(folder):
    for how in ("plain", "fsync", "link"):
        target = os.path.join(folder, how)
        save(folder, target, b"0" * 10_000, how)
        torn, done = [], threading.Event()

        def read():
            while not done.is_set():
                try:
                    with open(target, "rb") as f:
                        data = f.read()
                except FileNotFoundError:
                    if how != "link":
                        torn.append("missing")
                    continue
                if len(data) != 10_000 or len(set(data)) != 1:
                    torn.append(f"{len(data)} bytes of {len(set(data))} versions")

        reader = threading.Thread(target=read)
        reader.start()
        for n in range(60):
            save(folder, target, b"%d" % (n % 10) * 10_000, how)
        done.set()
        reader.join()
        assert not torn, f"{how}: a reader saw {torn[:3]}"
        with open(target, "rb") as f:
            assert f.read() == b"9" * 10_000, how
        assert os.stat(target).st_nlink == 1, how
    assert sorted(os.listdir(folder)) == ["fsync", "link", "plain"], "temporary files were left"


main(sys.argv[1])
