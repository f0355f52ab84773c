"""What links are used for: a second source beside the first, bulk beside another program's TCP flow on one bottleneck."""
import contextlib
import os
import statistics
import subprocess
import time

import arrival
import wire
from lab import Link
from rows_speed import MBIT
from systems import BOTH, Mesh, folder, running
from table import Limit, Work

# One writer, two that get it over free links, one receiver behind two slow links.
WRITER, RECEIVER = 1, 4
DIAMOND = [Link(1, "to2", 2, "to1"), Link(1, "to3", 3, "to1"), Link(2, "to4", 4, "to2"), Link(3, "to4", 4, "to3")]


def received(lab, system, name, size, seconds):
    source, target = folder(lab, system, WRITER) / name, folder(lab, system, RECEIVER) / name
    data = os.urandom(size)
    start = time.monotonic()
    source.write_bytes(data)
    arrival.file_is_there(target, size, arrival.hashlib.sha256(data).digest(), seconds)
    return time.monotonic() - start


def with_sources(system, cut, size, rounds, settings):
    """Seconds of each round, and {interface bytes of the receiver's two links}; CUT takes the second source's link away."""
    with running(system, RECEIVER, DIAMOND) as lab:
        for link in DIAMOND[2:]:
            for node, side in ((link.a, link.side_a), (link.b, link.side_b)):
                lab.do(f"lab_rate {node} {side} {MBIT}")
        if cut:
            lab.do(f"lab_cut {RECEIVER} to3")
        with wire.Count(lab) as count:
            taken = [received(lab, system, f"file.{number}", size, settings.patience_s) for number in range(rounds)]
        return taken, [moved["interface"] / (size * rounds) for moved in count.links[2:]]


def second_source(settings):
    size, rounds = (2_000_000, 1) if settings.quick else (20_000_000, 3)
    work = Work(f"{size // 1_000_000} MB, one and two sources, {MBIT} Mbit/s from each", "with two <= 0.65 x the time with one",
                [Limit("two / one", most=0.65)],
                note=f"medians of {rounds}; writer - two nodes on free links - receiver; wire / contents: on the receiver's links together")
    for system in BOTH:
        try:
            one, _ = with_sources(system, True, size, rounds, settings)
            two, shares = with_sources(system, False, size, rounds, settings)
            work.add(system.name, {"one source, s": statistics.median(one), "two sources, s": statistics.median(two),
                                   "two / one": statistics.median(two) / statistics.median(one), "wire / contents": sum(shares)},
                     note="by link " + " + ".join(f"{share:.2f}" for share in shares))
        except arrival.NotThere as missing:
            work.add(system.name, {"two / one": "-"}, verified=False, note=str(missing))
    yield work


# --- beside a TCP flow ---

FLOW_PORT = 5201
PINGS_PER_S = 20


class Flow:
    """iperf3 from node 1 to node 2; with Flow(lab, seconds): ..."""

    def __init__(self, lab, seconds):
        self.lab, self.seconds = lab, seconds

    def __enter__(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.server = subprocess.Popen(self.lab.inside(2, "iperf3", "-s", "-1", "-p", FLOW_PORT), **quiet)
        time.sleep(0.5)
        self.client = subprocess.Popen(self.lab.inside(1, "iperf3", "-c", "10.99.1.2", "-p", FLOW_PORT, "-t", self.seconds, "-C", "cubic"), **quiet)

    def __exit__(self, *unused):
        self.client.wait()
        self.server.terminate()
        self.server.wait()


class Bulk:
    """A file on node 1 that keeps meshfs busy for SECONDS with the whole link; with Bulk(lab, seconds): ..."""

    def __init__(self, lab, seconds):
        self.lab, self.size = lab, int(MBIT * 1e6 / 8 * seconds)

    def __enter__(self):
        self.data = os.urandom(self.size)
        self.path = folder(self.lab, Mesh, 1) / f"bulk.{time.monotonic_ns()}"
        self.path.write_bytes(self.data)

    def __exit__(self, *unused):
        """The rest must not meet the next measurement."""
        target = folder(self.lab, Mesh, 2) / self.path.name
        arrival.file_is_there(target, self.size, arrival.hashlib.sha256(self.data).digest(), 120)
        self.path.unlink()


def pinged(lab, seconds):
    """Median and 90th percentile of round trips in ms meanwhile, small packets through the same queue."""
    said = subprocess.run(lab.inside(1, "ping", "-n", "-i", 1 / PINGS_PER_S, "-c", int(seconds * PINGS_PER_S), "-W", 2, "10.99.1.2"),
                          capture_output=True, text=True, check=False).stdout  # it ends with 1 if one was lost
    times = sorted(float(word.split("=")[1]) for line in said.splitlines() for word in line.split() if word.startswith("time="))
    return (statistics.median(times), times[int(len(times) * 0.9)]) if times else ("lost", "lost")


def shares(lab, seconds, parts):
    """Mbit/s of both and the round trips, after a second of settling. meshfs is what goes by UDP, the flow what goes by TCP."""
    with contextlib.ExitStack() as stack:
        for part in parts:
            stack.enter_context(part)
        time.sleep(1)
        before, start = wire.read(lab)[0], time.monotonic()
        middle, high = pinged(lab, seconds)
        moved, span = wire.moved([before], wire.read(lab))[0], time.monotonic() - start
    tcp, udp = (max(0.0, moved[key]) * 8 / 1e6 / span for key in ("tcp", "udp"))  # a reset has less than the header assumed
    return {"TCP flow Mbit/s": tcp, "meshfs Mbit/s": udp,
            "round trip ms, median": middle, "90 %": high}


def behind_a_switch(lab):
    """A bottleneck in the middle, and no streams: syncd then has datagrams only, which is what has to be polite by itself."""
    lab.do(f"switch_between 3 1 right 2 left {MBIT}")
    for node in range(1, lab.nodes + 1):
        lab.output(node, "nft", "-f", "-", text_in="add table inet streams\n"
                   "add chain inet streams in { type filter hook input priority 0; }\n"
                   "add rule inet streams in tcp dport 5440 reject with tcp reset\n")


def polite(settings):
    seconds = 4 if settings.quick else 12
    work = Work(f"meshfs's bulk by datagrams beside one TCP flow (cubic), {MBIT} Mbit/s", "about half each, little delay of its own",
                [Limit("meshfs Mbit/s", most=MBIT * 0.6), Limit("TCP flow Mbit/s", least=MBIT * 0.4)],
                note=f"{seconds} s each; payload both directions; round trips of small pings through the same queue of at most 50 ms")
    with running(Mesh, 2, prepare=behind_a_switch) as lab:
        lab.addresses()
        for name, parts in (("neither", ()), ("TCP alone", (Flow(lab, seconds + 3),)), ("bulk alone", (Bulk(lab, seconds + 3),)),
                            ("meshfs beside TCP", (Bulk(lab, seconds + 3), Flow(lab, seconds + 3)))):
            work.add(name, shares(lab, seconds, parts))
    yield work
