"""Small records over four hops: how long one takes, one that changes every second, a hundred at once."""
import os
import statistics
import threading
import time

import network
import wire
from contenders import Alfred, Mesh
from outcome import Outcome, chosen, failing_alone, spread
from systems import running
from table import Limit

NODES = 5
RECORD_BYTES = 200
PAUSE_S = 0.1
LATENCY_PATIENCE_S = 120
GIVE_UP_AFTER = 2    # records that never came: the rest would not either


def arrived_s(lab, system, node, name, data, start, seconds):
    """Seconds from START until NODE has it, or None."""
    while system.get(lab, node, name) != data:
        if time.monotonic() - start > seconds:
            return None
        time.sleep(system.POLL_S)
    return time.monotonic() - start


def latency_of(system, loss, count, seconds):
    """Milliseconds of each record that came, and how many did not."""
    taken, missing = [], 0
    with running(system, NODES) as lab:
        network.lose(lab, loss)
        time.sleep(2)  # what noticed the loss has
        for number in range(count):
            name, data = f"latency.{number}", os.urandom(RECORD_BYTES)
            start = time.monotonic()
            system.put(lab, 1, name, data)
            took = arrived_s(lab, system, NODES, name, data, start, seconds)
            if took is None:
                missing += 1
                if missing == GIVE_UP_AFTER:
                    break
            else:
                taken.append(took * 1000)
            time.sleep(PAUSE_S)
    return taken, missing


AIMS = {0: ("median <= 15 ms", "median ms", 15), 20: ("p90 <= 500 ms", "p90 ms", 500), 40: ("p90 <= 3,000 ms", "p90 ms", 3000)}


def latency(settings):
    for loss, (aim, figure, most) in AIMS.items():
        outcome = Outcome(f"a {RECORD_BYTES}-byte record over {NODES - 1} hops, {loss} % loss", aim, [Limit(figure, most=most)],
                          group=f"{loss} % loss", unit="ms", aim_value=most, aim_words="aim: " + aim,
                          note="from before open(2) at one end until the right bytes can be read at the other; loss: hop by hop")
        for system in chosen(settings.systems, outcome, "latency"):
            count = 3 if settings.quick else system.TRIES[loss]
            with failing_alone(outcome, system):
                taken, missing = latency_of(system, loss, count, LATENCY_PATIENCE_S)
                words = f"{missing} did not come in {LATENCY_PATIENCE_S} s" if missing else ""
                if not taken:
                    outcome.instead(system.name, words)
                    continue
                if words:
                    outcome.words[system.name] = words
                outcome.measured(system.name, taken, spread(taken, "ms", 0 if min(taken) > 100 else 1), note=words)
        yield outcome


# --- one record that changes every second ---

REWRITE_S = 1.0


class Watcher(threading.Thread):
    """Notes when the far end showed another version than before: (time, version)."""

    def __init__(self, lab, system, name):
        super().__init__()
        self.lab, self.system, self.name_of_record = lab, system, name
        self.seen, self.done = [], threading.Event()

    def run(self):
        while not self.done.is_set():
            version = version_of(self.system.get(self.lab, NODES, self.name_of_record))
            if version is not None and (not self.seen or version != self.seen[-1][1]):
                self.seen.append((time.monotonic(), version))
            time.sleep(max(self.system.POLL_S, 0.004))


def version_bytes(number):
    return f"{number}\n".encode().ljust(RECORD_BYTES, b".")


def version_of(data):
    """Its number, or None where the bytes are no whole version."""
    if data is None or len(data) != RECORD_BYTES or b"\n" not in data:
        return None
    number = data.split(b"\n")[0]
    return int(number) if number.isdigit() else None


def followed(written, seen):
    """(share of versions seen, seconds from each version's writing until it or a later one showed, if one ever did).

    WRITTEN and SEEN are (time, version) in the order of time.
    """
    shown = {version for _, version in seen}
    behind = []
    for at, version in written:
        first = next((when for when, what in seen if what >= version and when >= at), None)
        if first is not None:
            behind.append(first - at)
    return len(shown & {version for _, version in written}) / len(written), behind


