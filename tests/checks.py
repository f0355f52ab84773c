"""Counts what was checked; waits for what must come: a moment is allowed, a cache's timeout is not."""
import time

RESULTS = {"passed": 0, "failed": 0}


def check(what, value, expected=True):
    good = value == expected
    RESULTS["passed" if good else "failed"] += 1
    if not good:
        print(f"FAILED {what}: {value!r}, expected {expected!r}", flush=True)
    return good


def soon(what, function, expected=True, seconds=15.0):
    """An OSError counts as its errno."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = function()
        except OSError as failure:
            value = failure.errno
        if value == expected or time.monotonic() > end:
            return check(what, value, expected)
        time.sleep(0.005)


def read(path):
    with open(path, "rb") as f:
        return f.read()
