"""Bytes: every way to put them in, cut them and read them back."""
import mmap
import os
import threading


def plain_writes(w):
    for size in (0, 1, 300, 301, 4095, 4096, 65_536, 65_537, 1_000_000):
        data = bytes(i * 7 % 251 for i in range(size))
        w.put(f"f{size}", data)
        w.note(f"{size} same", w.get(f"f{size}") == data)
        w.note(f"{size} described", w.describe(w.path(f"f{size}")))


def holes(w):
    fd = w.open("make", w.path("f"), os.O_RDWR | os.O_CREAT)
    w.step("far", w.calls.pwrite, fd, b"end", 100_000)
    w.step("in the hole", w.calls.pread, fd, 4, 50_000)
    w.step("at the end", w.calls.pread, fd, 10, 99_998)
    w.step("beyond", w.calls.pread, fd, 10, 200_000)
    w.note("size", w.calls.fstat(fd).st_size)
    w.step("farther", w.calls.pwrite, fd, b"x", 3_000_000)
    w.note("size then", w.calls.fstat(fd).st_size)
    w.calls.close(fd)
    w.note("all", hash(w.get("f")))


def truncate_up_and_down(w):
    for size in (10, 70_000):
        name = f"f{size}"
        w.put(name, b"a" * size)
        for to in (size // 2, size * 2, 0, 5, 100_000, 99_999, 1):
            w.step(f"{size} truncate to {to}", w.calls.truncate, w.path(name), to)
            w.note(f"{size} holds {to}", hash(w.get(name)))
            w.note(f"{size} described {to}", w.describe(w.path(name)))
        fd = w.open(f"{size} open", w.path(name), os.O_RDWR)
        for to in (20, 3, 80_000, 65_536, 65_537, 0, 7):
            w.step(f"{size} ftruncate to {to}", w.calls.ftruncate, fd, to)
            w.note(f"{size} size {to}", w.calls.fstat(fd).st_size)
            w.step(f"{size} write", w.calls.pwrite, fd, b"mark", max(0, to - 2))
            w.note(f"{size} sees {to}", (w.calls.fstat(fd).st_size, hash(w.calls.pread(fd, 200_000, 0))))
        w.calls.close(fd)
        w.note(f"{size} at last", hash(w.get(name)))


def wrong_truncates(w):
    w.put("f", b"abc")
    w.calls.mkdir(w.path("d"))
    w.calls.symlink("f", w.path("s"))
    w.step("directory", w.calls.truncate, w.path("d"), 0)
    w.step("missing", w.calls.truncate, w.path("m"), 0)
    w.step("negative", w.calls.truncate, w.path("f"), -1)
    w.step("through a symlink", w.calls.truncate, w.path("s"), 1)
    w.step("content", w.get, "f")


def appending(w):
    one = w.open("one", w.path("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    two = w.open("two", w.path("log"), os.O_WRONLY | os.O_APPEND)
    other = w.open("no append", w.path("log"), os.O_RDWR)
    for i in range(20):
        w.calls.write(one if i % 2 else two, b"line %d\n" % i)
    w.calls.lseek(one, 0, os.SEEK_SET)
    w.step("append after seek", w.calls.write, one, b"tail\n")
    w.note("position", w.calls.lseek(one, 0, os.SEEK_CUR))
    w.step("overwrite", w.calls.pwrite, other, b"LINE", 0)
    w.step("pwrite of append goes to the end", w.calls.pwrite, two, b"end\n", 0)
    w.step("content", w.calls.pread, other, 10_000, 0)
    for fd in (one, two, other):
        w.calls.close(fd)
    w.step("after close", w.get, "log")


def concurrent_appends(w):
    def worker(letter):
        for _ in range(50):
            fd = w.calls.open(w.path("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            w.calls.write(fd, letter * 99 + b"\n")
            w.calls.close(fd)
    threads = [threading.Thread(target=worker, args=(bytes([65 + i]),)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    lines = w.get("log").split(b"\n")[:-1]
    w.note("lines", len(lines))
    w.note("whole", all(len(set(line)) == 1 and len(line) == 99 for line in lines))


def several_handles(w):
    a = w.open("a", w.path("f"), os.O_RDWR | os.O_CREAT)
    b = w.open("b", w.path("f"), os.O_RDWR)
    w.step("a writes", w.calls.write, a, b"from a")
    w.step("b sees", w.calls.read, b, 10)
    w.step("b writes", w.calls.pwrite, b, b"B", 0)
    w.step("a sees", w.calls.pread, a, 10, 0)
    w.calls.close(a)
    w.step("by name, b open", w.get, "f")
    w.step("b cuts", w.calls.ftruncate, b, 2)
    w.step("by name, cut", w.get, "f")
    w.calls.close(b)
    w.step("closed", w.get, "f")


def visible_after_close(w):
    for i in range(30):
        for size in (10, 5_000, 100_000):
            w.put("f", bytes([i]) * size)
            if w.calls.stat(w.path("f")).st_size != size or w.get("f") != bytes([i]) * size:
                w.note(f"round {i} size {size}", "not what was written")
    w.note("rounds", 30)


def modify_in_place(w):
    for size in (100, 10_000, 3_000_000):
        w.put(f"f{size}", b"a" * size)
        fd = w.open(f"{size} open", w.path(f"f{size}"), os.O_RDWR)
        w.step(f"{size} middle", w.calls.pwrite, fd, b"MIDDLE", size // 2)
        w.step(f"{size} end", w.calls.pwrite, fd, b"END", size)
        w.step(f"{size} around", w.calls.pread, fd, 10, size // 2 - 2)
        w.calls.close(fd)
        w.note(f"{size} all", hash(w.get(f"f{size}")))


def syncing(w):
    fd = w.open("make", w.path("f"), os.O_RDWR | os.O_CREAT)
    for i in range(4):
        w.step("write", w.calls.write, fd, b"x" * 1000)
        w.step("fsync", w.calls.fsync, fd)
        w.step("fdatasync", w.calls.fdatasync, fd)
    w.calls.close(fd)
    fd = w.open("directory", w.folder, os.O_RDONLY)
    w.step("fsync of a directory", w.calls.fsync, fd)
    w.calls.close(fd)
    w.note("size", len(w.get("f")))


def allocating(w):
    fd = w.open("make", w.path("f"), os.O_RDWR | os.O_CREAT)
    w.step("allocate", w.calls.posix_fallocate, fd, 0, 5000)
    w.note("size", w.calls.fstat(fd).st_size)
    w.step("write", w.calls.pwrite, fd, b"abc", 0)
    w.step("less keeps it", w.calls.posix_fallocate, fd, 0, 100)
    w.note("size then", w.calls.fstat(fd).st_size)
    w.step("more", w.calls.posix_fallocate, fd, 90_000, 10_000)
    w.note("size at last", w.calls.fstat(fd).st_size)
    w.step("nothing", w.calls.posix_fallocate, fd, 0, 0)
    w.step("negative", w.calls.posix_fallocate, fd, -1, 10)
    w.calls.close(fd)
    w.note("all", hash(w.get("f")))


def holes_punched(w):
    w.put("f", b"x" * 8192)
    fd = w.open("open", w.path("f"), os.O_RDWR)
    w.step("punch", w.calls.fallocate, fd, 0x03, 0, 4096)
    w.step("keep size", w.calls.fallocate, fd, 0x01, 0, 10_000)
    w.step("zero inside", w.calls.fallocate, fd, 0x11, 5000, 100_000)
    w.step("size", lambda: os.stat(w.path("f")).st_size)
    w.step("zero and grow", w.calls.fallocate, fd, 0x10, 6000, 100_000)
    w.step("punch behind the end", w.calls.fallocate, fd, 0x03, 200_000, 4096)
    w.step("punch without keeping the size", w.calls.fallocate, fd, 0x02, 0, 4096)
    w.step("zero and punch", w.calls.fallocate, fd, 0x13, 0, 4096)
    w.calls.close(fd)
    w.step("content", w.get, "f")


def ranges_moved(w):
    w.put("f", b"x" * 16384)
    fd = w.open("open", w.path("f"), os.O_RDWR)
    w.step("collapse", w.calls.fallocate, fd, 0x08, 0, 4096)
    w.step("insert", w.calls.fallocate, fd, 0x20, 0, 8192)
    w.step("size", lambda: os.fstat(fd).st_size)
    w.calls.close(fd)


def copied_ranges(w):
    content = bytes(range(256)) * 1000
    w.put("from", content)
    w.put("to", b"t" * 10)
    source = w.open("source", w.path("from"), os.O_RDONLY)
    target = w.open("target", w.path("to"), os.O_RDWR)
    w.step("part", os.copy_file_range, source, target, 1000, 500, 5)
    w.step("after part", w.get, "to")
    w.step("whole", os.copy_file_range, source, target, 1_000_000, 0, 0)
    w.step("nothing left", os.copy_file_range, source, target, 1000, len(content), len(content))
    w.step("written", os.pwrite, target, b"own", 100)
    w.step("into a reader", os.copy_file_range, target, source, 1000, 0, 0)
    w.calls.close(source)
    w.calls.close(target)
    w.step("source", w.get, "from")
    w.step("target", w.get, "to")


def data_sought(w):
    """Where data begins in a file with a hole of a megabyte; only what is sure on every file system."""
    fd = w.open("open", w.path("f"), os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, 1 << 20)
    os.pwrite(fd, b"d" * 65536, 1 << 20)
    w.step("data from the start", os.lseek, fd, 0, os.SEEK_DATA)
    w.step("hole from the start", os.lseek, fd, 0, os.SEEK_HOLE)
    w.step("hole behind the data", os.lseek, fd, 1 << 20, os.SEEK_HOLE)
    w.step("beyond the end", os.lseek, fd, 1 << 22, os.SEEK_DATA)
    w.step("hole beyond the end", os.lseek, fd, 1 << 22, os.SEEK_HOLE)
    w.calls.close(fd)
    fd = w.open("again", w.path("f"), os.O_RDONLY)
    w.step("published data from the start", os.lseek, fd, 0, os.SEEK_DATA)
    w.step("published hole from the start", os.lseek, fd, 0, os.SEEK_HOLE)
    w.calls.close(fd)


def mapped(w):
    w.put("f", b"0123456789" * 1000)
    fd = w.open("open", w.path("f"), os.O_RDWR)
    with mmap.mmap(fd, 10_000) as m:
        w.note("read", bytes(m[5000:5010]))
        m[100:104] = b"MMAP"
        m.flush()
        w.step("seen", w.calls.pread, fd, 8, 98)
        w.calls.pwrite(fd, b"PWRITE", 200)
        w.note("sees", bytes(m[198:208]))
    w.calls.close(fd)
    w.note("all", hash(w.get("f")))


def seeking(w):
    w.put("f", b"0123456789")
    fd = w.open("open", w.path("f"), os.O_RDONLY)
    w.step("end", w.calls.lseek, fd, -3, os.SEEK_END)
    w.step("read", w.calls.read, fd, 10)
    w.step("at the end", w.calls.read, fd, 10)
    w.step("negative", w.calls.lseek, fd, -1, os.SEEK_SET)
    w.step("data", w.calls.lseek, fd, 2, os.SEEK_DATA)
    w.step("hole", w.calls.lseek, fd, 2, os.SEEK_HOLE)
    w.step("data beyond", w.calls.lseek, fd, 100, os.SEEK_DATA)
    w.calls.close(fd)


CASES = [plain_writes, holes, truncate_up_and_down, wrong_truncates, appending, concurrent_appends, several_handles,
         visible_after_close, modify_in_place, syncing, allocating, holes_punched, ranges_moved,
         copied_ranges, data_sought, mapped, seeking]
