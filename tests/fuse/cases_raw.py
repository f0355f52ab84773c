"""Sizes and flags that Python's own calls hide: extended attributes into small buffers, nameless files, pipes by anybody."""
import ctypes
import os
import stat

_libc = ctypes.CDLL(None, use_errno=True)
O_TMPFILE = 0o20000000 | os.O_DIRECTORY


def _checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _get(path, name, room):
    buffer = ctypes.create_string_buffer(max(room, 1))
    size = _checked(_libc.getxattr(os.fsencode(path), name, buffer, room))
    return size, buffer.raw[:min(size, room)]


def _list(path, room):
    buffer = ctypes.create_string_buffer(max(room, 1))
    size = _checked(_libc.listxattr(os.fsencode(path), buffer, room))
    return size, sorted(buffer.raw[:min(size, room)].split(b"\0"))


def _set(path, name, value, flags=0):
    _checked(_libc.setxattr(os.fsencode(path), name, value, ctypes.c_size_t(len(value)), flags))


def xattr_sizes(w):
    w.put("f")
    w.calls.mkdir(w.path("d"))
    for name in ("f", "d"):
        p = w.path(name)
        w.step(f"{name} list nothing", _list, p, 0)
        w.step(f"{name} list nothing into a buffer", _list, p, 10)
        for n, value in enumerate((b"", b"1", b"x" * 64, b"\0" * 7, b"y" * 1000)):
            w.step(f"{name} set {n}", _set, p, b"user.%d" % n, value)
            for room in (0, 1, len(value) - 1, len(value), len(value) + 1, 4096):
                if room >= 0:
                    w.step(f"{name} get {n} into {room}", _get, p, b"user.%d" % n, room)
        for room in (0, 1, 34, 35, 36, 4096):
            w.step(f"{name} list into {room}", _list, p, room)
        w.step(f"{name} both flags", _set, p, b"user.new", b"1", os.XATTR_CREATE | os.XATTR_REPLACE)
        w.step(f"{name} unknown flag", _set, p, b"user.new", b"1", 8)
        w.step(f"{name} no name", _set, p, b"user.", b"1")
        w.step(f"{name} nothing at all", _set, p, b"", b"1")
        w.step(f"{name} get nothing", _get, p, b"", 10)
        w.step(f"{name} other bytes", _set, p, b"user.\xff\x01 =\n", b"1")
        w.step(f"{name} other bytes are", _get, p, b"user.\xff\x01 =\n", 10)
        w.step(f"{name} case", _get, p, b"user.A", 10)


def xattrs_on_symlinks(w):
    w.calls.symlink("nowhere", w.path("s"))
    for name in ("user.a", "trusted.a"):
        w.step(f"set {name}", w.calls.setxattr, w.path("s"), name, b"1", follow_symlinks=False)
        w.step(f"remove {name}", w.calls.removexattr, w.path("s"), name, follow_symlinks=False)
    w.step("list", w.calls.listxattr, w.path("s"), follow_symlinks=False)
    w.step("get", w.calls.getxattr, w.path("s"), "user.a", follow_symlinks=False)
    w.step("through it", w.calls.setxattr, w.path("s"), "user.a", b"1")


def nameless_files(w):
    fd = w.open("open", w.folder, O_TMPFILE | os.O_RDWR)
    if fd is not None:
        w.calls.close(fd)
    w.open("reading only", w.folder, O_TMPFILE | os.O_RDONLY)
    w.note("left", w.calls.listdir(w.folder))


def special_nodes_by_users(w):
    w.calls.chmod(w.folder, 0o777)

    def user():
        for label, kind in (("fifo", stat.S_IFIFO), ("socket", stat.S_IFSOCK)):
            w.step(label, w.calls.mknod, w.path(label), 0o666 | kind)
        w.step("character device", w.calls.mknod, w.path("c"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        w.step("block device", w.calls.mknod, w.path("b"), 0o666 | stat.S_IFBLK, os.makedev(7, 0))
        w.step("regular", w.calls.mknod, w.path("r"), 0o666 | stat.S_IFREG)
    w.as_user(12001, 12001, user)
    w.step("over a name", w.calls.mknod, w.path("r"), 0o666 | stat.S_IFIFO)
    w.step("below nothing", w.calls.mknod, w.path("m/p"), 0o666 | stat.S_IFIFO)
    w.note("left", sorted(w.calls.listdir(w.folder)))


CASES = [xattr_sizes, xattrs_on_symlinks, nameless_files, special_nodes_by_users]
