#!/usr/bin/env python3
"""Programs on node B's mount and what they notice of changes made on node A.

usage: cases.py LAB_FOLDER NAMESPACE MESH_PROGRAM [CASE]...   with a mesh of nodes 1 (A) and 2 (B) in LAB_FOLDER
"""
import json
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import RESULTS, check, read, soon
from feed_cases import FEED_CASES
from watchers import Inotify, InotifyWait, Lines, write


class Mesh:
    def __init__(self, lab, namespace, mesh):
        self.lab, self.namespace, self.mesh = lab, namespace, mesh
        self.a, self.b = (os.path.join(lab, n, "mesh") for n in "12")

    def folder(self, name):
        """A folder of the mesh, there on both nodes."""
        os.mkdir(os.path.join(self.a, name))
        soon(f"{name} arrives", lambda: os.path.isdir(os.path.join(self.b, name)))
        return os.path.join(self.a, name), os.path.join(self.b, name)

    def status(self):
        return json.loads(read(os.path.join(self.b, ".mesh/status")))


def each_change_is_the_event_of_a_local_one(m):
    a, b = m.folder("kinds")
    watch = InotifyWait(b)

    def step(what, change, *events):
        watch.lines.clear()
        change()
        soon(what, watch.seen, list(events), 20)  # the network may be slow, the event is not
        time.sleep(0.05)
        check(what + ", once", watch.seen(), list(events))

    step("new file", lambda: write(a + "/f", "one"), "CREATE f", "CLOSE_WRITE f")
    step("update", lambda: write(a + "/f", "another"), "MOVED_TO f")
    before = os.stat(b + "/f").st_ino
    step("another update", lambda: write(a + "/f", "third"), "MOVED_TO f")
    check("a new inode", os.stat(b + "/f").st_ino != before)
    before = os.stat(b + "/f").st_ino
    step("growth", lambda: open(a + "/f", "a").write(" and more"), "MODIFY f", "CLOSE_WRITE f")
    check("the same inode", os.stat(b + "/f").st_ino == before)
    check("grown", read(b + "/f"), b"third and more")
    step("mode", lambda: os.chmod(a + "/f", 0o600), "ATTRIB f")
    step("mkdir", lambda: os.mkdir(a + "/d"), "CREATE,ISDIR d")
    step("symlink", lambda: os.symlink("f", a + "/l"), "CREATE l")
    step("rename", lambda: os.rename(a + "/f", a + "/d/g"), "MOVED_FROM f", "MOVED_TO d/g")
    step("rename of a directory", lambda: os.rename(a + "/d", a + "/e"), "MOVED_FROM,ISDIR d", "MOVED_TO,ISDIR e")
    check("all below goes with it", read(b + "/e/g"), b"third and more")
    step("unlink", lambda: os.unlink(a + "/l"), "DELETE l")
    step("rm -r", lambda: subprocess.run(["rm", "-r", a + "/e"]), "DELETE e/g", "DELETE,ISDIR e")
    step("one of another node's local changes", lambda: write(b + "/own", "x"), "CREATE own", "MODIFY own",
         "CLOSE_WRITE own")
    watch.stop()


def large_growth_is_in_place(m):
    a, b = m.folder("large")
    start = os.urandom(500_000)
    write(a + "/log", start)
    soon("it arrives", lambda: os.path.exists(b + "/log") and read(b + "/log") == start)
    time.sleep(0.7)  # a watch that comes at the same time as a file gets a late event for it
    with open(b + "/log", "rb") as reader:
        check("read", reader.read(), start)
        watch = InotifyWait(b)
        with open(a + "/log", "ab") as f:
            f.write(b"the next line\n")
        soon("modified", watch.seen, ["MODIFY log", "CLOSE_WRITE log"])
        check("who has it open reads on", reader.read(), b"the next line\n")
        watch.lines.clear()
        write(a + "/log", os.urandom(600_000))
        soon("replaced", watch.seen, ["MOVED_TO log"])
        check("who has it open keeps what it was", (reader.read(), os.fstat(reader.fileno()).st_size), (b"", 500_014))
        watch.stop()


def at_the_event_the_bytes_are_there(m):
    a, b = m.folder("bytes")
    watch = Inotify(b, Inotify.CLOSE_WRITE | Inotify.MOVED_TO | Inotify.MODIFY | Inotify.CREATE)
    rounds, seen, bad, last = 60, 0, [], {}
    for i in range(rounds):
        size = (i * 7919) % 90_000 + 1
        write(f"{a}/f{i % 5}", f"{i:08d} {size:08d} ".encode() + bytes([i]) * size)
        end = time.monotonic() + 5
        while last.get(f"f{i % 5}") != i and time.monotonic() < end:
            for _, name in watch.events():
                seen += 1
                data = read(f"{b}/{name}")
                number, size = int(data[:8]), int(data[9:17])
                if data[18:] != bytes([number]) * size or number < last.get(name, -1):
                    bad.append((name, number, len(data)))
                last[name] = number
    watch.close()
    check("whole and newest at every event", bad, [])
    check("each was noticed", [last.get(f"f{i % 5}") for i in range(rounds - 5, rounds)], list(range(rounds - 5, rounds)))
    check("events", seen >= rounds)


