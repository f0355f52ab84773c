"""Listings: complete, without doubles, during changes too."""
import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_libc.opendir.restype = ctypes.c_void_p
for _f in ("readdir", "telldir", "seekdir", "rewinddir", "closedir"):
    getattr(_libc, _f).argtypes = [ctypes.c_void_p] + ([ctypes.c_long] if _f == "seekdir" else [])
_libc.readdir.restype = ctypes.c_void_p
_libc.telldir.restype = ctypes.c_long


class Directory:
    """opendir(3) and its kin, for seeking, which Python does not offer."""

    def __init__(self, path):
        self.handle = _libc.opendir(os.fsencode(path))

    def next(self):
        entry = _libc.readdir(self.handle)
        return ctypes.string_at(entry + 19).decode() if entry else None  # d_name of a 64-bit dirent

    def rest(self):
        out = []
        while (name := self.next()) is not None:
            out.append(name)
        return out

    def tell(self):
        return _libc.telldir(self.handle)

    def seek(self, position):
        _libc.seekdir(self.handle, position)

    def rewind(self):
        _libc.rewinddir(self.handle)

    def close(self):
        _libc.closedir(self.handle)


def counts(w):
    for count in (0, 1, 30, 300, 2500):
        folder = w.path(f"d{count}")
        w.calls.mkdir(folder)
        for i in range(count):
            os.close(os.open(f"{folder}/entry-with-a-longer-name-{i:05}", os.O_WRONLY | os.O_CREAT))
        names = w.calls.listdir(folder)
        w.note(f"{count} listed", sorted(names))
        w.note(f"{count} doubles", len(names) - len(set(names)))
        w.note(f"{count} again", sorted(w.calls.listdir(folder)) == sorted(names))
        d = Directory(folder)
        w.note(f"{count} dots", sorted(n for n in d.rest() if n.startswith(".")))
        d.close()


def types_and_numbers(w):
    w.put("file", b"x")
    w.calls.mkdir(w.path("directory"))
    w.calls.symlink("file", w.path("symlink"))
    for entry in sorted(os.scandir(w.folder), key=lambda e: e.name):
        w.note(entry.name, (entry.is_file(follow_symlinks=False), entry.is_dir(follow_symlinks=False),
                            entry.is_symlink(), entry.inode() == os.lstat(entry.path).st_ino))


def removing_while_listing(w):
    """rm -r: unlink what was listed, go on listing."""
    for i in range(1000):
        w.put(f"f{i:04}")
    d = Directory(w.folder)
    removed = 0
    while (name := d.next()) is not None:
        if name not in (".", ".."):
            w.calls.unlink(w.path(name))
            removed += 1
    d.close()
    w.note("removed", removed)
    w.note("left", w.calls.listdir(w.folder))


def adding_while_listing(w):
    for i in range(500):
        w.put(f"f{i:04}")
    d = Directory(w.folder)
    seen = [d.next() for _ in range(100)]
    for i in range(0, 500, 7):
        w.put(f"f{i:04}-more")
    seen += d.rest()
    old = [n for n in seen if n.startswith("f") and "-" not in n]
    w.note("every old one once", (len(old), len(set(old))))
    w.note("no doubles", len(seen) == len(set(seen)))
    d.rewind()
    w.note("all after rewinding", len([n for n in d.rest() if n.startswith("f")]))
    d.close()


def seeking(w):
    for i in range(700):
        w.put(f"f{i:04}")
    d = Directory(w.folder)
    marks, names = [], []
    while True:
        marks.append(d.tell())
        name = d.next()
        if name is None:
            break
        names.append(name)
    wrong = 0
    for i in (0, 1, 2, 3, 50, 51, 349, 350, 699, 700, 701, 5, 698, 128):
        d.seek(marks[i])
        if d.next() != names[i]:
            wrong += 1
    w.note("entries", len(names))
    w.note("wrong after seeking", wrong)
    d.seek(marks[600])
    w.note("rest", d.rest() == names[600:])
    d.close()


def a_listing_sees_changes(w):
    """What the kernel keeps of a listing must follow local changes."""
    for i in range(50):
        w.put(f"f{i}")
        w.note(f"{i} added", len(w.calls.listdir(w.folder)))
    for i in range(25):
        w.calls.unlink(w.path(f"f{i}"))
        w.note(f"{i} removed", len(w.calls.listdir(w.folder)))
    w.calls.rename(w.path("f30"), w.path("renamed"))
    w.note("renamed", sorted(w.calls.listdir(w.folder)))
    w.step("missing is asked", w.calls.stat, w.path("later"))
    w.put("later")
    w.step("and then there", w.calls.stat, w.path("later"))


def not_directories(w):
    w.put("f")
    w.calls.symlink("nowhere", w.path("s"))
    w.step("a file", w.calls.listdir, w.path("f"))
    w.step("a dangling symlink", w.calls.listdir, w.path("s"))
    w.step("missing", w.calls.listdir, w.path("m"))


CASES = [counts, types_and_numbers, removing_while_listing, adding_while_listing, seeking, a_listing_sees_changes,
         not_directories]
