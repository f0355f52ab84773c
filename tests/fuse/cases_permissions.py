"""What another user may and may not do."""
import os

USER, GROUP, OTHER = 12001, 12001, 12002


def _as(w, uid, body):
    w.as_user(uid, uid, body)


def files(w):
    for mode in (0o600, 0o640, 0o604, 0o666, 0o444, 0o200, 0o000):
        name = f"f{oct(mode)}"
        w.put(name, b"secret")
        w.calls.chown(w.path(name), USER, GROUP)
        w.calls.chmod(w.path(name), mode)

        def body():
            for flags, label in ((os.O_RDONLY, "r"), (os.O_WRONLY, "w"), (os.O_RDWR | os.O_TRUNC, "rw trunc")):
                fd = w.open(f"{name} {label} {os.getuid()}", w.path(name), flags)
                if fd is not None:
                    w.calls.close(fd)
            w.step(f"{name} truncate {os.getuid()}", w.calls.truncate, w.path(name), 3)
            for how in (os.R_OK, os.W_OK, os.X_OK):
                w.step(f"{name} access {how} {os.getuid()}", w.calls.access, w.path(name), how)
        _as(w, OTHER, body)
        _as(w, USER, body)


def directories(w):
    for mode in (0o700, 0o711, 0o722, 0o733, 0o744, 0o755, 0o777):
        name = f"d{oct(mode)}"
        w.calls.mkdir(w.path(name))
        w.put(f"{name}/f", b"x")
        w.calls.chmod(w.path(name), mode)

        def body():
            w.step(f"{name} list", w.calls.listdir, w.path(name))
            w.step(f"{name} stat inside", w.calls.stat, w.path(name, "f"))
            fd = w.open(f"{name} create", w.path(name, "new"), os.O_WRONLY | os.O_CREAT)
            if fd is not None:
                w.calls.close(fd)
            w.step(f"{name} mkdir", w.calls.mkdir, w.path(name, "sub"))
            w.step(f"{name} symlink", w.calls.symlink, "x", w.path(name, "s"))
            w.step(f"{name} rename", w.calls.rename, w.path(name, "f"), w.path(name, "g"))
            w.step(f"{name} unlink", w.calls.unlink, w.path(name, "g"))
            w.step(f"{name} rmdir", w.calls.rmdir, w.path(name, "sub"))
        _as(w, OTHER, body)
        w.note(f"{name} left", w.tree(w.path(name)))


def sticky(w):
    w.calls.mkdir(w.path("t"))
    w.calls.chmod(w.path("t"), 0o1777)

    def make():
        w.put("t/mine", b"x")
        w.calls.mkdir(w.path("t/mydir"))
    _as(w, USER, make)

    def other():
        w.put("t/others")
        w.step("unlink another's", w.calls.unlink, w.path("t/mine"))
        w.step("rename another's", w.calls.rename, w.path("t/mine"), w.path("t/x"))
        w.step("replace another's", w.calls.rename, w.path("t/others"), w.path("t/mine"))
        w.step("rmdir another's", w.calls.rmdir, w.path("t/mydir"))
        w.step("unlink own", w.calls.unlink, w.path("t/others"))
    _as(w, OTHER, other)

    def owner():
        w.step("owner renames", w.calls.rename, w.path("t/mine"), w.path("t/still-mine"))
        w.step("owner unlinks", w.calls.unlink, w.path("t/still-mine"))
    _as(w, USER, owner)
    w.note("left", w.tree())


def changing_attributes(w):
    w.put("f", b"x")
    w.calls.chown(w.path("f"), USER, GROUP)

    def other():
        w.step("chmod", w.calls.chmod, w.path("f"), 0o777)
        w.step("chown", w.calls.chown, w.path("f"), OTHER, OTHER)
        w.step("utime", w.calls.utime, w.path("f"), ns=(1, 1))
        w.step("utime now", w.calls.utime, w.path("f"))
        w.step("setxattr", w.calls.setxattr, w.path("f"), "user.a", b"x")
        w.step("getxattr", w.calls.getxattr, w.path("f"), "user.a")
    _as(w, OTHER, other)

    def owner():
        w.step("owner chmod", w.calls.chmod, w.path("f"), 0o640)
        w.step("owner gives it away", w.calls.chown, w.path("f"), OTHER, -1)
        w.step("owner to a foreign group", w.calls.chown, w.path("f"), -1, OTHER)
        w.step("owner to own group", w.calls.chown, w.path("f"), -1, GROUP)
        w.step("owner utime", w.calls.utime, w.path("f"), ns=(1, 10**18))
        w.step("owner setxattr", w.calls.setxattr, w.path("f"), "user.a", b"x")
    _as(w, USER, owner)
    w.note("is", w.describe(w.path("f")))


def privileged_bits(w):
    """Who writes to a set-user-id file takes the bits away, unless root does."""
    for mode in (0o4777, 0o2777, 0o6777, 0o2767):
        for act in ("write", "truncate", "open trunc", "chown"):
            name = f"{oct(mode)}-{act}"
            w.put(name, b"program")
            w.calls.chown(w.path(name), USER, GROUP)
            w.calls.chmod(w.path(name), mode)

            def body():
                if act == "write":
                    fd = w.calls.open(w.path(name), os.O_WRONLY)
                    w.step(f"{name}", w.calls.write, fd, b"x")
                    w.calls.close(fd)
                elif act == "truncate":
                    w.step(f"{name}", w.calls.truncate, w.path(name), 1)
                elif act == "open trunc":
                    w.calls.close(w.calls.open(w.path(name), os.O_WRONLY | os.O_TRUNC))
                else:
                    w.step(f"{name}", w.calls.chown, w.path(name), -1, GROUP)
            _as(w, USER, body)
            w.note(f"{name} then", oct(w.calls.stat(w.path(name)).st_mode))
    w.put("by-root", b"program")
    w.calls.chmod(w.path("by-root"), 0o6755)
    fd = w.calls.open(w.path("by-root"), os.O_WRONLY)
    w.calls.write(fd, b"x")
    w.calls.close(fd)
    w.note("root keeps them", oct(w.calls.stat(w.path("by-root")).st_mode))


def whose_is_new(w):
    w.calls.mkdir(w.path("d"))
    w.calls.chmod(w.path("d"), 0o777)

    def body():
        w.put("d/f", b"x")
        w.calls.mkdir(w.path("d/sub"))
        w.calls.symlink("x", w.path("d/s"))
    _as(w, USER, body)
    for name in ("d/f", "d/sub", "d/s"):
        w.note(name, w.describe(w.path(name)))
    w.calls.chown(w.path("d"), 0, 55)
    w.calls.chmod(w.path("d"), 0o2777)

    def in_set_group():
        fd = w.calls.open(w.path("d/g"), os.O_WRONLY | os.O_CREAT, 0o2775)
        w.calls.close(fd)
        w.calls.mkdir(w.path("d/sub2"))
    _as(w, USER, in_set_group)
    for name in ("d/g", "d/sub2"):
        w.note(name, w.describe(w.path(name)))


CASES = [files, directories, sticky, changing_attributes, privileged_bits, whose_is_new]
