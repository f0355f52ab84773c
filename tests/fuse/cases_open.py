"""open(2): what exists against which flags, and what a descriptor may do then."""
import os

O = os
KINDS = ["missing", "file", "empty", "directory", "to_file", "dangling", "to_directory", "loop", "below_file"]
FLAGS = {
    "r": O.O_RDONLY, "w": O.O_WRONLY, "rw": O.O_RDWR, "w append": O.O_WRONLY | O.O_APPEND,
    "w trunc": O.O_WRONLY | O.O_TRUNC, "r trunc": O.O_RDONLY | O.O_TRUNC, "creat": O.O_WRONLY | O.O_CREAT,
    "r creat": O.O_RDONLY | O.O_CREAT, "creat excl": O.O_RDWR | O.O_CREAT | O.O_EXCL,
    "creat trunc": O.O_WRONLY | O.O_CREAT | O.O_TRUNC, "directory": O.O_RDONLY | O.O_DIRECTORY,
    "nofollow": O.O_RDONLY | O.O_NOFOLLOW, "creat nofollow": O.O_WRONLY | O.O_CREAT | O.O_NOFOLLOW,
    "path": O.O_PATH, "path nofollow": O.O_PATH | O.O_NOFOLLOW, "direct": O.O_RDONLY | O.O_DIRECT,
    "sync": O.O_WRONLY | O.O_SYNC, "noatime": O.O_RDONLY | O.O_NOATIME,
}


def _prepare(w, folder):
    w.calls.mkdir(folder)
    base = os.path.basename(folder)
    w.put(f"{base}/file", b"0123456789")
    w.put(f"{base}/empty")
    w.calls.mkdir(os.path.join(folder, "directory"))
    w.calls.symlink("file", os.path.join(folder, "to_file"))
    w.calls.symlink("nowhere", os.path.join(folder, "dangling"))
    w.calls.symlink("directory", os.path.join(folder, "to_directory"))
    w.calls.symlink("loop", os.path.join(folder, "loop"))


def flags_matrix(w):
    for n, (flag_name, flags) in enumerate(FLAGS.items()):
        if flag_name == "direct":
            continue  # not every plain file system has it
        folder = w.path(f"m{n}")
        _prepare(w, folder)
        for kind in KINDS:
            path = os.path.join(folder, "file/x" if kind == "below_file" else kind)
            fd = w.open(f"{flag_name} {kind}", path, flags)
            if fd is not None:
                w.calls.close(fd)
        w.note(f"{flag_name} left", w.tree(folder))


def wrong_direction(w):
    w.put("f", b"abc")
    fd = w.open("read only", w.path("f"), os.O_RDONLY)
    w.step("write to it", w.calls.write, fd, b"x")
    w.step("cut it", w.calls.ftruncate, fd, 1)
    w.calls.close(fd)
    fd = w.open("write only", w.path("f"), os.O_WRONLY)
    w.step("read from it", w.calls.read, fd, 3)
    w.calls.close(fd)
    fd = w.open("path only", w.path("f"), os.O_PATH)
    w.step("read from a path", w.calls.read, fd, 3)
    w.step("stat of a path", w.calls.fstat, fd)
    w.calls.close(fd)


def created_mode(w):
    for mode in (0o000, 0o400, 0o644, 0o777, 0o1666, 0o4755, 0o2755, 0o6777):
        fd = w.open(f"create {oct(mode)}", w.path(oct(mode)), os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        w.step("write", w.calls.write, fd, b"though the mode forbids it later")
        w.calls.close(fd)
        w.note(f"is {oct(mode)}", w.describe(w.path(oct(mode))))
    old = os.umask(0o077)
    fd = w.open("umask", w.path("masked"), os.O_RDWR | os.O_CREAT, 0o666)
    w.calls.close(fd)
    os.umask(old)
    w.note("masked", w.describe(w.path("masked")))


def truncated_on_open(w):
    w.put("f", b"x" * 100_000)
    keep = w.open("reader", w.path("f"), os.O_RDONLY)
    w.step("before", w.calls.pread, keep, 3, 50_000)
    fd = w.open("cut", w.path("f"), os.O_WRONLY | os.O_TRUNC)
    w.step("the reader sees the end", w.calls.pread, keep, 3, 50_000)
    w.note("size", w.calls.fstat(keep).st_size)
    w.step("write", w.calls.write, fd, b"new")
    w.step("the reader sees it", w.calls.pread, keep, 10, 0)
    w.calls.close(fd)
    w.step("and after close", w.calls.pread, keep, 10, 0)
    w.calls.close(keep)
    w.step("all", w.get, "f")


def unlinked_but_open(w):
    for size in (5, 3000, 200_000):
        name = f"f{size}"
        w.put(name, b"o" * size)
        fd = w.open(f"{size} open", w.path(name), os.O_RDWR)
        w.step(f"{size} unlink", w.calls.unlink, w.path(name))
        w.step(f"{size} gone", w.calls.stat, w.path(name))
        w.note(f"{size} links", w.calls.fstat(fd).st_nlink)
        w.step(f"{size} read", w.calls.pread, fd, 10, 0)
        w.step(f"{size} write", w.calls.pwrite, fd, b"NEW", 2)
        w.step(f"{size} read again", w.calls.pread, fd, 10, 0)
        w.step(f"{size} cut", w.calls.ftruncate, fd, 4)
        w.note(f"{size} size", w.calls.fstat(fd).st_size)
        w.step(f"{size} chmod", w.calls.fchmod, fd, 0o600)
        w.note(f"{size} mode", oct(w.calls.fstat(fd).st_mode))
        w.step(f"{size} fsync", w.calls.fsync, fd)
        w.put(name, b"another")
        w.step(f"{size} still old", w.calls.pread, fd, 10, 0)
        w.step(f"{size} new one", w.get, name)
        w.calls.close(fd)
        w.step(f"{size} new one stays", w.get, name)


def never_linked_again(w):
    """A file made, unlinked before its first close, and made again under the same name."""
    fd = w.open("make", w.path("t"), os.O_RDWR | os.O_CREAT)
    w.step("write", w.calls.write, fd, b"temporary")
    w.step("unlink", w.calls.unlink, w.path("t"))
    w.step("read", w.calls.pread, fd, 20, 0)
    w.note("left", w.calls.listdir(w.folder))
    w.calls.close(fd)
    w.note("left after close", w.calls.listdir(w.folder))
    other = w.open("again", w.path("t"), os.O_RDWR | os.O_CREAT | os.O_EXCL)
    w.calls.close(other)
    w.step("empty", w.get, "t")


def replaced_while_open(w):
    w.put("target", b"old target")
    w.put("new", b"new bytes")
    fd = w.open("old", w.path("target"), os.O_RDONLY)
    moved = w.open("moved", w.path("new"), os.O_RDWR)
    w.step("rename", w.calls.rename, w.path("new"), w.path("target"))
    w.step("old handle", w.calls.pread, fd, 20, 0)
    w.note("old links", w.calls.fstat(fd).st_nlink)
    w.step("moved handle", w.calls.pread, moved, 20, 0)
    w.note("same file", w.calls.fstat(moved).st_ino == w.calls.stat(w.path("target")).st_ino)
    w.step("write through it", w.calls.pwrite, moved, b"NEW", 0)
    w.step("by name", w.get, "target")
    w.calls.close(moved)
    w.calls.close(fd)
    w.step("after closing", w.get, "target")
    w.note("left", w.tree())


CASES = [flags_matrix, wrong_direction, created_mode, truncated_on_open, unlinked_but_open, never_linked_again,
         replaced_while_open]
