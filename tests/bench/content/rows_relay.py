"""Memory of a relay while a large file passes through it, and small records one at a time."""
import hashlib
import os
import re
import shutil
import statistics
import subprocess

import arrival
import corpora
import wire
from processes import Memory
from systems import BOTH, Mesh, folder, running
from table import Limit, Work

PIECE = 1 << 20


def written(path, size):
    """A file of random bytes that never lies in memory as a whole; its SHA-256."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for at in range(0, size, PIECE):
            data = os.urandom(min(PIECE, size - at))
            digest.update(data)
            file.write(data)
    return digest.digest()


def relay(settings):
    size = 50_000_000 if settings.quick else settings.relay_bytes
    work = Work(f"memory of a relay while {size // 1_000_000} MB pass through it", "<= 24 MB, all daemons of the node together",
                [Limit("peak PSS MB", most=24.0)],
                note="middle node of three, sampled each 0.1 s; VmHWM counts pages that its processes share twice")
    for system in BOTH:
        with running(system, 3, plain_packets=False) as lab:
            free = shutil.disk_usage(lab.folder).free
            if free < size * 6:  # a store on each node, what was written, what is being written
                work.note = f"not measured: {free // 1_000_000} MB are free in {lab.folder.parent}, {size * 6 // 1_000_000} are needed"
                break
            try:
                with Memory(lab, 2) as memory:
                    digest = written(folder(lab, system, 1) / "large", size)
                    arrival.file_is_there(folder(lab, system, 3) / "large", size, digest, settings.patience_s)
                work.add(system.name, {"peak PSS MB": memory.peak_kb / 1024, "VmHWM MB": memory.high_water_kb / 1024})
            except arrival.NotThere as missing:
                work.add(system.name, {"peak PSS MB": memory.peak_kb / 1024}, verified=False, note=str(missing))
    yield work


# --- records ---

RECORDS_SEED = 11


def trained(lab, samples):
    """Trains a dictionary for the type `lease` on node 1. Gives the mean size of a record with it, which the command measures on
    samples that it did not train on, or None and what it said."""
    said = subprocess.run([f"{os.environ['LAB_BIN']}/mesh", "dict", "train", "--mount", str(folder(lab, Mesh, 1)), "--type", "lease",
                           str(samples)], capture_output=True, text=True, check=False)
    words = (said.stderr or said.stdout).strip().split("\n")[-1]
    found = re.search(r"with it +([0-9.]+)", said.stdout)
    return (float(found[1]), "") if said.returncode == 0 and found else (None, words)


def per_record(lab, system, records, name, seconds):
    """Bytes per record on the last link, when they come one after the other."""
    directory = folder(lab, system, 1) / name
    directory.mkdir()
    with wire.Count(lab) as count:
        for number, record in enumerate(records):
            (directory / f"{number}.lease").write_bytes(record)
            arrival.path_is_there(folder(lab, system, lab.nodes) / name / f"{number}.lease", seconds)
        expected = arrival.files_in(directory)
        arrival.tree_is_there(folder(lab, system, lab.nodes) / name, expected, seconds)
    return {f"{key} B per record": count.links[-1][key] // len(records) for key in ("payload", "interface")}


def records(settings):
    count = 50 if settings.quick else 200
    samples = corpora.json_records(2000 + count, RECORDS_SEED)
    fresh = samples[2000:]
    mean = int(statistics.mean(map(len, fresh)))
    work = Work(f"{count} JSON records of {mean} B, one after the other", "contents below 70 B with a dictionary", [Limit("contents B", most=70)],
                note="a record's signed entry, its acknowledgement and all headers are in these figures")
    for system in BOTH:
        with running(system, 2) as lab:
            try:
                if system is Mesh:
                    work.add("meshfs, no dictionary", per_record(lab, system, fresh, "plain", settings.patience_s))
                    folder_of_samples = lab.folder / "samples"
                    folder_of_samples.mkdir()
                    for number, record in enumerate(samples[:2000]):
                        (folder_of_samples / f"{number}.lease").write_bytes(record)
                    contents, said = trained(lab, folder_of_samples)
                    if contents is None:
                        work.add("meshfs, dictionary", {"contents B": "not built"}, note=said)
                    else:
                        work.add("meshfs, dictionary", per_record(lab, system, fresh, "trained", settings.patience_s) | {"contents B": contents})
                else:
                    few = fresh[:5]  # each takes seconds
                    work.add(system.name, per_record(lab, system, few, "plain", settings.patience_s), note=f"{len(few)} records")
            except arrival.NotThere as missing:
                work.add(system.name, {}, verified=False, note=str(missing))
    yield work
