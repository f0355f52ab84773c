"""Hard links: several names for one file."""
import os
import time

from cases_attributes import PAUSE


def _ino(w, name):
    return w.calls.lstat(w.path(name)).st_ino


def _links(w, *names):
    """Per name: how many names its file has, and whether it is the first one's file."""
    first = _ino(w, names[0])
    return [(w.calls.lstat(w.path(n)).st_nlink, _ino(w, n) == first) for n in names]


def names_of_one_file(w):
    w.put("a", b"one")
    w.calls.mkdir(w.path("d"))
    w.step("b", w.calls.link, w.path("a"), w.path("b"))
    w.step("d/c", w.calls.link, w.path("b"), w.path("d/c"))
    w.note("linked", _links(w, "a", "b", "d/c"))
    w.put("b", b"two two")
    w.note("seen by all", [w.get(n) for n in ("a", "b", "d/c")])
    w.step("chmod one", w.calls.chmod, w.path("d/c"), 0o604)
    w.note("mode of all", [oct(w.calls.stat(w.path(n)).st_mode) for n in ("a", "b", "d/c")])
    w.step("first name goes", w.calls.unlink, w.path("a"))
    w.note("two left", _links(w, "b", "d/c"))
    w.note("content stays", w.get("d/c"))
    w.put("a", b"another")
    w.note("a new one is another", (_ino(w, "a") != _ino(w, "b"), w.get("a"), w.get("b")))
    w.step("rename one", w.calls.rename, w.path("b"), w.path("d/e"))
    w.note("renamed", _links(w, "d/e", "d/c"))
    w.step("one goes", w.calls.unlink, w.path("d/c"))
    w.note("one left", _links(w, "d/e"))
    w.step("last goes", w.calls.unlink, w.path("d/e"))
    w.note("tree", w.tree())


def came_and_went(w):
    """The ways in which programs make a file under its final name: by link and unlink, by rename."""
    for n in range(3):
        w.put("tmp", b"%d" % n)
        w.step("link", w.calls.link, w.path("tmp"), w.path(f"final{n}"))
        w.step("unlink", w.calls.unlink, w.path("tmp"))
        w.step("move on", w.calls.rename, w.path(f"final{n}"), w.path(f"moved{n}"))
        w.note("names", sorted(w.calls.listdir(w.folder)))
        w.note("links", _links(w, f"moved{n}"))
    w.calls.link(w.path("moved0"), w.path("x"))
    w.calls.rename(w.path("moved0"), w.path("y"))
    w.calls.link(w.path("x"), w.path("moved0"))
    w.calls.unlink(w.path("y"))
    w.calls.rename(w.path("x"), w.path("y"))
    w.note("after all", (sorted(w.calls.listdir(w.folder)), _links(w, "y", "moved0")))
    w.note("tree", w.tree())


def renames(w):
    w.put("a", b"aa")
    w.calls.link(w.path("a"), w.path("b"))
    w.step("onto its other name", w.calls.rename, w.path("a"), w.path("b"))
    w.note("both stay", _links(w, "a", "b"))
    w.put("x", b"xx")
    w.step("onto one of two", w.calls.rename, w.path("x"), w.path("a"))
    w.note("other name keeps", (w.get("a"), w.get("b"), _links(w, "a"), _links(w, "b")))
    w.calls.link(w.path("b"), w.path("c"))
    w.put("y", b"yy")
    w.step("one of two onto a file", w.calls.rename, w.path("c"), w.path("y"))
    w.note("it is there", (w.get("y"), _links(w, "b", "y"), sorted(w.calls.listdir(w.folder))))
    w.put("z", b"zz")
    w.calls.link(w.path("z"), w.path("zz"))
    w.step("one of two onto one of two", w.calls.rename, w.path("y"), w.path("zz"))
    w.note("both", (w.get("z"), w.get("zz"), _links(w, "z"), _links(w, "b", "zz")))
    w.calls.symlink("z", w.path("s"))
    w.step("symlink over a name", w.calls.rename, w.path("s"), w.path("zz"))
    w.note("left", (_links(w, "b"), w.tree()))


def open_files(w):
    w.put("a", b"old bytes")
    fd = w.open("open", w.path("a"), os.O_RDWR)
    w.step("link while open", w.calls.link, w.path("a"), w.path("b"))
    w.note("nlink by fd", w.calls.fstat(fd).st_nlink)
    w.step("write", w.calls.write, fd, b"NEW")
    w.note("both names see it", (w.get("a"), w.get("b")))
    w.step("unlink the opened name", w.calls.unlink, w.path("a"))
    w.note("nlink by fd after", w.calls.fstat(fd).st_nlink)
    w.step("write more", w.calls.write, fd, b"+++")
    w.calls.close(fd)
    w.note("content", w.get("b"))
    fd = w.open("make", w.path("n"), os.O_RDWR | os.O_CREAT)
    w.step("write before link", w.calls.write, fd, b"fresh")
    w.step("link a fresh one", w.calls.link, w.path("n"), w.path("m"))
    w.step("its first name goes", w.calls.unlink, w.path("n"))
    w.step("write after", w.calls.write, fd, b" and more")
    w.calls.close(fd)
    w.note("fresh", (w.get("m"), _links(w, "m")))
    fd = w.open("open last", w.path("m"), os.O_RDONLY)
    w.step("replace one of one", w.calls.rename, w.path("b"), w.path("m"))
    w.note("nlink of the replaced", w.calls.fstat(fd).st_nlink)
    w.step("link of a removed one", w.calls.link, f"/proc/self/fd/{fd}", w.path("q"), follow_symlinks=True)
    w.calls.close(fd)
    w.note("tree", w.tree())


