#!/usr/bin/env python3
"""What programs on the mount see of another node's changes, of .mesh, and of mounting itself. Memory tree only.

usage: remote.py <mount_memory program> <empty folder to work in>
"""
import multiprocessing
import os
import signal
import subprocess
import sys
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import RESULTS, check, read, soon


class Mounted:
    def __init__(self, program, folder, *options):
        self.point, staging = os.path.join(folder, "mnt"), os.path.join(folder, "staging")
        for d in (self.point, staging):
            if os.path.basename(d) not in os.listdir(folder):  # a stale mount cannot be looked at
                os.mkdir(d)
        self.process = subprocess.Popen([program, self.point, staging, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.first_line = self.process.stdout.readline().strip()

    def path(self, *parts):
        return os.path.join(self.point, *parts)

    def remote(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        check(line, answer, "ok")

    def arrives(self, name, text):
        """Another node writes it; in a directory that somebody might watch it shows some milliseconds later."""
        self.remote(f"write {name} {text}")
        soon(f"{name} shows", lambda: read(self.path(name)), text.encode())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        notes = self.process.communicate(timeout=10)[1]
        check("ends well", self.process.returncode, 0)
        return notes


def files_come_and_go(m):
    check("not there", os.path.exists(m.path("new")), False)  # now the kernel remembers that
    check("listing", os.listdir(m.point), [])
    m.remote("write new first")
    soon("the name appears", lambda: read(m.path("new")), b"first")
    soon("and in the listing", lambda: os.listdir(m.point), ["new"])
    m.remote("write new second, longer")
    soon("content", lambda: read(m.path("new")), b"second, longer")
    soon("size", lambda: os.stat(m.path("new")).st_size, 14)
    m.remote("chmod new 600")
    soon("mode", lambda: oct(os.stat(m.path("new")).st_mode), "0o100600")
    m.remote("remove new")
    soon("gone", lambda: os.path.exists(m.path("new")), False)
    soon("gone from the listing", lambda: os.listdir(m.point), [])
    for i in range(200):
        m.remote(f"write many-{i} x")
    soon("many", lambda: len(os.listdir(m.point)), 200)
    for i in range(200):
        m.remote(f"remove many-{i}")
    soon("none", lambda: os.listdir(m.point), [])


def names_of_one_file(m):
    m.remote("write one text")
    soon("one name", lambda: os.stat(m.path("one")).st_nlink, 1)
    m.remote("link one two")
    soon("the kernel learns of the second", lambda: os.stat(m.path("one")).st_nlink, 2)
    soon("which is the same file", lambda: os.stat(m.path("two")).st_ino, os.stat(m.path("one")).st_ino)
    with open(m.path("one"), "rb") as f:
        check("open", f.read(2), b"te")
        m.remote("write two newer")
        for name in ("one", "two"):
            soon(f"{name} shows the new version", lambda: read(m.path(name)), b"newer")
        check("the reader keeps the old one", f.read(), b"xt")
        m.remote("remove one")
        soon("a name goes", lambda: os.path.exists(m.path("one")), False)
        soon("one is left", lambda: os.stat(m.path("two")).st_nlink, 1)
    check("with its content", read(m.path("two")), b"newer")
    os.link(m.path("two"), m.path("three"))
    m.remote("remove two")
    soon("our name stays", lambda: os.stat(m.path("three")).st_nlink, 1)
    os.unlink(m.path("three"))


def readers_keep_their_version(m):
    m.arrives("doc", "1" * 200_000)
    reader = os.open(m.path("doc"), os.O_RDONLY)
    check("start", os.pread(reader, 5, 0), b"11111")
    m.remote("write doc " + "2" * 150_000)
    soon("by name the new one", lambda: read(m.path("doc")), b"2" * 150_000)
    check("the open one is the old", os.pread(reader, 5, 199_990), b"11111")
    check("wholly", os.pread(reader, 300_000, 0), b"1" * 200_000)
    check("its size", os.fstat(reader).st_size, 200_000)
    os.close(reader)
    reader = os.open(m.path("doc"), os.O_RDONLY)
    m.remote("remove doc")
    soon("removed", lambda: os.path.exists(m.path("doc")), False)
    check("still readable", os.pread(reader, 300_000, 0), b"2" * 150_000)
    check("no name any more", os.fstat(reader).st_nlink, 0)
    os.close(reader)


def stamped(number):
    return f"{number:07d} " * 4000


def read_versions(path, seconds, results):
    """Reads whole versions, in two halves; tells what was wrong with any."""
    wrong, end, last = [], time.monotonic() + seconds, ""
    while time.monotonic() < end and len(wrong) < 5:
        try:
            with open(path, "rb", buffering=0) as f:
                text = f.read(16_000)
                text += f.read()
        except OSError as failure:
            wrong.append(failure.strerror)
            continue
        if text != text[:8] * 4000:
            wrong.append(f"{len(text)} bytes, from {text[:8]!r} to {text[-8:]!r}")
        elif text[:8].decode() < last:
            wrong.append(f"{text[:8]!r} came after {last}")
        last = max(last, text[:8].decode())
    results.put(wrong)


def versions_are_never_mixed(m):
    """One file, changed as fast as it goes, and readers that open, read and close it all the time."""
    m.arrives("hot", stamped(0))
    results = multiprocessing.Queue()
    readers = [multiprocessing.Process(target=read_versions, args=(m.path("hot"), 2, results)) for _ in range(12)]
    for reader in readers:
        reader.start()
    end, number = time.monotonic() + 2, 0
    while time.monotonic() < end:
        number += 1
        m.process.stdin.write(f"write hot {stamped(number)}\n")
        m.process.stdin.flush()
        m.process.stdout.readline()
    check("readers of a hot file", [wrong for _ in readers for wrong in results.get()], [])
    for reader in readers:
        reader.join()
    check("versions meanwhile", number > 100)
    check("the check itself", bool(stamped(1)[:-8] + stamped(2)[:8] != stamped(1)))


def writers_lose_nothing(m):
    m.arrives("both", "base")
    writer = os.open(m.path("both"), os.O_RDWR)
    os.pwrite(writer, b"MINE", 0)
    m.remote("write both theirs")
    time.sleep(0.1)
    check("this node shows what is written here", read(m.path("both")), b"MINE")
    os.close(writer)
    soon("published", lambda: os.getxattr(m.path("both"), "user.mesh.state"), b"published")
    check("mine by name", read(m.path("both")), b"MINE")
    names = [n for n in os.listdir(m.point) if n.startswith("both~conflict")]
    check("theirs beside it", [read(m.path(n)) for n in names], [b"theirs"])
    for n in ["both"] + names:
        os.unlink(m.path(n))
    m.arrives("kept", "base")
    writer = os.open(m.path("kept"), os.O_RDWR)
    os.pwrite(writer, b"edit", 0)
    m.remote("remove kept")
    os.close(writer)
    soon("an edit beats a delete that did not see it", lambda: read(m.path("kept")), b"edit")
    os.unlink(m.path("kept"))


def opened_before_and_written_after(m):
    """The handle showed version 1; version 2 came; what is written is an edit of version 1, and says so."""
    m.arrives("late", "one")
    writer = os.open(m.path("late"), os.O_RDWR)
    m.remote("write late two")
    soon("two by name", lambda: read(m.path("late")), b"two")
    check("one through the handle", os.pread(writer, 10, 0), b"one")
    os.pwrite(writer, b"ONE", 0)
    os.close(writer)
    soon("neither is lost", lambda: sorted(read(m.path(n)) for n in os.listdir(m.point) if n.startswith("late")),
         [b"ONE", b"two"])
    for n in os.listdir(m.point):
        os.unlink(m.path(n))


def growth_is_published(m):
    log = os.open(m.path("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(log, b"line\n" * 100)
    check("not at once", os.getxattr(m.path("log"), "user.mesh.state"), b"unpublished")
    soon("after some seconds", lambda: os.getxattr(m.path("log"), "user.mesh.state"), b"published", 6)
    os.close(log)
    copy = os.open(m.path("copy"), os.O_WRONLY | os.O_CREAT)
    os.write(copy, b"half of it")
    time.sleep(4)
    check("a file being copied is not", os.getxattr(m.path("copy"), "user.mesh.state"), b"unpublished")
    os.close(copy)
    soon("until it is closed", lambda: os.getxattr(m.path("copy"), "user.mesh.state"), b"published")
    os.unlink(m.path("log"))
    os.unlink(m.path("copy"))


def errno_of(function, *arguments):
    try:
        function(*arguments)
    except OSError as failure:
        return failure.errno
    return 0


def virtual_files(m):
    check("not listed", os.listdir(m.point), [])
    check("but there", sorted(os.listdir(m.path(".mesh"))), ["large", "status"])
    first = read(m.path(".mesh/status"))
    check("made at each open", read(m.path(".mesh/status")) != first)
    check("large", len(read(m.path(".mesh/large"))), 300_000)
    check("size 0", os.stat(m.path(".mesh/large")).st_size, 0)
    check("no such file", errno_of(read, m.path(".mesh/nothing")), 2)
    check("read only", errno_of(open, m.path(".mesh/status"), "wb"), 30)
    check("nothing new", errno_of(os.mkdir, m.path(".mesh/d")), 30)
    check("no file new", errno_of(os.open, m.path(".mesh/f"), os.O_CREAT | os.O_WRONLY), 30)
    check("cannot be removed", errno_of(os.rmdir, m.path(".mesh")), 16)
    check("nor replaced", errno_of(os.rename, m.path(".mesh"), m.path("x")), 16)
    check("nor made", errno_of(os.mkdir, m.path(".mesh")), 17)
    check("cp -a", subprocess.run(["cp", "-a", m.point, m.point + "-copy"]).returncode, 0)
    subprocess.run(["rm", "-r", m.point + "-copy"])


def mesh_attributes(m):
    m.remote("write x content")
    p = m.path("x")
    soon("author", lambda: os.getxattr(p, "user.mesh.author"), b"elsewhere")
    check("not listed", os.listxattr(p), [])
    check("hash", len(os.getxattr(p, "user.mesh.hash")), 64)
    check("no ttl", errno_of(os.getxattr, p, "user.mesh.ttl"), 61)
    os.setxattr(p, "user.mesh.ttl", b"3600")
    check("ttl", os.getxattr(p, "user.mesh.ttl"), b"3600")
    os.setxattr(p, "user.mesh.type", b"lease")
    check("type", os.getxattr(p, "user.mesh.type"), b"lease")
    check("author cannot be set", errno_of(os.setxattr, p, "user.mesh.author", b"me"), 1)
    check("no nonsense", errno_of(os.setxattr, p, "user.mesh.ttl", b"soon"), 22)
    check("16 KiB are the limit", errno_of(os.setxattr, p, "user.large", b"x" * 20_000), 28)
    os.unlink(p)


def mounting(program, folder):
    m = Mounted(program, folder)
    again = subprocess.run([program, m.point, os.path.join(folder, "staging")], capture_output=True, text=True)
    check("a mount point in use", (again.returncode, "in use" in again.stderr), (1, True))
    with open(os.path.join(folder, "file"), "w"):
        pass
    wrong = subprocess.run([program, os.path.join(folder, "file"), folder], capture_output=True, text=True)
    check("a file as mount point", (wrong.returncode, "not a directory" in wrong.stderr), (1, True))
    wrong = subprocess.run([program, os.path.join(folder, "no"), folder], capture_output=True, text=True)
    check("no mount point", (wrong.returncode, "create it" in wrong.stderr), (1, True))
    wrong = subprocess.run([program, folder, os.path.join(folder, "no")], capture_output=True, text=True)
    check("no staging folder", (wrong.returncode, "staging" in wrong.stderr), (1, True))
    os.listdir(m.point)
    m.process.kill()
    m.process.communicate()
    check("stale", errno_of(os.statvfs, m.point), 107)
    m = Mounted(program, folder)
    check("mounts over a stale one", m.first_line, "ready")
    with open(m.path("f"), "w") as f:
        f.write("x")
    check("says so", "stale mount" in m.stop())
    check("gone", os.path.ismount(m.point), False)
    m = Mounted(program, folder)
    keep = os.open(m.path("busy"), os.O_WRONLY | os.O_CREAT)
    os.write(keep, b"written before the stop")
    notes = m.stop()
    check("a mount in use goes too", (os.path.ismount(m.point), "in use" in notes), (False, True))
    check("and what was written is published", "versions 1," in notes)
    check("its user gets an error", errno_of(os.write, keep, b"more") in (107, 103, 5))
    errno_of(os.close, keep)
    m = Mounted(program, folder)
    subprocess.run(["umount", m.point], check=True)
    check("ends when unmounted", m.process.wait(10), 0)


def main():
    program, folder = sys.argv[1:3]
    m = Mounted(program, folder, "20")  # storing takes 20 ms: much happens meanwhile
    check("mounted", m.first_line, "ready")
    try:
        for case in (files_come_and_go, names_of_one_file, readers_keep_their_version, versions_are_never_mixed,
                     writers_lose_nothing, opened_before_and_written_after, growth_is_published, virtual_files,
                     mesh_attributes):
            case(m)
    finally:
        m.stop()
    mounting(program, folder)
    print(f"remote: {RESULTS['passed']} checks passed, {RESULTS['failed']} failed")
    return 1 if RESULTS["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
