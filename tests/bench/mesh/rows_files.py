"""Files over four hops: the same works as content.py's, over the systems of this table."""
import statistics

import edits
import network
import rows_edits
import rows_speed
from contenders import Mesh
from outcome import Outcome, chosen, failing_alone, spread
from systems import running
from table import Limit

NODES = rows_speed.NODES


def carried(settings, row, size, loss, aim, most, group):
    rounds_of_ours, rounds_of_others = (5, 2) if loss else (5, 3)
    outcome = Outcome(f"{size / 1e6:g} MB over {NODES - 1} hops{f', {loss} % loss' if loss else ', free links'}", aim,
                      [Limit("median s", most=most)] if most else [], group=group, unit="seconds",
                      aim_value=most, aim_words=f"aim: {most} s",
                      note="from open at one end until the right bytes were read at the other; random contents")
    for system in chosen(settings.systems, outcome, row):
        with failing_alone(outcome, system), running(system, NODES, plain_packets=bool(loss)) as lab:
            network.lose(lab, loss)
            taken = [rows_speed.carry(lab, system, f"{row}.{number}", size, settings.patience_s)
                     for number in range(settings.rounds(rounds_of_ours if system is Mesh else rounds_of_others))]
            outcome.measured(system.name, taken, spread(taken, "s"))
    return outcome


def big(settings):
    size = 1_000_000 if settings.quick else 10_000_000
    yield carried(settings, "big", size, 0, "no aim of its own", None, f"{size // 1_000_000} MB")


def lossy(settings):
    size = 100_000 if settings.quick else 1_000_000
    yield carried(settings, "lossy", size, 20, "median <= 3 s", 3, f"{size / 1e6:g} MB, 20 % loss")


def edited(settings):
    kind = rows_edits.kinds(settings.quick)[0]
    base = edits.programs(kind.size)
    outcome = Outcome(f"{kind.name}, {NODES - 1} hops", kind.aim, kind.limits, group="100 edits of 1 kB",
                      unit="bytes on the last link", aim_value=kind.limits[-1].most, aim_words=f"aim: {kind.limits[-1].most:,}",
                      note="the file: this machine's programs; bytes until the link was quiet")
    for system in chosen(settings.systems, outcome, "edited"):
        with failing_alone(outcome, system), running(system, NODES) as lab:
            samples = [rows_edits.change(lab, system, f"edited.{number}", base, kind.version(base, rows_edits.EDIT_SEED + number),
                                         settings.patience_s)
                       for number in range(settings.rounds(3 if system is Mesh else 2))]
            interface = [links[-1]["interface"] for links in samples]
            outcome.measured(system.name, interface, {
                "payload B": int(statistics.median(links[-1]["payload"] for links in samples)),
                "interface B": int(statistics.median(interface)),
                "least..most": f"{min(interface):,}..{max(interface):,}", "n": len(samples)})
    yield outcome
