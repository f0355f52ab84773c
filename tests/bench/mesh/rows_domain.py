"""All nodes on one segment, as on one radio channel or one batman-adv: how many sessions, what one record costs all of them."""
import contextlib
import json
import os
import statistics
import time

import network
from contenders import Mesh, Syncthing
from lab import Lab
from outcome import Outcome, chosen, failing_alone, spread
from systems import folder

RECORD_BYTES = 200
GAP_S = 1.0  # between records: their acknowledgements are over


@contextlib.contextmanager
def segment(system, nodes):
    with network.many_neighbours(), Lab(nodes, links=[]) as lab:
        network.one_segment(lab)
        if system is Syncthing:
            lab.links = network.pairs_of(nodes)  # addresses for the pairs
        system.start(lab)
        lab.links = []
        yield lab


def port_bytes(lab):
    """(sent by the nodes, received by the nodes) on all ports together: a frame to all counts once as sent."""
    sent = received = 0
    for line in lab.output(network.HUB, "cat", "/proc/net/dev").splitlines():
        name, _, fields = line.partition(":")
        if name.strip().startswith("port"):
            fields = fields.split()
            sent, received = sent + int(fields[0]), received + int(fields[8])
    return sent, received


def sessions(lab):
    """Of each node, as .mesh/peers tells."""
    told = [json.loads((folder(lab, Mesh, node) / ".mesh/peers").read_text()) for node in range(1, lab.nodes + 1)]
    return [sum(1 for peer in one["peers"] if peer["state"] == "connected") for one in told]


def to_all_s(lab, system, node, name, data, seconds):
    """Seconds until every other node has it; OSError if some never do."""
    start, missing = time.monotonic(), [other for other in range(1, lab.nodes + 1) if other != node]
    system.put(lab, node, name, data)
    while missing:
        missing = [other for other in missing if system.get(lab, other, name) != data]
        if time.monotonic() - start > seconds:
            raise OSError(f"{len(missing)} of {lab.nodes} nodes lack a record after {seconds} s")
        time.sleep(system.POLL_S)
    return time.monotonic() - start


def records_of(lab, system, count, seconds):
    """(milliseconds to the last node for each record, bytes per record: sent and received), what silence costs taken off."""
    quiet_s = 10
    before = port_bytes(lab)
    time.sleep(quiet_s)
    idle = [(now - earlier) / quiet_s for now, earlier in zip(port_bytes(lab), before)]
    before, start, taken = port_bytes(lab), time.monotonic(), []
    for number in range(count):
        taken.append(to_all_s(lab, system, number % lab.nodes + 1, f"domain.{number}", os.urandom(RECORD_BYTES), seconds) * 1000)
        time.sleep(GAP_S)
    span = time.monotonic() - start
    return taken, [max(0, now - earlier - rate * span) / count for now, earlier, rate in zip(port_bytes(lab), before, idle)]


def domain(settings):
    for nodes in (4,) if settings.quick else (12, 60):
        outcome = Outcome(f"{nodes} nodes on one segment, a {RECORD_BYTES}-byte record to all", "bounded sessions per node", [],
                          group=f"{nodes} nodes", unit="ms to the last node",
                          note="sent: bytes of frames as nodes sent them, one to all once; received: on all ports; idle apart")
        for system in chosen(settings.systems, outcome, f"domain {nodes}"):
            with failing_alone(outcome, system), segment(system, nodes) as lab:
                time.sleep(5 if settings.quick else 30)
                count = settings.rounds(20 if system is Mesh else 8)
                taken, (sent, received) = records_of(lab, system, count, settings.patience_s)
                figures = spread(taken, "ms", 0) | {"sent B": int(sent), "received B": int(received)}
                if system is Mesh:
                    each = sessions(lab)
                    figures["sessions"] = f"{statistics.median(each):g} ({min(each)}..{max(each)})"
                outcome.measured(system.name, taken, figures)
        yield outcome