def rewritten(system, versions, seconds):
    with running(system, NODES) as lab:
        watcher = Watcher(lab, system, "hot")
        watcher.start()
        written, begin = [], time.monotonic()
        try:
            for number in range(versions):
                time.sleep(max(0, begin + number * REWRITE_S - time.monotonic()))
                written.append((time.monotonic(), number))
                system.put(lab, 1, "hot", version_bytes(number))
            end = time.monotonic() + seconds
            while time.monotonic() < end and (not watcher.seen or watcher.seen[-1][1] != versions - 1):
                time.sleep(0.05)
        finally:
            watcher.done.set()
            watcher.join()
    return followed(written, watcher.seen)


def rewrite(settings):
    versions = 10 if settings.quick else 60
    outcome = Outcome(f"a {RECORD_BYTES}-byte file rewritten every second for {versions} s, {NODES - 1} hops",
                      "the far end sees >= 90 % of versions, or always the newest within 0.2 s", [], group="behind, per version",
                      unit="seconds behind", aim_value=0.2, aim_words="aim: 0.2 s",
                      note="behind: from a version's writing until it or a later one shows at the far end")
    for system in chosen(settings.systems, outcome, "rewrite"):
        with failing_alone(outcome, system):
            share, behind = rewritten(system, versions, settings.patience_s)
            figures = {"versions seen, %": round(share * 100), **spread(behind, "s behind", 3),
                                                 "never reached": versions - len(behind)}
            if system is Mesh and (len(behind) < versions or max(behind) > 0.2):
                outcome.limits = [Limit("versions seen, %", least=90)]
            outcome.measured(system.name, behind, figures)
    yield outcome


# --- many at once ---

MANY_LOSS = 20
MANY_BYTES = 1000


def until_all(lab, system, node, records, seconds):
    """Returns when NODE has all of {name: data}, or the number that is missing after SECONDS."""
    missing, end = dict(records), time.monotonic() + seconds
    while missing and time.monotonic() < end:
        missing = {name: data for name, data in missing.items() if system.get(lab, node, name) != data}
        time.sleep(max(system.POLL_S, 0.01))
    return len(missing)


def many_of(system, count, rounds, seconds):
    """(seconds of each round, bytes on the busiest link by the contents' own of each round, missing ones of the last)"""
    taken, times = [], []
    with running(system, NODES) as lab:
        network.lose(lab, MANY_LOSS)
        time.sleep(2)
        for number in range(rounds):
            records = {f"many.{number}.{i}": os.urandom(MANY_BYTES) for i in range(count)}
            # ALFRED is never quiet: it sends all again every period.
            with wire.Count(lab, 0 if system is Alfred else None) as counted:
                start = time.monotonic()
                for name, data in records.items():
                    system.put(lab, 1, name, data)
                missing = until_all(lab, system, NODES, records, seconds)
                took = time.monotonic() - start
            if missing:
                return taken, times, missing
            taken.append(took)
            times.append(max(link["interface"] for link in counted.links) / (count * MANY_BYTES))
    return taken, times, 0


def many(settings):
    count = 20 if settings.quick else 100
    outcome = Outcome(f"{count} new records of {MANY_BYTES:,} B at once over {NODES - 1} hops, {MANY_LOSS} % loss",
                      "all there in <= 2 s, <= 2 x their bytes per link",
                      [Limit("median s", most=2), Limit("wire / contents", most=2)], group="all there",
                      unit="seconds", aim_value=2, aim_words="aim: 2 s",
                      note="wire: what the busiest link's interfaces counted, lost packets too, until quiet; random contents")
    for system in chosen(settings.systems, outcome, "many"):
        rounds = settings.rounds(7 if system is Mesh else 2)
        with failing_alone(outcome, system):
            taken, times, missing = many_of(system, count, rounds, settings.patience_s)
            words = f"{missing} of {count} did not come in {settings.patience_s} s" if missing else ""
            if not taken:
                outcome.instead(system.name, words)
                continue
            outcome.measured(
    system.name,
    taken,
    spread(
        taken,
        "s") | {
            "wire / contents": statistics.median(times),
            "wire, most": max(times)},
             note=words)
            outcome.words.update({system.name: words} if words else {})
    yield outcome
