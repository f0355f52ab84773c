"""One group of a row ("20 % loss"): the figures of each system for the table, its single values for the picture."""
import contextlib
import dataclasses
import statistics
import subprocess

import arrival
import table
from lab import LabFailed


@dataclasses.dataclass
class Outcome(table.Work):
    group: str = ""
    unit: str = ""              # of the values in the picture
    aim_value: float = None     # where the picture has its line ...
    aim_words: str = ""         # ... and what stands there, if not the aim
    values: dict = dataclasses.field(default_factory=dict)   # system: what was measured, one after the other
    words: dict = dataclasses.field(default_factory=dict)    # system: what to say where values are missing

    def measured(self, system, values, figures, note=""):
        self.values[system] = values
        self.add(system, figures, note=note)

    def instead(self, system, words):
        """No figures, but words: why not."""
        self.words[system] = words
        self.add(system, {}, note=words)


def percentile_90(values):
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.9))]


def spread(values, unit, digits=2):
    """{figure: value}: median, 90 %, least and greatest, and of how many."""
    if not values:
        return {f"median {unit}": "-"}
    return {f"median {unit}": statistics.median(values), f"p90 {unit}": percentile_90(values),
            "least..most": f"{min(values):,.{digits}f}..{max(values):,.{digits}f}", "n": len(values)}


@contextlib.contextmanager
def failing_alone(outcome, system):
    """What one system cannot do stands in its line; the others go on."""
    try:
        yield
    except (LabFailed, OSError, subprocess.CalledProcessError, arrival.NotThere) as failure:
        outcome.instead(system.name, f"FAILED: {failure}")


def chosen(systems, outcome, *keys):
    """The systems that can do the row; why others can't is noted."""
    for system in systems:
        words = next((system.CANNOT[key] for key in keys if key in system.CANNOT), None)
        if words is None:
            yield system
        else:
            outcome.instead(system.name, words)


def plot_of(row, title, outcomes, note=""):
    """The picture of a row in the form that plots.py reads, or None if nothing was measured."""
    groups = []
    for outcome in outcomes:
        names = [line.system for line in outcome.lines if outcome.values.get(line.system) or outcome.words.get(line.system)]
        systems = [{"system": name, "values": outcome.values.get(name, [])} |
                   ({"words": outcome.words[name]} if outcome.words.get(name) else {}) for name in names]
        if systems:
            groups.append({"name": outcome.group or outcome.name, "systems": systems,
                          "aim": outcome.aim_value, "aim_words": outcome.aim_words or outcome.aim})
    if not any(system["values"] for group in groups for system in group["systems"]):
        return None
    return {"name": row, "title": title[0].upper() + title[1:], "unit": outcomes[0].unit,
                                                 "kind": "strip", "log": True, "groups": groups, "note": note}