def a_kernel_short_of_memory_forgets_no_watch(m):
    a, b = m.folder("dropped")
    watch = InotifyWait(b)
    for i in range(3):
        with open("/proc/sys/vm/drop_caches", "w") as f:  # the folder's name goes, its watch stays
            f.write("2\n")
        watch.lines.clear()
        write(f"{a}/f{i}", "one")
        soon("noticed", watch.seen, [f"CREATE f{i}", f"CLOSE_WRITE f{i}"])
    check("and found by name", sorted(os.listdir(b)), ["f0", "f1", "f2"])
    watch.stop()


def ten_thousand_files(m):
    a, b = m.folder("many")
    watch = InotifyWait(b)
    count = 10_000
    began = time.monotonic()
    for i in range(count):
        write(f"{a}/{i:05d}", str(i))
    soon("all are noticed", lambda: len(watch.lines) >= 2 * count, True, 60)
    seconds = time.monotonic() - began
    time.sleep(0.2)
    seen = watch.seen()
    for event in ("CREATE ", "CLOSE_WRITE "):
        names = [line[len(event):] for line in seen if line.startswith(event)]
        check(f"{event}once each", (len(names), len(set(names))), (count, count))
        check(f"{event}in order", names == sorted(names))
    check("nothing else", len(seen), 2 * count)
    watch.stop()
    print(f"   10,000 files with a watcher: {seconds:.1f} s from the first write on A to the last event on B")


def without_a_watcher_no_event_is_made(m):
    a, b = m.folder("quiet")
    os.listdir(b)  # the kernel knows the folder
    before = m.status()
    for i in range(200):
        write(f"{a}/{i}", "x")
    soon("all show", lambda: len(os.listdir(b)), 200)
    time.sleep(0.3)
    now = m.status()
    check("no event made", now["events_made"] - before["events_made"], 0)
    looks = now["watcher_scans"] - before["watcher_scans"]
    check("few looks at who watches", looks < 100)
    spent = now["watcher_scan_us"] - before["watcher_scan_us"]
    print(f"   200 files without a watcher: {looks} looks at who watches, {spent} us together")


def watchdog(m):
    a, b = m.folder("dog")
    script = """
import sys, time
from watchdog.observers import Observer
from watchdog.events import FileSystemEventHandler
class Print(FileSystemEventHandler):
    def on_any_event(self, e):
        if e.event_type in ("created", "deleted", "moved") and not e.is_directory or e.event_type == "closed":
            print(e.event_type, *[p.replace(sys.argv[1] + "/", "") for p in (e.src_path, getattr(e, "dest_path", "")) if p], flush=True)
o = Observer()
o.schedule(Print(), sys.argv[1], recursive=True)
o.start()
print("ready", flush=True)
time.sleep(60)
"""
    dog = Lines("/usr/bin/python3", "-c", script, b, ready="ready")
    write(a + "/f", "one")
    soon("created", lambda: dog.lines[:2], ["created f", "closed f"])
    os.rename(a + "/f", a + "/g")
    soon("moved", lambda: dog.lines[2:3], ["moved f g"])
    os.unlink(a + "/g")
    soon("deleted", lambda: dog.lines[3:4], ["deleted g"])
    dog.stop()


def incron(m):
    a, b = m.folder("cron")
    private = os.path.join(m.lab, "incron")
    os.makedirs(private + "/system")
    os.makedirs(private + "/user")
    with open(private + "/conf", "w") as f:
        f.write(f"system_table_dir = {private}/system\nuser_table_dir = {private}/user\n"
                f"lockfile_dir = {private}\nlockfile_name = lock\n")
    with open(private + "/system/table", "w") as f:
        f.write(f"{b} IN_CLOSE_WRITE,IN_MOVED_TO /bin/cp $@/$# {private}/copy-$#\n")
    daemon = Lines("incrond", "-n", "-f", private + "/conf")
    time.sleep(0.5)
    write(a + "/job", "do it")
    soon("incron ran the command with the whole file", lambda: read(private + "/copy-job"), b"do it")
    write(a + "/job", "do it again")
    soon("and at its update", lambda: read(private + "/copy-job"), b"do it again")
    daemon.stop()


