"""What was measured, as lines for the screen and as plain values for a JSON file.

A Work has an aim in words, limits for some figures of meshfs, and one line per system: its figures by name. A figure beyond its limit
is printed with MISSED; nothing passes or fails by it.
"""
import dataclasses
import operator

OURS = "meshfs"


@dataclasses.dataclass(frozen=True)
class Limit:
    figure: str
    most: float = None   # either of the two
    least: float = None

    def misses(self, value):
        return (self.most is not None and operator.gt(value, self.most)) or \
            (self.least is not None and operator.lt(value, self.least))


@dataclasses.dataclass
class Line:
    system: str
    figures: dict                  # name: number, or words if there is none
    verified: bool = True          # what arrived had the right bytes
    note: str = ""


@dataclasses.dataclass
class Work:
    name: str
    aim: str
    limits: list
    lines: list = dataclasses.field(default_factory=list)
    note: str = ""

    def add(self, system, figures, verified=True, note=""):
        self.lines.append(Line(system, figures, verified, note))

    def missed(self):
        return [(line.system, limit.figure) for line in self.lines for limit in self.limits
                if line.system.startswith(OURS) and is_number(line.figures.get(limit.figure)) and
                limit.misses(line.figures[limit.figure])]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def shown(value):
    if value is None:
        return "-"
    if not is_number(value):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}"


def rendered(work):
    """The lines of one work, aligned."""
    columns = list(dict.fromkeys(name for line in work.lines for name in line.figures))
    missed = set(work.missed())
    rows = [["", *columns, ""]]
    for line in work.lines:
        cells = [shown(line.figures.get(name)) + (" MISSED" if (line.system, name) in missed else "") for name in columns]
        rows.append([line.system, *cells, ("" if line.verified else "FAILED: wrong or missing bytes ") + line.note])
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns) + 1)]
    out = [f"{work.name}   aim: {work.aim}"]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        out.append("  " + "  ".join(cells + [row[-1]]).rstrip())
    if work.note:
        out.append(f"  {work.note}")
    return out


def as_plain(work):
    """For json.dump: the fields, and which figures missed their limits."""
    return dataclasses.asdict(work) | {"missed": [list(pair) for pair in work.missed()]}