def refused(w):
    w.put("f", b"x")
    w.calls.mkdir(w.path("d"))
    w.calls.symlink("f", w.path("s"))
    w.step("of a directory", w.calls.link, w.path("d"), w.path("e"))
    w.step("of nothing", w.calls.link, w.path("m"), w.path("e"))
    w.step("over a file", w.calls.link, w.path("f"), w.path("s"))
    w.step("over itself", w.calls.link, w.path("f"), w.path("f"))
    w.step("over a directory", w.calls.link, w.path("f"), w.path("d"))
    w.step("into nothing", w.calls.link, w.path("f"), w.path("m/e"))
    w.step("below a file", w.calls.link, w.path("f"), w.path("f/e"))
    w.step("from below a file", w.calls.link, w.path("f/e"), w.path("e"))
    w.step("a long name", w.calls.link, w.path("f"), w.path("n" * 256))
    w.step("the longest name", w.calls.link, w.path("f"), w.path("n" * 255))
    w.note("count", w.calls.stat(w.path("f")).st_nlink)


def symlinks(w):
    w.calls.symlink("somewhere", w.path("s"))
    w.step("link", w.calls.link, w.path("s"), w.path("t"), follow_symlinks=False)
    w.note("links", _links(w, "s", "t"))
    w.note("target", w.calls.readlink(w.path("t")))
    w.step("first goes", w.calls.unlink, w.path("s"))
    w.note("left", (w.calls.readlink(w.path("t")), _links(w, "t")))


def times(w):
    """link and unlink of one of several names move ctime of the file and mtime of the directory, nothing else."""
    w.calls.mkdir(w.path("d"))
    w.put("f", b"x")

    def stamps():
        f, d = w.calls.stat(w.path("f")), w.calls.stat(w.path("d"))
        return f.st_mtime_ns, f.st_ctime_ns, d.st_mtime_ns, d.st_ctime_ns

    for label, action in (("link", lambda: w.calls.link(w.path("f"), w.path("d/g"))),
                          ("rename", lambda: w.calls.rename(w.path("d/g"), w.path("d/h"))),
                          ("unlink", lambda: w.calls.unlink(w.path("d/h")))):
        before = stamps()
        time.sleep(PAUSE)
        action()
        w.note(label, [b > a for a, b in zip(before, stamps())])


def many(w):
    w.put("f", b"x")
    for n in range(300):
        w.calls.link(w.path("f"), w.path(f"l{n}"))
    w.note("count", w.calls.stat(w.path("f")).st_nlink)
    for n in range(0, 300, 2):
        w.calls.unlink(w.path(f"l{n}"))
    w.note("half", _links(w, "f", "l1", "l299"))
    w.calls.unlink(w.path("f"))
    w.note("without the first", _links(w, "l1", "l299"))


def exchange(w):
    for name in ("a", "x"):
        w.put(name, name.encode())
        w.calls.link(w.path(name), w.path(name * 2))
    w.step("swap", w.calls.rename, w.path("aa"), w.path("xx"), 2)
    w.note("swapped", (w.get("a"), w.get("aa"), w.get("x"), w.get("xx"), _links(w, "a", "xx"), _links(w, "x", "aa")))
    w.step("with itself", w.calls.rename, w.path("a"), w.path("xx"), 2)
    w.step("no replace onto itself", w.calls.rename, w.path("a"), w.path("xx"), 1)
    w.note("same", _links(w, "a", "xx"))


def other_users(w):
    """Without protected_hardlinks' help: the directory's write bit decides (the kernel may be stricter, on both sides)."""
    w.put("mine", b"x")
    w.calls.chmod(w.path("mine"), 0o644)
    w.calls.mkdir(w.path("open"))
    w.calls.chmod(w.path("open"), 0o777)
    w.put("theirs", b"y")
    w.calls.chown(w.path("theirs"), 12001, 12001)

    def body():
        w.step("somebody's file", w.calls.link, w.path("mine"), w.path("open/a"))
        w.step("own file", w.calls.link, w.path("theirs"), w.path("open/b"))
        w.step("into a closed directory", w.calls.link, w.path("theirs"), w.path("c"))
        w.step("unlink there", w.calls.unlink, w.path("open/b"))
        w.step("unlink here", w.calls.unlink, w.path("theirs"))
    w.as_user(12001, 12001, body)


CASES = [names_of_one_file, came_and_went, renames, open_files, refused, symlinks, times, many, exchange, other_users]
