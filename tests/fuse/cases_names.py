"""Names: making, moving and removing them."""
import os
import stat

from calls import RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT

ODD = [b"space here", b"new\nline", b"tab\t", b"\xff\xfe\x80", b"\xc3\xa4\xc3\xb6", b"-rf", b"*", b"\\", b'"', b"~",
       b"a" * 255, b"\xe2\x82\xac" * 85, b".hidden", b"...", b"con", b"x:y", b"\x01\x7f"]


def odd_names(w):
    folder = os.fsencode(w.folder)
    for n, name in enumerate(ODD):
        path = os.path.join(folder, name)
        fd = w.open(f"make {n}", path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        w.step(f"write {n}", w.calls.write, fd, b"%d" % n)
        w.calls.close(fd)
        w.step(f"exists {n}", w.calls.mkdir, path)
    w.note("listed", sorted(w.calls.listdir(folder)))
    for n, name in enumerate(ODD):
        w.step(f"rename {n}", w.calls.rename, os.path.join(folder, name), os.path.join(folder, b"n%d" % n))
        w.step(f"unlink {n}", w.calls.unlink, os.path.join(folder, b"n%d" % n))
    w.note("left", w.calls.listdir(folder))


def names_too_long(w):
    w.put("f")
    w.calls.mkdir(w.path("d"))
    for size in (255, 256, 1000):
        name = w.path("n" * size)
        fd = w.open(f"open {size}", name, os.O_RDONLY)
        fd = w.open(f"create {size}", name, os.O_WRONLY | os.O_CREAT)
        if fd is not None:
            w.calls.close(fd)
        w.step(f"stat {size}", w.calls.stat, name)
        w.step(f"unlink {size}", w.calls.unlink, name)
        w.step(f"mkdir {size}", w.calls.mkdir, name)
        w.step(f"rmdir {size}", w.calls.rmdir, name)
        w.step(f"symlink {size}", w.calls.symlink, "f", name)
        w.step(f"unlink symlink {size}", w.calls.unlink, name)
        w.step(f"rename to {size}", w.calls.rename, w.path("f"), name)
        w.step(f"rename from {size}", w.calls.rename, name, w.path("f"))
    w.note("left", w.tree())


def directories(w):
    w.step("make", w.calls.mkdir, w.path("d"))
    w.step("again", w.calls.mkdir, w.path("d"))
    w.step("below a missing one", w.calls.mkdir, w.path("m/d"))
    w.put("f", b"x")
    w.step("below a file", w.calls.mkdir, w.path("f/d"))
    w.step("over a file", w.calls.mkdir, w.path("f"))
    w.step("nested", w.calls.mkdir, w.path("d/e"))
    w.note("links", w.calls.stat(w.path("d")).st_nlink)
    w.step("remove a full one", w.calls.rmdir, w.path("d"))
    w.step("unlink a directory", w.calls.unlink, w.path("d/e"))
    w.step("rmdir a file", w.calls.rmdir, w.path("f"))
    w.step("rmdir missing", w.calls.rmdir, w.path("m"))
    w.step("rmdir dot", w.calls.rmdir, w.path("d/."))
    w.step("rmdir dotdot", w.calls.rmdir, w.path("d/.."))
    w.step("unlink missing", w.calls.unlink, w.path("m"))
    w.step("unlink below a file", w.calls.unlink, w.path("f/x"))
    w.step("remove nested", w.calls.rmdir, w.path("d/e"))
    w.note("links then", w.calls.stat(w.path("d")).st_nlink)
    w.step("remove", w.calls.rmdir, w.path("d"))
    w.step("gone", w.calls.stat, w.path("d"))
    w.step("make it again", w.calls.mkdir, w.path("d"))
    w.note("left", w.tree())


def directory_removed_while_open(w):
    w.calls.mkdir(w.path("d"))
    fd = w.open("open", w.path("d"), os.O_RDONLY | os.O_DIRECTORY)
    w.step("remove", w.calls.rmdir, w.path("d"))
    w.note("links", w.calls.fstat(fd).st_nlink)
    w.step("list", os.listdir, fd)
    try:
        os.close(os.open("x", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
        w.note("create in it", "made")
    except OSError as failure:
        w.note("create in it", failure.errno)
    w.calls.close(fd)


SOURCES = ["missing", "file", "directory", "full", "symlink"]
TARGETS = ["nothing", "file", "directory", "full", "symlink", "itself", "inside"]


def _thing(w, path, kind):
    if kind == "file":
        fd = w.calls.open(path, os.O_WRONLY | os.O_CREAT, 0o640)
        w.calls.write(fd, b"content of " + os.path.basename(path).encode())
        w.calls.close(fd)
    elif kind in ("directory", "full"):
        w.calls.mkdir(path)
        if kind == "full":
            w.calls.mkdir(path + "/sub")
    elif kind == "symlink":
        w.calls.symlink("somewhere", path)


def rename_matrix(w):
    modes = {"replace": 0, "no replace": RENAME_NOREPLACE, "exchange": RENAME_EXCHANGE}
    for mode, flags in modes.items():
        for source in SOURCES:
            for target in TARGETS:
                label = f"{mode} {source} to {target}"
                folder = w.path(label)
                w.calls.mkdir(folder)
                a, b = folder + "/a", folder + "/b"
                _thing(w, a, source)
                _thing(w, b, target)
                b = a if target == "itself" else a + "/inside" if target == "inside" else b
                w.step(label, w.calls.rename, a, b, flags)
                w.note(label + " left", w.tree(folder))


def rename_between_directories(w):
    for d in ("x", "y", "x/deep", "y/deep"):
        w.calls.mkdir(w.path(d))
    w.put("x/deep/f", b"moves along")
    w.step("move a tree", w.calls.rename, w.path("x/deep"), w.path("y/moved"))
    w.note("links", (w.calls.stat(w.path("x")).st_nlink, w.calls.stat(w.path("y")).st_nlink))
    w.step("found there", w.get, "y/moved/f")
    w.step("parent into child", w.calls.rename, w.path("y"), w.path("y/moved/y"))
    w.step("child over parent", w.calls.rename, w.path("y/moved"), w.path("y"))
    w.step("over an empty one", w.calls.rename, w.path("y/moved"), w.path("y/deep"))
    w.step("exchange tree and file", w.calls.rename, w.path("y/deep/f"), w.path("x"), RENAME_EXCHANGE)
    w.step("exchange with own parent", w.calls.rename, w.path("y/deep"), w.path("y"), RENAME_EXCHANGE)
    w.step("both flags", w.calls.rename, w.path("x"), w.path("z"), RENAME_EXCHANGE | RENAME_NOREPLACE)
    w.step("unknown flag", w.calls.rename, w.path("x"), w.path("z"), 1 << 10)
    w.step("from dot", w.calls.rename, w.path("y/."), w.path("z"))
    w.step("to dotdot", w.calls.rename, w.path("x"), w.path("y/.."))
    w.step("with a slash", w.calls.rename, w.path("x") + "/", w.path("z"))
    w.note("left", w.tree())


def save_by_rename(w):
    for i in range(20):
        for size in (20, 2_000, 100_000):
            w.put(".f.tmp", bytes([i]) * size)
            w.calls.rename(w.path(".f.tmp"), w.path("f"))
            if w.get("f") != bytes([i]) * size:
                w.note(f"round {i}", "not what was saved")
    fd = w.open("by hand", w.path(".f.tmp"), os.O_WRONLY | os.O_CREAT)
    w.step("write", w.calls.write, fd, b"not closed yet" * 100)
    w.step("rename while open", w.calls.rename, w.path(".f.tmp"), w.path("f"))
    w.note("seen", hash(w.get("f")))
    w.step("write more", w.calls.write, fd, b"more")
    w.calls.close(fd)
    w.note("at last", hash(w.get("f")))
    w.note("left", w.tree())


def symlinks(w):
    w.put("f", b"target")
    for n, target in enumerate(["f", "/etc/hostname", "../up", "a" * 1000, "loop/x", " ", "\xff"]):
        w.step(f"make {n}", w.calls.symlink, target, w.path(f"s{n}"))
        w.step(f"read {n}", w.calls.readlink, w.path(f"s{n}"))
        w.note(f"described {n}", w.describe(w.path(f"s{n}")))
    w.step("over one", w.calls.symlink, "f", w.path("s0"))
    w.step("empty target", w.calls.symlink, "", w.path("e"))
    w.step("long target", w.calls.symlink, "a" * 4095, w.path("l"))
    w.step("too long target", w.calls.symlink, "a" * 4096, w.path("ll"))
    w.step("read a file as link", w.calls.readlink, w.path("f"))
    w.step("follow", w.get, "s0")
    w.step("remove", w.calls.unlink, w.path("s0"))
    w.step("target stays", w.get, "f")
    w.step("chmod through", w.calls.chmod, w.path("s0"), 0o600)


def special_nodes(w):
    w.step("regular", w.calls.mknod, w.path("regular"), 0o640 | stat.S_IFREG)
    w.step("regular again", w.calls.mknod, w.path("regular"), 0o640 | stat.S_IFREG)
    w.note("described", w.describe(w.path("regular")))
    w.step("fifo", w.calls.mknod, w.path("fifo"), 0o600 | stat.S_IFIFO)
    w.step("socket", w.calls.mknod, w.path("socket"), 0o600 | stat.S_IFSOCK)
    w.step("device", w.calls.mknod, w.path("device"), 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    w.note("left", sorted(w.calls.listdir(w.folder)))


def made_again(w):
    """The same path as file, directory, symlink and file again: nothing of the former may show."""
    for i in range(3):
        w.put("p", b"file %d" % i)
        w.step("file", w.get, "p")
        w.calls.setxattr(w.path("p"), "user.old", b"1")
        w.step("unlink", w.calls.unlink, w.path("p"))
        w.step("mkdir", w.calls.mkdir, w.path("p"))
        w.step("no attributes", w.calls.listxattr, w.path("p"))
        w.step("rmdir", w.calls.rmdir, w.path("p"))
        w.step("symlink", w.calls.symlink, "t", w.path("p"))
        w.step("readlink", w.calls.readlink, w.path("p"))
        w.step("unlink link", w.calls.unlink, w.path("p"))
        w.step("missing", w.calls.lstat, w.path("p"))


CASES = [odd_names, names_too_long, directories, directory_removed_while_open, rename_matrix,
         rename_between_directories, save_by_rename, symlinks, special_nodes, made_again]
