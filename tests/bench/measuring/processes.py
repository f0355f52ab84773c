"""Processor time and memory of a lab's daemons, from /proc. A daemon's children (fsd's herald) count as its own."""
import os
import pathlib
import threading
import time

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SAMPLE_S = 0.1


def _children(pid):
    try:
        return [int(word) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()]
    except OSError:
        return []


def of_node(lab, node):
    found = []
    for program in ("fsd", "syncd"):  # a Syncthing node has only the first
        try:
            pid = int((lab.folder / str(node) / f"{program}.pid").read_text())
        except (OSError, ValueError):
            continue
        found += [pid, *_children(pid)]
    return found


def cpu_s(lab):
    """User and system time of all daemons together so far."""
    ticks = 0
    for node in range(1, lab.nodes + 1):
        for pid in of_node(lab, node):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_S


def kilobytes(path, key):
    for line in path.read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0


class Memory:
    """with Memory(lab, node) as memory: ...; then peak_kb is the greatest sum of PSS that was seen, high_water_kb the sum of VmHWM."""

    def __init__(self, lab, node):
        self.pids = of_node(lab, node)
        self.peak_kb = self.high_water_kb = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.done.is_set():
            self.peak_kb = max(self.peak_kb, sum(kilobytes(pathlib.Path(f"/proc/{pid}/smaps_rollup"), "Pss:") for pid in self.pids))
            time.sleep(SAMPLE_S)

    def __enter__(self):
        for pid in self.pids:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the high-water mark starts here
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.done.set()
        self.thread.join()
        self.high_water_kb = sum(kilobytes(pathlib.Path(f"/proc/{pid}/status"), "VmHWM:") for pid in self.pids)
