"""What nodes say while nothing happens, all in sync. All systems and fills wait at the same time: silence needs no processor."""
import contextlib
import os
import statistics
import time

import counters
from contenders import Alfred
from outcome import Outcome, chosen
from systems import running
from table import Limit

NODES = 5
FILLS = {"empty": None, "200 x 1 kB": (200, 1000), "20 MB": (20, 1_000_000)}  # records, bytes of each


def fill(lab, system, records):
    """Every node makes its share, as in a network; returns when both ends have all of it."""
    if records is None:
        return
    count, size = records
    expected = {f"fill.{number}": os.urandom(size) for number in range(count)}
    for number, (name, data) in enumerate(expected.items()):
        system.put(lab, number % NODES + 1, name, data)
    for node in (1, NODES):
        end = time.monotonic() + 300
        while any(system.get(lab, node, name) != data for name, data in expected.items()):
            if time.monotonic() > end:
                raise OSError(f"{system.name}: node {node} does not have everything after 300 s")
            time.sleep(0.5)


def idle(settings):
    settle_s, measure_s = (5, 10) if settings.quick else (settings.idle_s, settings.idle_s)
    outcomes, waiting = [], []
    with contextlib.ExitStack() as labs:
        for name, records in FILLS.items():
            outcome = Outcome(f"idle, {name} stored", "<= 2 B/s per node and link", [Limit("median B/s", most=2)], group=name,
                              unit="bytes per second", aim_value=2, aim_words="aim: 2",
                              note=f"UDP and TCP frames that arrived, each node and link of a line of {NODES}, {measure_s} s "
                              f"after {settle_s} s of settling; kernel: ICMPv6 (ND, MLD), ARP, beside it")
            outcomes.append(outcome)
            for system in chosen(settings.systems, outcome, "idle", f"idle {name}"):
                try:
                    lab = labs.enter_context(running(system, NODES))
                    fill(lab, system, records)
                    counters.start(lab, lab.sides())
                    waiting.append((outcome, system, lab))
                except OSError as failure:
                    outcome.instead(system.name, f"FAILED: {failure}")
        time.sleep(settle_s)
        before = [(time.monotonic(), counters.read(lab, lab.sides())) for _, _, lab in waiting]
        time.sleep(measure_s)
        for (outcome, system, lab), (start, earlier) in zip(waiting, before):
            moved = counters.moved(earlier, counters.read(lab, lab.sides()))
            span = time.monotonic() - start
            rates = [counters.ours(kinds) / span for kinds in moved.values()]
            kernel = statistics.mean(kinds["kernel"] for kinds in moved.values()) / span
            figures = {"median B/s": statistics.median(rates), "least..most": f"{min(rates):.2f}..{max(rates):.2f}",
                       "n": len(rates)}
            outcome.measured(system.name, rates, figures | {"kernel B/s": kernel},
                             note="middle nodes pass on what is not for them" if system is Alfred else "")
    yield from outcomes
