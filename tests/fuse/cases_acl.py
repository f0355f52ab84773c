"""POSIX access control lists: kept, in step with the mode, inherited, judged by."""
import os
import struct

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
NOBODY_IN_PARTICULAR = 0xFFFFFFFF


def acl(*entries):
    """Each entry: tag, permissions, id if it has one."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", e[0], e[1], e[2] if len(e) > 2 else NOBODY_IN_PARTICULAR)
                                           for e in entries)


def _read(w, path, name=ACCESS):
    return [e for e in struct.iter_unpack("<HHI", w.calls.getxattr(path, name)[4:])]


FULL = acl((OWNER, 6), (USER, 7, 12001), (USER, 4, 12002), (GROUP, 4), (NAMED_GROUP, 2, 12003), (MASK, 6), (OTHER, 0))


def kept_with_the_mode(w):
    w.put("f", b"x")
    w.calls.mkdir(w.path("d"))
    for name in ("f", "d"):
        p = w.path(name)
        w.step(f"{name} none", w.calls.getxattr, p, ACCESS)
        w.step(f"{name} set", w.calls.setxattr, p, ACCESS, FULL)
        w.step(f"{name} is", _read, w, p)
        w.note(f"{name} mode", oct(w.calls.stat(p).st_mode))
        w.note(f"{name} listed", w.calls.listxattr(p))
        for mode in (0o777, 0o640, 0o000, 0o4755):
            w.step(f"{name} chmod {mode:o}", w.calls.chmod, p, mode)
            w.step(f"{name} is {mode:o}", _read, w, p)
        w.step(f"{name} chown", w.calls.chown, p, 12005, 12005)
        w.step(f"{name} after chown", _read, w, p)
        w.step(f"{name} as long as a mode", w.calls.setxattr, p, ACCESS, acl((OWNER, 7), (GROUP, 5), (OTHER, 1)))
        w.step(f"{name} gone", w.calls.getxattr, p, ACCESS)
        w.note(f"{name} mode then", oct(w.calls.stat(p).st_mode))
        w.step(f"{name} with a mask only", w.calls.setxattr, p, ACCESS, acl((OWNER, 7), (GROUP, 5), (MASK, 4), (OTHER, 1)))
        w.step(f"{name} stays", _read, w, p)
        w.step(f"{name} remove", w.calls.removexattr, p, ACCESS)
        w.step(f"{name} removed", w.calls.getxattr, p, ACCESS)
        w.note(f"{name} mode at last", oct(w.calls.stat(p).st_mode))
    w.step("by any name", lambda: (w.calls.setxattr(w.path("f"), ACCESS, FULL), w.calls.rename(w.path("f"), w.path("g")),
                                   w.calls.link(w.path("g"), w.path("h")), _read(w, w.path("h")))[-1])


def refused(w):
    w.put("f", b"x")
    w.calls.symlink("f", w.path("s"))
    bad = {"empty": b"", "version": b"\x03" + FULL[1:], "cut": FULL[:-3], "no owner": acl((GROUP, 4), (OTHER, 0)),
           "no mask": acl((OWNER, 7), (USER, 7, 5), (GROUP, 4), (OTHER, 0)),
           "two owners": acl((OWNER, 7), (OWNER, 7), (GROUP, 4), (OTHER, 0)),
           "unsorted": acl((GROUP, 7), (OWNER, 7), (OTHER, 0)), "tag": acl((OWNER, 7), (3, 7), (GROUP, 4), (OTHER, 0)),
           "rwxt": acl((OWNER, 15), (GROUP, 4), (OTHER, 0))}
    for label, blob in bad.items():
        w.step(label, w.calls.setxattr, w.path("f"), ACCESS, blob)
    w.step("default of a file", w.calls.setxattr, w.path("f"), DEFAULT, FULL)
    w.step("read default of a file", w.calls.getxattr, w.path("f"), DEFAULT)
    w.step("of a symlink", w.calls.setxattr, w.path("s"), ACCESS, FULL, follow_symlinks=False)
    w.step("nothing to remove", w.calls.removexattr, w.path("f"), ACCESS)
    w.as_user(12001, 12001, lambda: w.step("by another", w.calls.setxattr, w.path("f"), ACCESS, FULL))
    w.note("mode", oct(w.calls.stat(w.path("f")).st_mode))


def inherited(w):
    lists = {"full": acl((OWNER, 7), (USER, 7, 12001), (GROUP, 5), (MASK, 7), (OTHER, 5)),
             "mode only": acl((OWNER, 7), (GROUP, 6), (OTHER, 1)), "nothing": acl((OWNER, 0), (GROUP, 0), (OTHER, 0))}
    for n, (label, blob) in enumerate(lists.items()):
        d = w.path(f"d{n}")
        w.calls.mkdir(d)
        w.step(f"{label} set", w.calls.setxattr, d, DEFAULT, blob)
        w.step(f"{label} is", _read, w, d, DEFAULT)
        w.note(f"{label} listed", sorted(w.calls.listxattr(d)))
        for mode in (0o666, 0o777, 0o600, 0o4711):
            before = os.umask(0o027)
            fd = w.calls.open(os.path.join(d, f"f{mode:o}"), os.O_WRONLY | os.O_CREAT, mode)
            w.calls.close(fd)
            w.calls.mknod(os.path.join(d, f"n{mode:o}"), mode | 0o100000)
            w.calls.mkdir(os.path.join(d, f"d{mode:o}"), mode)
            os.umask(before)
        w.calls.symlink("x", os.path.join(d, "s"))
        w.calls.mkdir(os.path.join(d, "d777", "below"))
        for name in sorted(w.calls.listdir(d)) + ["d777/below"]:
            p = os.path.join(d, name)
            w.note(f"{label} {name} mode", oct(w.calls.lstat(p).st_mode))
            if name != "s":
                w.step(f"{label} {name}", _read, w, p)
                w.step(f"{label} {name} default", _read, w, p, DEFAULT)
        w.step(f"{label} removed", w.calls.removexattr, d, DEFAULT)
        w.step(f"{label} no more", w.calls.getxattr, d, DEFAULT)
        w.step(f"{label} remove again", w.calls.removexattr, d, DEFAULT)


def judged_by(w):
    w.put("f", b"text")
    w.calls.chown(w.path("f"), 12000, 12000)
    w.calls.mkdir(w.path("d"))
    w.put("d/inside", b"x")
    who = {"owner": (12000, 12000, ()), "named": (12001, 12001, ()), "reader": (12002, 12002, ()),
           "named group": (12009, 12009, (12003,)), "its group": (12008, 12000, ()), "other": (12007, 12007, ())}
    lists = {"full": FULL, "masked": acl((OWNER, 6), (USER, 7, 12001), (GROUP, 7), (MASK, 4), (OTHER, 7)),
             "shut out": acl((OWNER, 6), (USER, 0, 12001), (GROUP, 6), (MASK, 7), (OTHER, 7))}
    for label, blob in lists.items():
        w.calls.setxattr(w.path("f"), ACCESS, blob)
        w.calls.setxattr(w.path("d"), ACCESS, blob)
        for name, (uid, gid, groups) in who.items():
            def body():
                for how, flags in (("r", os.O_RDONLY), ("w", os.O_WRONLY)):
                    w.step(f"{label} {name} {how}", lambda: w.calls.close(w.calls.open(w.path("f"), flags)))
                w.step(f"{label} {name} x", w.calls.access, w.path("f"), os.X_OK)
                w.step(f"{label} {name} list", lambda: sorted(w.calls.listdir(w.path("d"))))
                w.step(f"{label} {name} enter", lambda: w.calls.stat(w.path("d/inside")).st_size)
                w.step(f"{label} {name} make", w.calls.mkdir, w.path("d", f"{label}-{name}"))
            w.as_user(uid, gid, body, groups)


def set_group_and_lists(w):
    """Who isn't in the file's group and sets a list takes the set-group-id bit away, as with chmod."""
    for name, group in (("mine", 12001), ("theirs", 12777), ("also mine", 12003)):
        w.put(name, b"x")
        w.calls.chown(w.path(name), 12001, group)
        w.calls.chmod(w.path(name), 0o2755)
        w.as_user(12001, 12001, lambda: w.step(name, w.calls.setxattr, w.path(name), ACCESS, FULL), (12003,))
        w.note(f"{name} is", oct(w.calls.stat(w.path(name)).st_mode))


CASES = [kept_with_the_mode, refused, inherited, judged_by, set_group_and_lists]
