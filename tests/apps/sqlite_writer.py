#!/usr/bin/env python3
"""A database with one writer in each journal mode: it stays whole, also when the writer is killed in a transaction.

usage: sqlite_writer.py FOLDER
"""
import os
import signal
import sqlite3
import subprocess
import sys
import time

ROWS = 200


def open_base(path, mode):
    base = sqlite3.connect(path, isolation_level=None)
    got = base.execute(f"pragma journal_mode={mode}").fetchone()[0]
    assert got == mode, f"journal mode {got} instead of {mode}"
    return base


def insert(base, first, count):
    for n in range(first, first + count):
        base.execute("insert into t values (?, ?)", (n, "x" * (n % 700)))


def check(path, rows):
    base = sqlite3.connect(path)
    assert base.execute("pragma integrity_check").fetchone()[0] == "ok", f"{path} is damaged"
    found = base.execute("select count(*), max(n) from t").fetchone()
    assert found == (rows, rows - 1), f"{path} has {found} instead of {rows} rows"
    base.close()


def doomed(path, mode):
    """The child: half a transaction, told on standard output, then it waits to be killed."""
    base = open_base(path, mode)
    base.execute("pragma cache_size=5")  # so that pages of the open transaction are written early
    base.execute("begin")
    insert(base, ROWS, 3000)
    print("in the middle", flush=True)
    time.sleep(60)


def main(folder):
    for mode in ("delete", "truncate", "persist", "wal"):
        path = os.path.join(folder, f"{mode}.db")
        base = open_base(path, mode)
        base.execute("create table t (n integer primary key, text)")
        base.execute("begin")
        insert(base, 0, ROWS // 2)
        base.execute("commit")
        reader = sqlite3.connect(path)
        assert reader.execute("select count(*) from t").fetchone()[0] == ROWS // 2
        base.execute("begin immediate")
        try:  # the second writer is told to wait, here and now
            sqlite3.connect(path, timeout=0.05).execute("begin immediate")
            raise AssertionError(f"{mode}: two writers at once")
        except sqlite3.OperationalError:
            pass
        insert(base, ROWS // 2, ROWS // 2)
        reader.close()
        base.execute("commit")
        base.close()
        check(path, ROWS)

        child = subprocess.Popen([sys.executable, __file__, "--doomed", path, mode], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"in the middle\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
        check(path, ROWS)  # what was committed, and nothing of the rest
        base = open_base(path, mode)
        base.execute("delete from t where n % 2 = 1")
        base.execute("vacuum")
        base.close()


if sys.argv[1] == "--doomed":
    doomed(*sys.argv[2:])
else:
    main(sys.argv[1])
