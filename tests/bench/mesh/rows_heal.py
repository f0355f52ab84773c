"""Two halves of a network that meet again: both wrote meanwhile, and the link between them is thin.

The entries' own bytes are what the commits of these records weigh when they travel plainly: the bytes of push messages that the
next node received per record, in the same lab before the cut, for as many records made in the same way, without packet headers.
"""
import dataclasses
import json
import os
import statistics
import time

import network
from contenders import Mesh
from lab import line_of
from outcome import Outcome, chosen, failing_alone, spread
from systems import by_kind, folder, received, running
from table import Limit

NODES = 4
MIDDLE = line_of(NODES)[1]
MBIT = 1
RECORD_BYTES = 200
ONE_BY_ONE_S = 0.004   # longer than a commit takes: each record is one of its own


@dataclasses.dataclass(frozen=True)
class Kind:
    count: int         # records on each side
    one_by_one: bool   # else as fast as they can be written: fsd puts what comes together into one commit

    def words(self):
        return f"{self.count:,} records each side, {'one by one' if self.one_by_one else 'at once'}"


@dataclasses.dataclass(frozen=True)
class Round:
    seconds: float
    moved: int         # bytes on the healed link
    kinds: str         # by kind of message, what the node behind that link received


def made(tag, count):
    return {f"{tag}.{number}": os.urandom(RECORD_BYTES) for number in range(count)}


def write(lab, system, node, records, one_by_one):
    for name, data in records.items():
        system.put(lab, node, name, data)
        if one_by_one:
            time.sleep(ONE_BY_ONE_S)


def wait_for(lab, system, node, records, seconds):
    """Raises OSError with what is missing after SECONDS. Looks at few records until they are there: asking for all costs time."""
    end, names = time.monotonic() + seconds, list(records)
    missing = names
    while missing:
        missing = [name for name in missing if system.get(lab, node, name) != records[name]] if len(missing) < 200 else \
            ([] if has_all(lab, system, node, records) else names)
        if missing and time.monotonic() > end:
            raise OSError(f"node {node} lacks {len(missing)} of {len(records)} records after {seconds} s")
        time.sleep(0.05)


def has_all(lab, system, node, records):
    """Asks only as far as the first that is missing."""
    return all(system.get(lab, node, name) == data for name, data in records.items())


def fingerprints(lab, node):
    return [(item["set"], item["count"], item["fingerprint"])
            for item in json.loads((folder(lab, Mesh, node) / ".mesh/status").read_text())["sets"]]


def own_bytes_per_record(lab, kind, seconds):
    """Of push messages, at the neighbour of the node that writes."""
    before = received(lab, 2)["push"]
    records = made("clean", kind.count)
    write(lab, Mesh, 1, records, kind.one_by_one)
    wait_for(lab, Mesh, NODES, records, seconds)
    time.sleep(2)  # .mesh/peers tells what was a moment ago
    return (received(lab, 2)["push"] - before) / kind.count


def interface_bytes(lab):
    return int(lab.output(MIDDLE.b, "awk", f'$1 == "{MIDDLE.side_b}:" {{print $2 + $10}}', "/proc/net/dev"))


def healed(lab, system, kind, number, seconds):
    """One round: cut, write, heal, wait until both ends have all."""
    network.cut(lab, MIDDLE)
    sides = {1: made(f"west.{number}", kind.count), NODES: made(f"east.{number}", kind.count)}
    for node, records in sides.items():
        write(lab, system, node, records, kind.one_by_one)
    wait_for(lab, system, 2, sides[1], seconds)
    wait_for(lab, system, 3, sides[NODES], seconds)
    time.sleep(2)
    kinds = received(lab, MIDDLE.b)
    before, start = interface_bytes(lab), time.monotonic()
    network.clear(lab)
    wait_for(lab, system, 1, sides[NODES], seconds)
    wait_for(lab, system, NODES, sides[1], seconds)
    if system is Mesh:
        while fingerprints(lab, 1) != fingerprints(lab, NODES):
            if time.monotonic() - start > seconds:
                raise OSError(f"sets differ after {seconds} s")
            time.sleep(0.02)
    took, moved = time.monotonic() - start, interface_bytes(lab) - before
    time.sleep(2)
    return Round(took, moved, by_kind(kinds, received(lab, MIDDLE.b)))


def heal_of(system, kind, rounds, settings):
    """The rounds, and the entries' own bytes per record (0 for systems that have none)."""
    with running(system, NODES) as lab:
        own = own_bytes_per_record(lab, kind, settings.patience_s) if system is Mesh else 0
        for node, side in ((MIDDLE.a, MIDDLE.side_a), (MIDDLE.b, MIDDLE.side_b)):
            lab.do(f"lab_rate {node} {side} {MBIT}")
        return [healed(lab, system, kind, number, settings.patience_s * 3) for number in range(rounds)], own


def heal(settings):
    counts = (100,) if settings.quick else (1000, 10_000)
    for kind in [Kind(count, one_by_one) for count in counts for one_by_one in (True, False)]:
        outcome = Outcome(f"partition healed, {kind.words()}, {MBIT} Mbit/s link", "<= 1.25 x the entries' own bytes",
                          [Limit("link B / entries' B", most=1.25)], group=kind.words(),
                          unit="bytes on the healed link / contents",
                          note=f"records of {RECORD_BYTES} B; link: the interface's bytes, both directions, all headers; "
                          "seconds until both ends have all")
        for system in chosen(settings.systems, outcome, "heal"):
            if system is not Mesh and kind.count > 1000:
                outcome.instead(system.name, "not tried with so many")
                continue
            with failing_alone(outcome, system):
                usual = 3 if system is Mesh and kind.count <= 1000 else 1
                rounds, own = heal_of(system, kind, settings.rounds(usual), settings)
                by_contents = [one.moved / (2 * kind.count * RECORD_BYTES) for one in rounds]
                figures = spread([one.seconds for one in rounds], "s")
                figures["link B / contents B"] = statistics.median(by_contents)
                if own:
                    figures["link B / entries' B"] = figures["link B / contents B"] * RECORD_BYTES / own
                    figures["entry's own B"] = own
                outcome.measured(system.name, by_contents, figures,
                                 note=f"node {MIDDLE.b} got at last: {rounds[-1].kinds}" if own else "")
        yield outcome
