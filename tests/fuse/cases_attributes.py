"""Modes, owners, times and extended attributes."""
import errno
import os
import time

PAUSE = 0.012  # plain file systems stamp with a tick of up to 10 ms


def _times(w, path):
    s = w.calls.lstat(path)
    return s.st_mtime_ns, s.st_ctime_ns


def _moved(w, label, path, action):
    """Which of mtime and ctime the action moved forward."""
    before = _times(w, path)
    time.sleep(PAUSE)
    action()
    after = _times(w, path)
    w.note(label, tuple("moved" if b > a else "kept" if b == a else "back" for a, b in zip(before, after)))


def times_of_files(w):
    w.put("f", b"content")
    f = w.path("f")
    fd = w.open("open", f, os.O_RDWR)
    _moved(w, "write", f, lambda: w.calls.write(fd, b"x"))
    _moved(w, "write nothing", f, lambda: w.calls.write(fd, b""))
    _moved(w, "read", f, lambda: w.calls.read(fd, 3))
    _moved(w, "ftruncate", f, lambda: w.calls.ftruncate(fd, 3))
    _moved(w, "ftruncate to the same", f, lambda: w.calls.ftruncate(fd, 3))
    _moved(w, "fsync", f, lambda: w.calls.fsync(fd))
    _moved(w, "close", f, lambda: w.calls.close(fd))
    _moved(w, "chmod", f, lambda: w.calls.chmod(f, 0o600))
    _moved(w, "chown", f, lambda: w.calls.chown(f, 12, 34))
    _moved(w, "truncate", f, lambda: w.calls.truncate(f, 1))
    _moved(w, "truncate to the same", f, lambda: w.calls.truncate(f, 1))
    _moved(w, "setxattr", f, lambda: w.calls.setxattr(f, "user.a", b"1"))
    _moved(w, "removexattr", f, lambda: w.calls.removexattr(f, "user.a"))
    _moved(w, "rename", f, lambda: (w.calls.rename(f, f + "2"), w.calls.rename(f + "2", f)))
    _moved(w, "open to truncate", f, lambda: w.calls.close(w.calls.open(f, os.O_WRONLY | os.O_TRUNC)))
    _moved(w, "open to append", f, lambda: w.calls.close(w.calls.open(f, os.O_WRONLY | os.O_APPEND)))
    _moved(w, "stat", f, lambda: w.calls.stat(f))
    fd = w.open("keep", f, os.O_RDWR)
    w.calls.unlink(f)
    before = w.calls.fstat(fd).st_mtime_ns
    time.sleep(PAUSE)
    w.calls.write(fd, b"x")
    w.note("write to an unlinked one", w.calls.fstat(fd).st_mtime_ns > before)
    w.calls.close(fd)


def times_of_directories(w):
    d = w.path("d")
    w.calls.mkdir(d)
    w.calls.mkdir(w.path("other"))
    _moved(w, "create", d, lambda: w.put("d/f"))
    _moved(w, "write to a file", d, lambda: w.put("d/f", b"x"))
    _moved(w, "mkdir", d, lambda: w.calls.mkdir(d + "/sub"))
    _moved(w, "mkdir below", d, lambda: w.calls.mkdir(d + "/sub/sub"))
    _moved(w, "symlink", d, lambda: w.calls.symlink("x", d + "/s"))
    _moved(w, "rename within", d, lambda: w.calls.rename(d + "/f", d + "/g"))
    _moved(w, "rename away", d, lambda: w.calls.rename(d + "/g", w.path("other/g")))
    _moved(w, "rename into", d, lambda: w.calls.rename(w.path("other/g"), d + "/g"))
    _moved(w, "unlink", d, lambda: w.calls.unlink(d + "/g"))
    _moved(w, "rmdir", d, lambda: (w.calls.rmdir(d + "/sub/sub"), w.calls.rmdir(d + "/sub")))
    _moved(w, "list", d, lambda: w.calls.listdir(d))
    _moved(w, "chmod", d, lambda: w.calls.chmod(d, 0o700))