def tail_follows(m):
    a, b = m.folder("log")
    write(a + "/log", "first\n")
    soon("arrives", lambda: read(b + "/log"), b"first\n")
    tail = Lines("tail", "-F", b + "/log")
    soon("shows what is there", lambda: tail.lines, ["first"])
    for i in range(3):
        with open(a + "/log", "a") as f:
            f.write(f"line {i}\n")
        soon("follows within its second", lambda i=i: tail.lines[-1:], [f"line {i}"], 4)
    check("each line once", tail.lines, ["first", "line 0", "line 1", "line 2"])
    tail.stop()


def ask_dns(m, name):
    """The address of `name`, asked in the namespace where dnsmasq is; the query is made by hand."""
    script = f"""
import socket, struct
q = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p for p in {name.encode().split(b'.')!r}) + b"\\0\\0\\1\\0\\1"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.sendto(q, ("127.0.0.1", 5300))
r = s.recv(512)
print(socket.inet_ntoa(r[-4:]) if struct.unpack_from(">H", r, 6)[0] else "none")
"""
    return subprocess.run(["nsenter", f"--net=/run/netns/{m.namespace}", "/usr/bin/python3", "-c", script],
                          capture_output=True, text=True).stdout.strip()


def dnsmasq(m):
    a, b = m.folder("hosts")
    subprocess.run(["ip", "-n", m.namespace, "link", "set", "lo", "up"], check=True)
    server = Lines("nsenter", f"--net=/run/netns/{m.namespace}", "dnsmasq", "--keep-in-foreground", "--port=5300",
                   "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--user=root",
                   "--pid-file=", f"--hostsdir={b}", "--log-facility=-")
    soon("dnsmasq answers", lambda: ask_dns(m, "roof.mesh"), "none")
    write(a + "/leases", "10.0.0.7 roof.mesh\n")
    soon("it learns a name", lambda: ask_dns(m, "roof.mesh"), "10.0.0.7", 5)
    write(a + "/more", "10.0.0.8 school.mesh\n")
    soon("and another", lambda: ask_dns(m, "school.mesh"), "10.0.0.8", 5)
    with open(a + "/more", "a") as f:
        f.write("10.0.0.9 barn.mesh\n")
    soon("one that was added", lambda: ask_dns(m, "barn.mesh"), "10.0.0.9", 5)
    server.stop()


def vim_notices(m):
    a, b = m.folder("vim")
    write(a + "/text", "old\n")
    soon("arrives", lambda: read(b + "/text"), b"old\n")
    out = os.path.join(m.lab, "vim-out")
    vim = subprocess.Popen(["vim", "-u", "NONE", "-N", "-n", "-es", "-c", "set autoread", "-c", f"edit {b}/text",
                            "-c", "sleep 1500m", "-c", "checktime", "-c", f"write! {out}", "-c", "qa!"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    write(a + "/text", "new\n")
    vim.wait(20)
    check("vim read it anew", read(out), b"new\n")


def fanotify_marks(m):
    a, b = m.folder("fan")
    watch = InotifyWait(b, "fsnotifywait", "--fanotify")
    write(a + "/f", "one")
    soon("fanotify sees it", lambda: any(line.startswith("CLOSE_WRITE") and line.endswith("f") for line in watch.seen()))
    watch.stop()


def a_watch_from_another_mount(m):
    a, b = m.folder("bound")
    other = os.path.join(m.lab, "other-view")
    os.makedirs(other)
    script = f"mount --bind {b} {other} && exec inotifywait -m -e create,close_write --format '%e %f' {other}"
    watch = Lines("unshare", "--mount", "sh", "-c", script, ready="established")
    write(a + "/f", "one")
    soon("seen through a bind mount of another namespace", lambda: watch.lines, ["CREATE f", "CLOSE_WRITE,CLOSE f"])
    watch.stop()


CASES = [each_change_is_the_event_of_a_local_one, large_growth_is_in_place, at_the_event_the_bytes_are_there,
         without_a_watcher_no_event_is_made, watchdog, incron, tail_follows, dnsmasq, vim_notices, fanotify_marks,
         a_watch_from_another_mount, a_kernel_short_of_memory_forgets_no_watch, *FEED_CASES, ten_thousand_files]


def main():
    m = Mesh(*sys.argv[1:4])
    chosen = sys.argv[4:]
    for case in CASES:
        if chosen and case.__name__ not in chosen:
            continue
        began = time.monotonic()
        failed = RESULTS["failed"]
        try:
            case(m)
        except Exception as failure:  # one case must not hide the others
            check(f"{case.__name__} ran to its end", repr(failure), None)
        word = "ok" if RESULTS["failed"] == failed else "FAILED"
        print(f"{case.__name__.replace('_', ' ')}: {word} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"{RESULTS['passed']} passed, {RESULTS['failed']} failed")
    return 1 if RESULTS["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
