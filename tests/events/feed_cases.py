"""What .mesh/events tells, to whoever reads, polls, resumes or comes too late."""
import json
import os
import select
import subprocess
import time

from checks import check, soon
from watchers import Lines, write


class Feed:
    def __init__(self, mount):
        self.fd = os.open(mount + "/.mesh/events", os.O_RDONLY | os.O_NONBLOCK)
        self.partial = b""

    def to_the_end(self):
        os.lseek(self.fd, 0, os.SEEK_END)
        return self

    def lines(self, seconds=3.0, enough=1):
        """What comes until there are `enough`."""
        out, end = [], time.monotonic() + seconds
        while len(out) < enough and time.monotonic() < end:
            try:  # reading first: a seek is no news to poll
                self.partial += os.read(self.fd, 65536)
            except BlockingIOError:
                select.select([self.fd], [], [], 0.2)
                continue
            *whole, self.partial = self.partial.split(b"\n")
            out += [json.loads(line) for line in whole]
        return out

    def close(self):
        os.close(self.fd)


def told(lines):
    return [(line["what"], line["path"], line["author"]) for line in lines]


def the_feed_tells_every_change(m):
    a, b = m.folder("feed")
    time.sleep(0.2)  # for the line of the folder itself
    feed = Feed(m.b).to_the_end()
    try:
        os.read(feed.fd, 100)
        check("nothing to read is EAGAIN", False)
    except BlockingIOError:
        check("nothing to read is EAGAIN", True)
    check("and poll says so", select.select([feed.fd], [], [], 0)[0], [])

    def step(change, *expected):
        change()
        check("the feed", told(feed.lines(5, len(expected))), list(expected))

    step(lambda: write(a + "/f", "one"), ("created", "/feed/f", "one"))
    step(lambda: write(a + "/f", "another"), ("changed", "/feed/f", "one"))
    step(lambda: os.chmod(a + "/f", 0o600), ("attributes", "/feed/f", "one"))
    step(lambda: write(b + "/mine", "local"), ("created", "/feed/mine", "two"))
    step(lambda: write(b + "/empty", ""), ("created", "/feed/empty", "two"))
    os.rename(a + "/f", a + "/g")
    line = feed.lines(5)[0]
    check("a move", (line["what"], line["path"], line["from"], line["kind"]), ("moved", "/feed/g", "/feed/f", "file"))
    check("its version is the file's", line["version"],
          os.getxattr(b + "/g", "user.mesh.version").decode()[:16])
    soon("all is on A", lambda: sorted(os.listdir(a)), ["empty", "g", "mine"])
    subprocess.run(["rm", "-r", a], check=True)
    gone = told(feed.lines(5, 4))
    check("rm -r", sorted(gone), [("removed", path, "one") for path in ("/feed", "/feed/empty", "/feed/g", "/feed/mine")])
    check("the folder goes last", gone[-1:], [("removed", "/feed", "one")])
    feed.close()


def the_feed_can_be_resumed(m):
    a, b = m.folder("resume")
    time.sleep(0.2)
    feed = Feed(m.b).to_the_end()
    for i in range(3):
        write(f"{a}/{i}", "x")
    lines = feed.lines(5, 3)
    check("three", [line["path"] for line in lines], [f"/resume/{i}" for i in range(3)])
    check("pread from a cursor gives the rest", json.loads(os.pread(feed.fd, 65536, lines[1]["cursor"])), lines[2])
    os.lseek(feed.fd, lines[0]["cursor"], os.SEEK_SET)
    check("lseek too", feed.lines(5, 2), lines[1:])
    for what, cursor in (("mid-line", lines[0]["cursor"] + 3), ("from another history", lines[2]["cursor"] + 10**9)):
        lost = json.loads(os.pread(feed.fd, 65536, cursor))
        check(f"a cursor {what} is lost", (lost["what"], lost["cursor"]), ("lost", lines[2]["cursor"]))
    watch = subprocess.run([m.mesh, "watch", "--mount", m.b, "--json", "--since", str(lines[0]["cursor"]),
                            "--timeout", "1"], capture_output=True, text=True)
    check("mesh watch --since", [json.loads(line)["path"] for line in watch.stdout.splitlines()],
          ["/resume/1", "/resume/2"])
    feed.close()
    history = Feed(m.b)
    check("from the start it is what is kept", len(history.lines(5, 10)) >= 10)
    history.close()


def the_feed_wakes_who_waits(m):
    a, b = m.folder("wake")
    cat = Lines("cat", m.b + "/.mesh/events")
    tail = Lines("tail", "-n0", "-F", m.b + "/.mesh/events")
    time.sleep(0.3)
    write(a + "/f", "x")
    soon("a blocking read goes on", lambda: any('"/wake/f"' in line for line in cat.lines), True, 5)
    soon("tail -F follows", lambda: any('"/wake/f"' in line for line in tail.lines), True, 5)
    for one in (cat, tail):
        one.process.terminate()
        check("a reader that waits can be ended", one.process.wait(5) is not None)


FEED_CASES = [the_feed_tells_every_change, the_feed_can_be_resumed, the_feed_wakes_who_waits]