def setting_times(w):
    w.put("f", b"x")
    w.calls.mkdir(w.path("d"))
    w.calls.symlink("f", w.path("s"))
    for name in ("f", "d", "s"):
        for ns in (0, 1, 1_234_567_890_123_456_789, 86_400_000_000_000, 4_000_000_000_000_000_001):
            w.step(f"{name} to {ns}", w.calls.utime, w.path(name), ns=(ns, ns), follow_symlinks=False)
            w.note(f"{name} is {ns}", w.calls.lstat(w.path(name)).st_mtime_ns)
        before = time.time_ns() - 50_000_000
        w.step(f"{name} to now", w.calls.utime, w.path(name), follow_symlinks=False)
        w.note(f"{name} is now", w.calls.lstat(w.path(name)).st_mtime_ns >= before)
    w.step("missing", w.calls.utime, w.path("m"))


def times_while_writing(w):
    """cp -p and tar: write, set the time, close. The set time must stay."""
    for size in (10, 5000, 100_000):
        fd = w.open(f"{size} make", w.path(f"f{size}"), os.O_WRONLY | os.O_CREAT)
        w.calls.write(fd, b"x" * size)
        w.calls.fchmod(fd, 0o640)
        w.step(f"{size} set", w.calls.utime, fd, ns=(10**18, 10**18))
        w.note(f"{size} before close", w.calls.fstat(fd).st_mtime_ns)
        w.calls.close(fd)
        w.note(f"{size} after close", w.calls.stat(w.path(f"f{size}")).st_mtime_ns)
        time.sleep(0.02)
        w.note(f"{size} later", w.calls.stat(w.path(f"f{size}")).st_mtime_ns)
        w.put(f"g{size}", b"x" * size)
        w.step(f"{size} set after close", w.calls.utime, w.path(f"g{size}"), ns=(10**18, 10**18))
        w.note(f"{size} is", w.calls.stat(w.path(f"g{size}")).st_mtime_ns)


