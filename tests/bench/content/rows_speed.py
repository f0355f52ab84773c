"""Files over four hops: time, bytes, processor time; on free links, slow links, and lossy links."""
import os
import statistics
import time

import arrival
import processes
import wire
from systems import BOTH, Mesh, Syncthing, by_kind, folder, received, running
from table import Limit, Work

NODES = 5
HOPS = NODES - 1
MBIT = 20


def carry(lab, system, name, size, seconds):
    """Seconds from open at the first node to readable and right at the last; NotThere if later than SECONDS."""
    data = os.urandom(size)
    source, target = folder(lab, system, 1) / name, folder(lab, system, lab.nodes) / name
    start = time.monotonic()
    source.write_bytes(data)
    digest = arrival.hashlib.sha256(data).digest()
    arrival.file_is_there(target, size, digest, seconds)
    return time.monotonic() - start


def big(settings):
    """100 MB on free links; the two systems in turns, so that what else the machine does meets both."""
    size, rounds = (10_000_000, 1) if settings.quick else (100_000_000, 3)
    work = Work(f"{size // 1_000_000} MB file over {HOPS} hops, free links", "<= 0.6 x Syncthing's time in the same run",
                [Limit("of Syncthing's time", most=0.6)], note=f"medians of {rounds}; CPU of all daemons on all five nodes together")
    with running(Mesh, NODES, plain_packets=False) as mesh, running(Syncthing, NODES, plain_packets=False) as other:
        taken, cpu = {Mesh: [], Syncthing: []}, {Mesh: [], Syncthing: []}
        for number in range(rounds):
            for system, lab in ((Mesh, mesh), (Syncthing, other)):
                before = processes.cpu_s(lab)
                try:
                    taken[system].append(carry(lab, system, f"big.{number}", size, settings.patience_s))
                except arrival.NotThere as missing:
                    work.add(system.name, {"seconds": "-"}, verified=False, note=str(missing))
                    continue
                wire.until_quiet(lab)
                cpu[system].append(processes.cpu_s(lab) - before)
    medians = {system: statistics.median(taken[system]) for system in BOTH if taken[system]}
    for system, seconds in medians.items():
        figures = {"seconds": seconds, "CPU seconds": statistics.median(cpu[system])}
        if system is Mesh and Syncthing in medians:
            figures["of Syncthing's time"] = seconds / medians[Syncthing]
        work.add(system.name, figures, note="each: " + " ".join(f"{t:.2f}" for t in taken[system]))
    yield work


def limit_rates(lab):
    for node, side in lab.sides():
        lab.do(f"lab_rate {node} {side} {MBIT}")


def slow_links(settings):
    size, rounds = (1_000_000, 1) if settings.quick else (10_000_000, 3)
    one_link_s = size * 8 / (MBIT * 1e6)
    work = Work(f"{size // 1_000_000} MB over {HOPS} hops, {MBIT} Mbit/s each link", "<= 1.2 x one link's transmission time",
                [Limit("of one link's time", most=1.2)],
                note=f"medians of {rounds}; one link's time: {one_link_s:.2f} s for the contents alone; tbf, both directions, queue of 50 ms")
    for system in BOTH:
        with running(system, NODES) as lab:
            limit_rates(lab)
            try:
                samples = [carry(lab, system, f"slow.{number}", size, settings.patience_s) for number in range(rounds)]
                seconds = statistics.median(samples)
                work.add(system.name, {"seconds": seconds, "of one link's time": seconds / one_link_s},
                         note="each: " + " ".join(f"{t:.2f}" for t in samples))
            except arrival.NotThere as missing:
                work.add(system.name, {"seconds": "-"}, verified=False, note=str(missing))
    yield work


def small(settings):
    count, size = (200 if settings.quick else 2000), 1024
    work = Work(f"{count:,} x {size} B over {HOPS} hops", ">= 1,000 files/s, <= 1.35 x payload on the wire per link",
                [Limit("files/s", least=1000), Limit("wire / contents", most=1.35)], note="wire: the interface's bytes, last link")
    for system in BOTH:
        with running(system, NODES) as lab:
            contents = {f"file.{number}": os.urandom(size) for number in range(count)}
            expected = {name: arrival.hashlib.sha256(data).digest() for name, data in contents.items()}
            source, target = folder(lab, system, 1) / "small", folder(lab, system, NODES) / "small"
            try:
                kinds = received(lab, NODES)
                with wire.Count(lab) as count_bytes:
                    before, start = processes.cpu_s(lab), time.monotonic()
                    source.mkdir()
                    for name, data in contents.items():
                        (source / name).write_bytes(data)
                    arrival.tree_is_there(target, expected, settings.patience_s)
                    seconds = time.monotonic() - start
                last = count_bytes.links[-1]
                work.add(system.name, {"files/s": int(count / seconds), "seconds": seconds,
                                       "wire / contents": last["interface"] / (count * size),
                                       "payload / contents": last["payload"] / (count * size),
                                       "CPU seconds": processes.cpu_s(lab) - before},
                         note=by_kind(kinds, received(lab, NODES)))
            except arrival.NotThere as missing:
                work.add(system.name, {"files/s": "-"}, verified=False, note=str(missing))
    yield work


def lossy(settings):
    for size, rounds, most in ((1_000_000, 5, 3.0), (10_000_000, 5, 20.0)):
        if settings.quick:
            size, rounds = size // 10, 1
        yield lossy_one(size, rounds, most, settings)


def lossy_one(size, rounds, most, settings):
    name = f"{size / 1e6:g} MB"
    patience = 20 if settings.quick else 120
    work = Work(f"{name} over {HOPS} hops, 20 % loss each hop and direction", f"median <= {most:g} s", [Limit("seconds", most=most)],
                note="nft drops arriving packets at random")
    for system in BOTH:
        with running(system, NODES) as lab:
            for node, side in lab.sides():
                lab.do(f"lab_loss {node} {side} 20")
            samples = []
            tries = rounds if system is Mesh else 1  # each may take two minutes
            try:
                with wire.Count(lab) as count:
                    for number in range(tries):
                        samples.append(carry(lab, system, f"lossy.{number}", size, patience))
                work.add(system.name, {"seconds": statistics.median(samples),
                                       "wire / contents": count.links[-1]["interface"] / (size * tries)},
                         note=f"median of {tries}: " + " ".join(f"{t:.2f}" for t in samples))
            except arrival.NotThere:
                done = "".join(f" {t:.2f}" for t in samples)
                work.add(system.name, {"seconds": f"not in {patience} s"}, note=f"before:{done}" if done else "")
    return work
