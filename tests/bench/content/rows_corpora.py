"""Real contents: bytes per link for the first copy and for the update."""
import pathlib
import shutil
import tempfile

import arrival
import corpora
import pair_tools
import wire
from systems import BOTH, by_kind, folder, received, running
from table import Work

NAMES = {
    "package": "a Debian package unpacked, and its next version",
    "headers": "kernel headers, and those of the next kernel",
    "squashfs": "a squashfs image, and one after five files changed",
    "records": "2,000 JSON records, one in twenty changes",
    "log": "a log that grows by 1 %",
}


def update(target, new):
    """Makes TARGET like NEW as a careful program would: only what differs is written, and a file that grew is appended to."""
    for path in sorted(target.rglob("*"), reverse=True):
        there = new / path.relative_to(target)
        if path.is_dir() and not path.is_symlink():
            if not there.is_dir() or there.is_symlink():
                path.rmdir()
        elif path.is_symlink() != there.is_symlink() or not (there.is_symlink() or there.is_file()):
            path.unlink()
    for there in sorted(new.rglob("*")):
        path = target / there.relative_to(new)
        if there.is_symlink():
            if not path.is_symlink() or path.readlink() != there.readlink():
                path.unlink(missing_ok=True)
                path.symlink_to(there.readlink())
        elif there.is_dir():
            path.mkdir(exist_ok=True)
        else:
            write_difference(path, there.read_bytes())


def write_difference(path, data):
    before = path.read_bytes() if path.exists() else None
    if before == data:
        return
    if before and data.startswith(before):
        with open(path, "ab") as file:
            file.write(data[len(before):])
    else:
        path.write_bytes(data)


def by_daemons(work, system, old, new, settings):
    with running(system, 3) as lab:
        source, target = folder(lab, system, 1) / "corpus", folder(lab, system, 3) / "corpus"
        expected = arrival.files_in(old)
        kinds = [received(lab, 3)]
        with wire.Count(lab) as first:
            shutil.copytree(old, source, symlinks=True)
            arrival.tree_is_there(target, expected, settings.patience_s)
        expected = arrival.files_in(new)
        kinds.append(received(lab, 3))
        with wire.Count(lab) as second:
            update(source, new)
            arrival.tree_is_there(target, expected, settings.patience_s)
        kinds.append(received(lab, 3))
    work.add(system.name, {"first: payload B": first.links[-1]["payload"], "interface B": first.links[-1]["interface"],
                           "update: payload B": second.links[-1]["payload"], "interface B ": second.links[-1]["interface"]},
             note=" | update: ".join(by_kind(*pair) for pair in zip(kinds, kinds[1:]) if pair[0]))


def by_rsync(work, old, new):
    with pair_tools.Pair() as pair:
        first = pair_tools.rsync(pair, pair.fresh("nothing"), old)
        second = pair_tools.rsync(pair, old, new)
    work.add("rsync -z", {"first: payload B": first.payload, "interface B": first.interface, "update: payload B": second.payload,
                          "interface B ": second.interface}, first.verified and second.verified)


def size_of(tree):
    files = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    return len(files), sum(path.stat().st_size for path in files)


def one(name, settings):
    with tempfile.TemporaryDirectory(dir=corpora.CACHE) as scratch:
        old, new = corpora.make(name, pathlib.Path(scratch), settings.quick)
        files, size = size_of(new)
        work = Work(f"{name}: {NAMES[name]}", "no more than rsync -z", [], note=f"{files:,} files, {size:,} B; last link of a line of three")
        for system in BOTH:
            try:
                by_daemons(work, system, old, new, settings)
            except arrival.NotThere as missing:
                work.add(system.name, {}, verified=False, note=str(missing))
        by_rsync(work, old, new)
    return work


def all_of_them(settings):
    corpora.CACHE.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        try:
            yield one(name, settings)
        except corpora.Unavailable as missing:
            yield Work(f"{name}: {NAMES[name]}", "-", [], note=f"not measured: {missing}")
