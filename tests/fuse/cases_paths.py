"""Every call that takes a path against every way in which a path can be wrong; and who may do what, by matrix."""
import ctypes
import os
import stat
import time

from cases_attributes import PAUSE
from calls import RENAME_EXCHANGE, RENAME_NOREPLACE

_libc = ctypes.CDLL(None, use_errno=True)
UTIME_NOW, UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2


def _raw(function, *arguments):
    """A call of libc by itself, for arguments that Python would refuse."""
    if function(*arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class _Timespec(ctypes.Structure):
    _fields_ = [("s", ctypes.c_long), ("ns", ctypes.c_long)]


def utimensat(path, atime, mtime, flags=0):
    both = (_Timespec * 2)(_Timespec(*atime), _Timespec(*mtime))
    _raw(_libc.utimensat, -100, os.fsencode(path), both, flags)


def _times_asked_anew(path):
    """mtime and ctime from the file system itself, not from what the kernel remembers (AT_STATX_FORCE_SYNC)."""
    out = (ctypes.c_longlong * 32)()
    _raw(_libc.statx, -100, os.fsencode(path), 0x2000, 0x7FF, out)
    nanoseconds = [(out[at] * 10**9) + (out[at + 1] & 0xFFFFFFFF) for at in (14, 12)]  # words of stx_mtime, stx_ctime
    return tuple(nanoseconds)


def _make(w, path):
    w.calls.close(w.calls.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def _operations(w):
    """name: call with one path. Each leaves nothing behind if it fails."""
    return {
        "open": lambda p: w.calls.close(w.calls.open(p, os.O_RDONLY)),
        "create": lambda p: _make(w, p),
        "exclusive": lambda p: w.calls.close(w.calls.open(p, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)),
        "nofollow": lambda p: w.calls.close(w.calls.open(p, os.O_RDONLY | os.O_NOFOLLOW)),
        "directory": lambda p: w.calls.close(w.calls.open(p, os.O_RDONLY | os.O_DIRECTORY)),
        "stat": lambda p: stat.S_IFMT(w.calls.stat(p).st_mode),
        "lstat": lambda p: stat.S_IFMT(w.calls.lstat(p).st_mode),
        "chmod": lambda p: w.calls.chmod(p, 0o755),
        "chown": lambda p: w.calls.chown(p, 0, 0),
        "lchown": lambda p: w.calls.lchown(p, 0, 0),
        "truncate": lambda p: w.calls.truncate(p, 2),
        "utime": lambda p: w.calls.utime(p),
        "access": lambda p: w.calls.access(p, os.R_OK),
        "readlink": lambda p: w.calls.readlink(p),
        "list": lambda p: sorted(w.calls.listdir(p)),
        "mkdir": lambda p: w.calls.mkdir(p),
        "rmdir": lambda p: w.calls.rmdir(p),
        "unlink": lambda p: w.calls.unlink(p),
        "symlink": lambda p: w.calls.symlink("x", p),
        "mknod": lambda p: w.calls.mknod(p, 0o600 | stat.S_IFREG),
        "link from": lambda p: w.calls.link(p, w.path("made")),
        "link to": lambda p: w.calls.link(w.path("plain"), p),
        "rename from": lambda p: w.calls.rename(p, w.path("made")),
        "rename to": lambda p: w.calls.rename(w.path("spare"), p),
        "getxattr": lambda p: w.calls.getxattr(p, "user.none"),
        "setxattr": lambda p: w.calls.setxattr(p, "user.a", b"1"),
        "chdir": lambda p: _chdir(p),
    }


def _chdir(path):
    here = os.getcwd()
    os.chdir(path)
    os.chdir(here)


def _reset(w):
    """The same small world for each call: whatever the call before did is undone."""
    for name in ("made", "spare", "plain", "full", "empty", "link", "dangling", "loop1", "loop2", "below"):
        path = w.path(name)
        if os.path.isdir(path) and not os.path.islink(path):
            for inner in os.listdir(path):
                os.rmdir(os.path.join(path, inner)) if os.path.isdir(os.path.join(path, inner)) else os.unlink(
                    os.path.join(path, inner))
            os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)
    for name in ("plain", "spare"):
        w.put(name, b"four")
    for name in ("full", "empty", "below"):
        w.calls.mkdir(w.path(name))
    w.put("full/inside", b"x")
    w.calls.symlink("plain", w.path("link"))
    w.calls.symlink("nowhere", w.path("dangling"))
    w.calls.symlink("loop2", w.path("loop1"))
    w.calls.symlink("loop1", w.path("loop2"))


def wrong_paths(w):
    paths = {
        "": "", "missing": w.path("missing"), "below missing": w.path("missing/x"), "below a file": w.path("plain/x"),
        "file/": w.path("plain") + "/", "file/.": w.path("plain/."), "dir/": w.path("empty") + "/", "dir/.": w.path("empty/."),
        "dir/..": w.path("empty/.."), "full": w.path("full"), "empty": w.path("empty"), "link": w.path("link"),
        "link/": w.path("link") + "/", "dangling": w.path("dangling"), "dangling/": w.path("dangling") + "/",
        "loop": w.path("loop1"), "below a loop": w.path("loop1/x"), "name of 255": w.path("below", "n" * 255),
        "name of 256": w.path("below", "n" * 256), "long below": w.path("n" * 256, "x"), "file": w.path("plain"),
    }
    for what, path in paths.items():
        for name, call in _operations(w).items():
            _reset(w)
            w.step(f"{name} {what}", call, path)
    _reset(w)
    w.note("left", w.tree())


def path_lengths(w):
    """4,095 bytes and a NUL are a path, one more is not."""
    deep = w.folder
    while len(deep) + 201 < 4000:
        deep = os.path.join(deep, "d" * 200)
        w.calls.mkdir(deep)
    for length in (4094, 4095, 4096, 5000):
        name = deep + "/" + "f" * (length - len(deep) - 1)
        for label, call in (("create", lambda p: _make(w, p)), ("stat", lambda p: w.calls.stat(p).st_size),
                            ("link", lambda p: w.calls.link(p, w.path(f"link{length}"))),
                            ("rename", lambda p: w.calls.rename(p, w.path(f"made{length}"))),
                            ("symlink", lambda p: w.calls.symlink(p, w.path(f"s{length}"))),
                            ("mkdir", lambda p: w.calls.mkdir(p))):
            w.step(f"{label} {length}", call, name)
    w.note("left", [n for n in sorted(w.calls.listdir(w.folder)) if not n.startswith("d")])


def every_byte(w):
    """Each byte but '/' and NUL as a name, and in one; case and the two Unicode forms stay as they were written."""
    folder = os.fsencode(w.folder)
    for byte in range(1, 256):
        if byte == 0x2F:
            continue
        name = bytes([byte])
        if name != b".":
            w.step(f"make {byte}", lambda: _make(w, os.path.join(folder, name)))
        w.step(f"make in {byte}", lambda: w.calls.mkdir(os.path.join(folder, b"a" + name + b"z")))
    w.note("listed", sorted(w.calls.listdir(folder)))
    for name in ("Name", "name", "NAME", "\u00e9t\u00e9", "e\u0301te\u0301", "\u212b", "\u00c5", "A\u030a", "\ufb01", "fi"):
        w.step(f"exclusive {name!a}", lambda: w.calls.close(
            w.calls.open(w.path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)))
    w.note("all there", sorted(w.calls.listdir(w.folder)))


def bad_pointers(w):
    w.put("f", b"x" * 100)
    bad = ctypes.c_void_p(1)
    path = os.fsencode(w.path("f"))
    fd = w.calls.open(w.path("f"), os.O_RDWR)
    big = ctypes.c_longlong
    for label, call in (("open", lambda: _raw(_libc.open, bad, 0)), ("mkdir", lambda: _raw(_libc.mkdir, bad, 0o700)),
                        ("unlink", lambda: _raw(_libc.unlink, bad)), ("rename", lambda: _raw(_libc.rename, path, bad)),
                        ("link", lambda: _raw(_libc.link, path, bad)), ("chmod", lambda: _raw(_libc.chmod, bad, 0)),
                        ("symlink", lambda: _raw(_libc.symlink, bad, path)),
                        ("truncate", lambda: _raw(_libc.truncate, bad, big(1))),
                        ("read", lambda: _raw(_libc.read, fd, bad, 10)),
                        ("write", lambda: _raw(_libc.write, fd, bad, 10)),
                        ("readlink", lambda: _raw(_libc.readlink, bad, bad, 10)),
                        ("getxattr", lambda: _raw(_libc.getxattr, path, bad, None, 0)),
                        ("utimensat", lambda: _raw(_libc.utimensat, -100, path, bad, 0))):
        w.step(label, call)
    w.calls.close(fd)
    w.note("unharmed", w.get("f"))


def utimes(w):
    w.put("f", b"x")
    w.calls.symlink("f", w.path("s"))
    f = w.path("f")
    fixed = (10**9, 123456789)
    kinds = {"now": (0, UTIME_NOW), "omit": (0, UTIME_OMIT), "fixed": fixed, "bad": (0, 10**9), "negative": (-5, 0)}
    for atime in kinds:
        for mtime in kinds:
            w.calls.utime(f, ns=(10**17, 10**17))
            before = time.time_ns() - 50_000_000
            w.step(f"{atime} {mtime}", utimensat, f, kinds[atime], kinds[mtime])
            m = w.calls.stat(f).st_mtime_ns
            w.note(f"{atime} {mtime} is", "now" if m >= before else m)
    w.step("of a symlink", utimensat, w.path("s"), fixed, fixed, 0x100)
    w.note("symlink", w.calls.lstat(w.path("s")).st_mtime_ns)
    w.note("not its target", w.calls.stat(f).st_mtime_ns != w.calls.lstat(w.path("s")).st_mtime_ns)

    def user():
        for label, times in (("now", ((0, UTIME_NOW), (0, UTIME_NOW))), ("omit", ((0, UTIME_OMIT), (0, UTIME_OMIT))),
                             ("half", ((0, UTIME_NOW), (0, UTIME_OMIT))), ("fixed", (fixed, fixed))):
            w.step(f"{label} by uid {os.getuid()}", utimensat, f, *times)
    for mode in (0o666, 0o644, 0o600):
        w.calls.chmod(f, mode)
        w.calls.chown(f, 12001, 12001)
        w.note("mode", oct(mode))
        w.as_user(12001, 12001, user)
        w.as_user(12002, 12002, user)


WHO = {"owner": (12001, 12001, ()), "group": (12002, 12001, ()), "supplementary": (12003, 12003, (12001,)),
       "other": (12004, 12004, ())}


def who_may_use_files(w):
    for mode in (0o000, 0o400, 0o040, 0o004, 0o200, 0o020, 0o002, 0o100, 0o010, 0o001, 0o070, 0o007, 0o707):
        name = f"f{mode:03o}"
        w.put(name, b"text")
        w.calls.chown(w.path(name), 12001, 12001)
        w.calls.chmod(w.path(name), mode)
        for who, (uid, gid, groups) in WHO.items():
            def body():
                for label, flags in (("r", os.O_RDONLY), ("w", os.O_WRONLY), ("rw", os.O_RDWR)):
                    w.step(f"{name} {who} {label}", lambda: w.calls.close(w.calls.open(w.path(name), flags)))
                w.step(f"{name} {who} x", w.calls.access, w.path(name), os.X_OK)
            w.as_user(uid, gid, body, groups)


def who_may_use_directories(w):
    for mode in (0o700, 0o070, 0o007, 0o770, 0o500, 0o050, 0o005, 0o300, 0o030, 0o003, 0o100, 0o010, 0o001, 0o1777, 0o1070):
        for who, (uid, gid, groups) in WHO.items():
            d = f"d{mode:04o}-{who}"
            w.calls.mkdir(w.path(d))
            w.put(f"{d}/f", b"x")
            w.put(f"{d}/g", b"x")
            w.calls.mkdir(w.path(d, "sub"))
            w.calls.chown(w.path(d), 12001, 12001)
            w.calls.chmod(w.path(d), mode)

            def body():
                w.step(f"{d} list", lambda: len(w.calls.listdir(w.path(d))))
                w.step(f"{d} stat", lambda: w.calls.stat(w.path(d, "f")).st_size)
                w.step(f"{d} create", lambda: _make(w, w.path(d, "new")))
                w.step(f"{d} mkdir", w.calls.mkdir, w.path(d, "newdir"))
                w.step(f"{d} symlink", w.calls.symlink, "x", w.path(d, "s"))
                w.step(f"{d} link", w.calls.link, w.path(d, "new"), w.path(d, "new2"))
                w.step(f"{d} rename", w.calls.rename, w.path(d, "f"), w.path(d, "f2"))
                w.step(f"{d} replace", w.calls.rename, w.path(d, "new"), w.path(d, "g"))
                w.step(f"{d} exchange", w.calls.rename, w.path(d, "g"), w.path(d, "sub"), RENAME_EXCHANGE)
                w.step(f"{d} no replace", w.calls.rename, w.path(d, "g"), w.path(d, "h"), RENAME_NOREPLACE)
                w.step(f"{d} unlink", w.calls.unlink, w.path(d, "g"))
                w.step(f"{d} rmdir", w.calls.rmdir, w.path(d, "sub"))
            w.as_user(uid, gid, body, groups)
            w.note(f"{d} left", [(n, *w.describe(w.path(d, n))[1:4]) for n in sorted(w.calls.listdir(w.path(d)))])


def who_may_change_attributes(w):
    for who, (uid, gid, groups) in WHO.items():
        for kind in ("file", "directory"):
            name = f"{kind}-{who}"
            w.put(name, b"x") if kind == "file" else w.calls.mkdir(w.path(name))
            w.calls.chown(w.path(name), 12001, 12001)
            w.calls.chmod(w.path(name), 0o666 if kind == "file" else 0o777)

            def body():
                for mode in (0o640, 0o1777, 0o2755, 0o4755, 0o666):
                    w.step(f"{name} chmod {mode:o}", w.calls.chmod, w.path(name), mode)
                    w.note(f"{name} is {mode:o}", oct(w.calls.stat(w.path(name)).st_mode))
                for u, g in ((-1, -1), (uid, -1), (-1, gid), (12004, -1), (-1, 12001), (-1, 12777), (uid, gid)):
                    w.step(f"{name} chown {u}:{g}", w.calls.chown, w.path(name), u, g)
                w.step(f"{name} utime", w.calls.utime, w.path(name), ns=(1, 1))
                w.step(f"{name} setxattr", w.calls.setxattr, w.path(name), "user.a", b"1")
                w.step(f"{name} removexattr", w.calls.removexattr, w.path(name), "user.a")
            w.as_user(uid, gid, body, groups)
            w.note(f"{name} is now", w.describe(w.path(name)))


def set_group_for_strangers(w):
    """chmod g+s by an owner who is not in the file's group; files made in somebody's setgid directory."""
    w.put("f", b"x")
    w.calls.chown(w.path("f"), 12001, 12777)
    w.calls.mkdir(w.path("d"))
    w.calls.chown(w.path("d"), 0, 12777)
    w.calls.chmod(w.path("d"), 0o2777)

    def body():
        w.step("chmod", w.calls.chmod, w.path("f"), 0o2755)
        for mode in (0o2755, 0o2700, 0o2010, 0o6777, 0o755):
            w.step(f"create {mode:o}", lambda: w.calls.close(
                w.calls.open(w.path("d", f"f{mode:o}"), os.O_WRONLY | os.O_CREAT, mode)))
            w.step(f"mkdir {mode:o}", w.calls.mkdir, w.path("d", f"d{mode:o}"), mode)
            w.step(f"mknod {mode:o}", w.calls.mknod, w.path("d", f"n{mode:o}"), mode | stat.S_IFREG)
    w.as_user(12001, 12001, body)
    w.as_user(12002, 12002, lambda: w.step("chmod by a member", w.calls.chmod, w.path("d/f2755"), 0o2755), (12777,))
    w.note("f", w.describe(w.path("f")))
    w.note("made", [(n, w.describe(w.path("d", n))) for n in sorted(w.calls.listdir(w.path("d")))])


def masks(w):
    for mask in (0o000, 0o022, 0o077, 0o777, 0o123):
        before = os.umask(mask)
        try:
            w.calls.close(w.calls.open(w.path(f"f{mask:o}"), os.O_WRONLY | os.O_CREAT, 0o7777))
            w.calls.mkdir(w.path(f"d{mask:o}"), 0o7777)
            w.calls.mknod(w.path(f"n{mask:o}"), 0o7777 | stat.S_IFREG)
            w.calls.symlink("x", w.path(f"s{mask:o}"))
        finally:
            os.umask(before)
        w.note(f"{mask:o}", [oct(w.calls.lstat(w.path(f"{k}{mask:o}")).st_mode) for k in "fdns"])


def sizes(w):
    w.put("f", b"x" * 1000)
    w.calls.mkdir(w.path("d"))
    fd = w.calls.open(w.path("f"), os.O_RDWR)
    reader = w.calls.open(w.path("f"), os.O_RDONLY)
    big = ctypes.c_longlong
    for size in (0, 1, 999, 1000, 1001, 70_000, 5):
        w.step(f"ftruncate {size}", w.calls.ftruncate, fd, size)
        w.note(f"size {size}", (w.calls.fstat(fd).st_size, w.calls.stat(w.path("f")).st_size))
    w.step("negative", lambda: _raw(_libc.truncate, os.fsencode(w.path("f")), big(-1)))
    w.step("fd negative", lambda: _raw(_libc.ftruncate, fd, big(-1)))
    w.step("of a reader", w.calls.ftruncate, reader, 1)
    w.step("of a directory", w.calls.truncate, w.path("d"), 0)
    w.step("far beyond", w.calls.pread, fd, 10, 10**12)
    w.step("no length", w.calls.posix_fallocate, fd, 0, 0)
    w.step("of a reader, allocated", w.calls.posix_fallocate, reader, 0, 10)
    w.step("grows", w.calls.posix_fallocate, fd, 100, 100)
    w.note("allocated", (w.calls.fstat(fd).st_size, w.calls.pread(fd, 300, 0)))
    w.calls.close(fd)
    w.calls.close(reader)


def running_programs(w):
    """A program that runs can't be written to; one that is being written to doesn't start. Scripts may."""
    import shutil
    import subprocess
    shutil.copy("/bin/sleep", w.path("sleep"))
    w.calls.chmod(w.path("sleep"), 0o755)
    running = subprocess.Popen([w.path("sleep"), "5"])
    time.sleep(0.05)
    w.step("write while it runs", lambda: w.calls.close(w.calls.open(w.path("sleep"), os.O_WRONLY)))
    w.step("replace while it runs", lambda: (shutil.copy("/bin/true", w.path("new")),
                                             w.calls.rename(w.path("new"), w.path("sleep")))[1])
    w.note("it still runs", running.poll())
    running.kill()
    running.wait()
    w.calls.chmod(w.path("sleep"), 0o755)
    w.step("the new one runs", lambda: subprocess.run([w.path("sleep")], check=False).returncode)
    fd = w.calls.open(w.path("sleep"), os.O_WRONLY)
    w.step("start while it is written", lambda: subprocess.run([w.path("sleep")], check=False).returncode)
    w.calls.close(fd)
    w.calls.chmod(w.path("sleep"), 0o644)
    w.step("start without the bit", lambda: subprocess.run([w.path("sleep")], check=False).returncode)


def ctimes(w):
    """Failed calls move no time; successful ones of another's file neither."""
    w.put("f", b"x")
    w.calls.mkdir(w.path("d"))
    for label, call in (("unlink", lambda: w.calls.unlink(w.path("d"))), ("rmdir", lambda: w.calls.rmdir(w.path("f"))),
                        ("mkdir", lambda: w.calls.mkdir(w.path("f"))),
                        ("link", lambda: w.calls.link(w.path("f"), w.path("d"))),
                        ("rename", lambda: w.calls.rename(w.path("d"), w.path("f")))):
        before = [(w.calls.stat(p).st_mtime_ns, w.calls.stat(p).st_ctime_ns) for p in (w.folder, w.path("f"), w.path("d"))]
        time.sleep(PAUSE)
        w.step(label, call)
        after = [(w.calls.stat(p).st_mtime_ns, w.calls.stat(p).st_ctime_ns) for p in (w.folder, w.path("f"), w.path("d"))]
        w.note(f"{label} kept", before == after)


def publishing_moves_no_time(w):
    """What a file's times are when it is closed they stay, though it is stored and published later: git looks at them."""
    w.calls.mkdir(w.path("d"))
    seen = {}
    for n, data in enumerate((b"", b"x", b"x" * 5000, b"y" * 200_000)):
        w.put(f"f{n}", data)
        seen[n] = w.calls.stat(w.path(f"f{n}"))
    w.calls.chmod(w.path("f3"), 0o600)
    seen[3] = w.calls.stat(w.path("f3"))
    time.sleep(0.3)
    w.put("d/other", b"x")
    for n, before in seen.items():
        now = w.calls.stat(w.path(f"f{n}"))
        w.note(f"kept {n}", (before.st_mtime_ns == now.st_mtime_ns, before.st_ctime_ns == now.st_ctime_ns))
        w.note(f"asked anew {n}", _times_asked_anew(w.path(f"f{n}")) == (before.st_mtime_ns, before.st_ctime_ns))


CASES = [publishing_moves_no_time, wrong_paths, path_lengths, every_byte, bad_pointers, utimes, who_may_use_files, who_may_use_directories,
         who_may_change_attributes, set_group_for_strangers, masks, sizes, running_programs, ctimes]
