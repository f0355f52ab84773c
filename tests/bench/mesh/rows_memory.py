"""How much memory syncd needs beside many neighbours and many entries."""
import pathlib
import time

import arrival
import processes
from contenders import Mesh
from lab import Link
from outcome import Outcome, chosen, failing_alone
from rows_heal import fingerprints
from systems import folder, running
from table import Limit

NEIGHBOURS = 8
PER_FOLDER = 1000
SETTLE_S = 30
STAR = [Link(1, f"to{leaf}", leaf, "to1") for leaf in range(2, NEIGHBOURS + 2)]


def memory_kb(lab, node, program):
    """(PSS now, the greatest resident size since its start) of one of a node's daemons."""
    pid = int((lab.folder / str(node) / f"{program}.pid").read_text())
    return processes.kilobytes(pathlib.Path(f"/proc/{pid}/smaps_rollup"),
                               "Pss:"), processes.kilobytes(pathlib.Path(f"/proc/{pid}/status"), "VmHWM:")


def until_same(lab, node, seconds):
    end = time.monotonic() + seconds
    while fingerprints(lab, node) != fingerprints(lab, 2):
        if time.monotonic() > end:
            raise arrival.NotThere(f"node {node} differs after {seconds} s")
        time.sleep(0.5)


def memory(settings):
    entries = 2000 if settings.quick else 100_000
    outcome = Outcome(f"memory of syncd, {entries:,} entries, {NEIGHBOURS} neighbours", "PSS <= 16 MB",
                      [Limit("syncd PSS MB", most=16)], group="syncd in the middle of the star", unit="MB",
                      aim_value=16, aim_words="aim: 16 MB",
                      note=f"a star; one leaf made small files, {PER_FOLDER:,} per directory; {SETTLE_S} s after all had them; "
                      "most: syncd's VmHWM meanwhile")
    for system in chosen(settings.systems, outcome, "memory"):
        with failing_alone(outcome, system), running(system, NEIGHBOURS + 1, STAR) as lab:
            top, start = folder(lab, Mesh, 2), time.monotonic()
            for number in range(entries):
                if number % PER_FOLDER == 0:
                    (top / f"folder.{number // PER_FOLDER}").mkdir()
                (top / f"folder.{number // PER_FOLDER}" / f"file.{number}").write_bytes(b"%d\n" % number)
            written = time.monotonic() - start
            for node in (1, *range(3, NEIGHBOURS + 2)):
                until_same(lab, node, settings.patience_s * 10)
            took = time.monotonic() - start
            time.sleep(SETTLE_S)
            now, most = memory_kb(lab, 1, "syncd")
            leaves = sorted(memory_kb(lab, node, "syncd")[0] / 1024 for node in range(2, NEIGHBOURS + 2))
            outcome.measured(system.name, [now / 1024], {"syncd PSS MB": now / 1024, "syncd most MB": most / 1024,
                                                         "leaves' syncd PSS MB": f"{leaves[0]:.1f}..{leaves[-1]:.1f}",
                                                         "fsd PSS MB": memory_kb(lab, 1, "fsd")[0] / 1024, "written s": written,
                                                         "all there s": took})
    yield outcome