def atime(w):
    w.put("f", b"x")
    w.step("set", w.calls.utime, w.path("f"), ns=(10**18, 2 * 10**18))
    w.note("set to", w.calls.stat(w.path("f")).st_atime_ns // 10**9)


def modes(w):
    w.put("f")
    w.calls.mkdir(w.path("d"))
    for mode in (0, 0o1, 0o644, 0o777, 0o1777, 0o2755, 0o4711, 0o7777):
        for name in ("f", "d"):
            w.step(f"{name} {oct(mode)}", w.calls.chmod, w.path(name), mode)
            w.note(f"{name} is {oct(mode)}", oct(w.calls.stat(w.path(name)).st_mode))
    w.step("missing", w.calls.chmod, w.path("m"), 0o600)


def owners(w):
    w.put("f")
    w.calls.mkdir(w.path("d"))
    w.calls.symlink("f", w.path("s"))
    for uid, gid in ((0, 0), (1, 1), (65534, 65534), (12345, 54321), (-1, 7), (7, -1), (-1, -1), (4_000_000_000, 5)):
        for name in ("f", "d", "s"):
            w.step(f"{name} {uid}:{gid}", w.calls.lchown, w.path(name), uid, gid)
            s = w.calls.lstat(w.path(name))
            w.note(f"{name} has {uid}:{gid}", (s.st_uid, s.st_gid))
    for mode in (0o6755, 0o6644, 0o4711):
        w.calls.chmod(w.path("f"), mode)
        w.step(f"chown of {oct(mode)}", w.calls.chown, w.path("f"), 3, 3)
        w.note(f"chown leaves {oct(mode)}", oct(w.calls.stat(w.path("f")).st_mode))


def set_group_directories(w):
    w.calls.mkdir(w.path("d"))
    w.calls.chown(w.path("d"), 0, 77)
    w.calls.chmod(w.path("d"), 0o2775)
    w.put("d/f")
    w.calls.mkdir(w.path("d/sub"))
    w.calls.symlink("x", w.path("d/s"))
    for name in ("d/f", "d/sub", "d/s"):
        w.note(name, w.describe(w.path(name)))
    w.calls.mkdir(w.path("d/sub/sub"))
    w.note("below", w.describe(w.path("d/sub/sub")))


def xattrs(w):
    w.put("f")
    w.calls.mkdir(w.path("d"))
    for name in ("f", "d"):
        p = w.path(name)
        w.step(f"{name} none", w.calls.getxattr, p, "user.a")
        w.step(f"{name} list none", w.calls.listxattr, p)
        w.step(f"{name} set", w.calls.setxattr, p, "user.a", b"one")
        w.step(f"{name} get", w.calls.getxattr, p, "user.a")
        w.step(f"{name} create", w.calls.setxattr, p, "user.a", b"two", os.XATTR_CREATE)
        w.step(f"{name} replace", w.calls.setxattr, p, "user.a", b"three", os.XATTR_REPLACE)
        w.step(f"{name} replace none", w.calls.setxattr, p, "user.b", b"x", os.XATTR_REPLACE)
        w.step(f"{name} empty", w.calls.setxattr, p, "user.empty", b"")
        w.step(f"{name} get empty", w.calls.getxattr, p, "user.empty")
        w.step(f"{name} binary", w.calls.setxattr, p, "user.binary", bytes(range(256)))
        w.step(f"{name} get binary", w.calls.getxattr, p, "user.binary")
        w.note(f"{name} list", sorted(w.calls.listxattr(p)))
        w.step(f"{name} remove", w.calls.removexattr, p, "user.a")
        w.step(f"{name} remove again", w.calls.removexattr, p, "user.a")
        w.note(f"{name} list then", sorted(w.calls.listxattr(p)))
    w.calls.rename(w.path("f"), w.path("g"))
    w.step("after rename", w.calls.getxattr, w.path("g"), "user.binary")
    w.put("g", b"new content")
    w.step("after writing", w.calls.getxattr, w.path("g"), "user.binary")
    w.calls.symlink("g", w.path("s"))
    w.step("on a symlink", w.calls.setxattr, w.path("s"), "user.a", b"x", follow_symlinks=False)
    w.step("missing", w.calls.getxattr, w.path("m"), "user.a")


def xattr_classes(w):
    w.put("f")
    w.step("unknown class", w.calls.setxattr, w.path("f"), "colour.a", b"x")
    w.step("no class", w.calls.setxattr, w.path("f"), "a", b"x")
    w.step("trusted", w.calls.setxattr, w.path("f"), "trusted.a", b"x")
    w.step("security", w.calls.setxattr, w.path("f"), "security.a", b"x")
    w.step("acl", w.calls.getxattr, w.path("f"), "system.posix_acl_nonsense")
    w.step("capability", w.calls.getxattr, w.path("f"), "security.capability")


def xattr_limits(w):
    w.put("f")
    w.step("long name", w.calls.setxattr, w.path("f"), "user." + "n" * 250, b"x")
    w.step("too long name", w.calls.setxattr, w.path("f"), "user." + "n" * 251, b"x")
    w.step("2000 bytes", w.calls.setxattr, w.path("f"), "user.v", b"v" * 2000)
    w.step("get", lambda: len(w.calls.getxattr(w.path("f"), "user.v")))
    w.step("too many", w.calls.setxattr, w.path("f"), "user.x", b"v" * 70_000)
    w.note("errno of too many", errno.E2BIG)


def whole_file_system(w):
    s = w.calls.statvfs(w.folder)
    w.note("names", s.f_namemax)
    w.note("sane", s.f_bsize > 0 and s.f_blocks >= s.f_bfree >= 0 and s.f_bavail > 0)


def stat_agrees(w):
    w.put("f", b"x" * 5000)
    fd = w.open("open", w.path("f"), os.O_RDONLY)
    a, b, c = w.calls.stat(w.path("f")), w.calls.lstat(w.path("f")), w.calls.fstat(fd)
    w.note("same", a == b == c)
    w.note("blocks", a.st_blocks * 512 >= 5000)
    w.calls.close(fd)
    w.note("same device", a.st_dev == w.calls.stat(w.folder).st_dev)


CASES = [times_of_files, times_of_directories, setting_times, times_while_writing, atime, modes, owners,
         set_group_directories, xattrs, xattr_classes, xattr_limits, whole_file_system, stat_agrees]
