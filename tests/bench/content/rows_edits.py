"""A file that changes in many places, and a directory that is renamed: bytes per link."""
import pathlib
import statistics
import tempfile

import arrival
import edits
import pair_tools
import wire
from systems import BOTH, Mesh, Syncthing, folder, running
from table import Limit, Work

EDIT_SEED = 7


class Scattered:
    """One kind of edit: its file, its aim, and which block and chunk sizes are worth a try by the others."""

    def __init__(self, name, size, count, edit, shifting, most_payload, most_interface, blocks):
        self.name, self.size, self.count, self.edit, self.shifting = name, size, count, edit, shifting
        self.limits = [Limit("payload B", most=most_payload), Limit("interface B", most=most_interface)]
        self.aim = f"<= {most_payload:,} B payload, <= {most_interface:,} B on the interface, per link"
        self.blocks = blocks

    def base(self):
        return edits.programs(self.size)

    def version(self, base, seed):
        return edits.edited(base, seed, self.count, self.edit, self.shifting)


def kinds(quick):
    shrink = 10 if quick else 1  # of everything, the aims too
    size = 10_000_000 // shrink
    return [
        Scattered(f"{size // 1_000_000} MB file, {100 // shrink} edits of 1 kB, shifting", size, 100 // shrink, 1000, True,
                  110_000 // shrink, 122_000 // shrink, (1024, 2048, 4096)),
        Scattered(f"{size // 1_000_000} MB file, {10_000 // shrink} edits of 10 B", size, 10_000 // shrink, 10, False,
                  175_000 // shrink, 195_000 // shrink, (256, 512, 1024)),
    ]


def change(lab, system, name, base, new, seconds):
    """Bytes per link for the update of a file that all nodes hold, or NotThere."""
    source, target = folder(lab, system, 1) / name, folder(lab, system, lab.nodes) / name
    source.write_bytes(base)
    arrival.file_is_there(target, len(base), arrival.sha256(source), seconds)
    with wire.Count(lab) as count:
        source.write_bytes(new)
        arrival.file_is_there(target, len(new), arrival.sha256(source), seconds)
    return count.links


def figures_of(samples):
    """Medians over the samples, the last link's; the other links stand beside."""
    out = {f"{key} B": int(statistics.median(links[-1][key] for links in samples)) for key in ("payload", "interface")}
    out["interface B, link 1"] = int(statistics.median(links[0]["interface"] for links in samples))
    return out


def on_lines(work, kind, settings):
    rounds = 1 if settings.quick else 3
    base = kind.base()
    for system in BOTH:
        with running(system, 3) as lab:
            try:
                samples = [change(lab, system, f"image.{number}", base, kind.version(base, EDIT_SEED + number), settings.patience_s)
                           for number in range(rounds)]
                work.add(system.name, figures_of(samples), note=f"median of {rounds}")
            except arrival.NotThere as missing:
                work.add(system.name, {"payload B": "-"}, verified=False, note=str(missing))


def by_pairs(work, kind):
    base = kind.base()
    with pair_tools.Pair() as pair:
        old, new = pair.fresh("old") / "image", pair.fresh("new") / "image"
        old.write_bytes(base)
        new.write_bytes(kind.version(base, EDIT_SEED))
        results = [
            ("rsync -z", pair_tools.rsync(pair, old.parent, new.parent, "-I")),
            ("rsync -z, best -B", pair_tools.best(
                pair_tools.rsync(pair, old.parent, new.parent, "-I", f"--block-size={block}", setting=f"-B {block}")
                for block in kind.blocks)),
            ("rdiff, best -b", pair_tools.best(pair_tools.rdiff(pair, old, new, block) for block in kind.blocks)),
            ("casync, best chunk", pair_tools.best(pair_tools.casync(pair, old, new, chunk) for chunk in (4096, 16384, 65536))),
        ]
        for name, carried in results:
            work.add(name, {"payload B": carried.payload, "interface B": carried.interface}, carried.verified, carried.setting)
        work.add("(zstd --patch-from)", {"payload B": pair_tools.patch_from(old, new)})


def scattered(settings):
    for kind in kinds(settings.quick):
        work = Work(kind.name, kind.aim, kind.limits, note="last link of a line of three; the file: this machine's programs")
        on_lines(work, kind, settings)
        by_pairs(work, kind)
        yield work


# A rename of ours is over within milliseconds: what trails are acknowledgements. In a longer time beacons would be most of it.
RENAME_TRAIL_S = {Mesh: 0.3, Syncthing: None}


def fill(directory, files):
    directory.mkdir()
    for number in range(files):
        (directory / f"file.{number}").write_bytes(b"%d\n" % number * 20)


def rename_some(lab, system, files, rounds, seconds):
    """Bytes per link of each of ROUNDS renames of one directory, or NotThere."""
    source, target = folder(lab, system, 1), folder(lab, system, lab.nodes)
    fill(source / "name.0", files)
    expected = arrival.files_in(source / "name.0")
    arrival.tree_is_there(target / "name.0", expected, seconds)
    samples = []
    for number in range(rounds):
        with wire.Count(lab, RENAME_TRAIL_S[system]) as count:
            (source / f"name.{number}").rename(source / f"name.{number + 1}")
            if system is Mesh:
                arrival.path_is_there(target / f"name.{number + 1}", seconds)
            else:
                arrival.tree_is_there(target / f"name.{number + 1}", expected, seconds)
        arrival.tree_is_there(target / f"name.{number + 1}", expected, seconds)
        samples.append(count.links)
    return samples


def rename(settings):
    files = 500 if settings.quick else 10_000
    work = Work(f"rename of a directory with {files:,} files", "<= 300 B per link", [Limit("payload B", most=300)],
                note="payload: inside UDP and TCP, acknowledgements included")
    for system in BOTH:
        with running(system, 3) as lab:
            try:
                rounds = 7 if system is Mesh else 1
                work.add(system.name, figures_of(rename_some(lab, system, files, rounds, settings.patience_s)), note=f"median of {rounds}")
            except arrival.NotThere as missing:
                work.add(system.name, {"payload B": "-"}, verified=False, note=str(missing))
    with pair_tools.Pair() as pair, tempfile.TemporaryDirectory() as scratch:
        old, new = pathlib.Path(scratch) / "old", pathlib.Path(scratch) / "new"
        old.mkdir()
        new.mkdir()
        fill(old / "before", files)
        fill(new / "after", files)
        carried = pair_tools.rsync(pair, old, new)
        work.add("rsync -z", {"payload B": carried.payload, "interface B": carried.interface}, carried.verified)
    yield work
