#!/usr/bin/python3
"""Draws measurements as SVG, one file per plot: plots.py FIGURES.json FOLDER [--only NAME,...]

Of the JSON only the list "plots" is read, so that a result file may hold its plots beside all else. A plot is
  {"name": "latency",                 the file's name, without .svg
   "title": "...", "unit": "ms",      what stands above it and at the axis of values
   "note": "...",                     a small line below it; may be left out
   "kind": "strip" or "curve", "log": true}

strip: groups below each other, in each a strip per system: every value as a dot, a box from quartile to quartile from five
values on, a bar at the median. Words instead of values ("not in 60 s") are written there.
  "groups": [{"name": "20 % loss", "aim": 500, "aim_words": "p90 <= 500 ms",
              "systems": [{"system": "meshfs", "values": [12.1, 14.0]}, {"system": "ALFRED", "words": "never"}]}]

curve: values over a number, a line through the medians and a band from the least to the greatest.
  "x": "nodes", "log_x": true, "systems": [{"system": "meshfs", "points": [[10, [1.2, 1.3]], [100, [2.1]]], "bound": false}]
A system with "bound": true is something to compare with: a dashed line without dots.

Runs on Debian's python3-matplotlib. The same figures give the same bytes.
"""
import argparse
import json
import pathlib
import random
import statistics
import sys

# Okabe and Ito's colours: told apart by everybody, on paper too. A system has the same one in every picture.
COLOURS = {"meshfs": "#0072B2", "Syncthing": "#D55E00", "ALFRED": "#009E73", "rsync": "#CC79A7"}
MORE_COLOURS = ["#56B4E9", "#E69F00", "#000000", "#7F3C8D", "#8C6D31", "#999999"]
BOUND_COLOUR = "#666666"
BOX_FROM = 5          # fewer values have no quartiles worth drawing
STRIP_INCH = 0.27     # height of one system's strip
LEAST_SPAN = 10       # a log axis shows at least a decade
MOST_DOTS = 400       # of one strip: more are a smear and a large file; the extremes always stay


class BadFigures(Exception):
    pass


def colours_of(names):
    """{name: colour}: the fixed ones, then the others in their order, round and round."""
    chosen, spare = {}, 0
    for name in dict.fromkeys(names):
        if name in COLOURS:
            chosen[name] = COLOURS[name]
        else:
            chosen[name] = MORE_COLOURS[spare % len(MORE_COLOURS)]
            spare += 1
    return chosen


def quartiles(values):
    """First quartile, median, third one."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def dots_of(values):
    """At most MOST_DOTS of them, evenly by rank, with both ends."""
    ordered = sorted(values)
    if len(ordered) <= MOST_DOTS:
        return ordered
    step = (len(ordered) - 1) / (MOST_DOTS - 1)
    return [ordered[round(i * step)] for i in range(MOST_DOTS)]


def floor_of(values):
    """Where zero stands on a log axis: a third of the least positive value."""
    positive = [value for value in values if value > 0]
    return min(positive) / 3 if positive else 0.1


def checked(plot):
    """The plot, or BadFigures with what is wrong: a typing error must not become an empty picture."""
    for key in ("name", "title", "unit", "kind"):
        if key not in plot:
            raise BadFigures(f"a plot without \"{key}\": {plot.get('name', '?')}")
    if plot["kind"] == "strip":
        systems = [system for group in plot.get("groups", []) for system in group["systems"]]
        shown = [system for system in systems if system.get("values") or system.get("words")]
    elif plot["kind"] == "curve":
        systems = plot.get("systems", [])
        shown = [system for system in systems if system.get("points") and all(values for _, values in system["points"])]
    else:
        raise BadFigures(f"{plot['name']}: there is no kind {plot['kind']}")
    if not systems or len(shown) != len(systems):
        raise BadFigures(f"{plot['name']}: something in it has no values")
    return plot


# --- drawing; matplotlib is loaded only for that ---


def canvas(width, height):
    import matplotlib  # pylint: disable=import-outside-toplevel
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "meshfs", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel
    return pyplot.subplots(figsize=(width, height), layout="constrained")


def plain_number(value, _position=None):
    """0.02, 5, 1,000, 20k, 3M: no powers of ten to be read."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):g}{letter}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def plain_axis(axis, log, span):
    """SPAN: greatest by least value; within little more than a decade 2 and 5 get numbers too."""
    from matplotlib import ticker  # pylint: disable=import-outside-toplevel
    axis.set_major_formatter(ticker.FuncFormatter(plain_number))
    if log:
        axis.set_major_locator(ticker.LogLocator(base=10, subs=(1, 2, 5) if span < 300 else (1,)))
        axis.set_minor_formatter(ticker.NullFormatter())


def save(figure, plot, folder):
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel
    if plot.get("note"):
        figure.supxlabel(plot["note"], fontsize=8, color="#444444", x=0.01, ha="left")
    path = pathlib.Path(folder) / f"{plot['name']}.svg"
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    return path


def draw_strip_of(axes, system, y, colour, floor, edge):
    """One system in one group, around height Y. Words stand at EDGE."""
    if not system.get("values"):
        axes.text(edge, y, "  " + system["words"], va="center", color=colour, fontsize=9)
        return
    values = [max(value, floor) for value in system["values"]]
    low, middle, high = quartiles(values)
    if len(values) >= BOX_FROM:
        axes.barh(y, high - low, left=low, height=0.72, color=colour, alpha=0.22, linewidth=0)
    rng = random.Random(len(values))
    dots = dots_of(values)
    axes.scatter(dots, [y + rng.uniform(-0.2, 0.2) for _ in dots], s=9, color=colour, alpha=0.55, linewidths=0)
    axes.plot([middle, middle], [y - 0.38, y + 0.38], color=colour, linewidth=2, solid_capstyle="butt")
    words = plain_number(float(f"{statistics.median(system['values']):.3g}"))
    if system.get("words"):
        words += f"; {system['words']}"
    axes.annotate(words, (max(values), y), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8, color=colour)


def draw_strip(plot, folder):
    groups = plot["groups"]
    strips = sum(len(group["systems"]) for group in groups)
    everything = [value for group in groups for system in group["systems"] for value in system.get("values", [])]
    everything += [group["aim"] for group in groups if group.get("aim") is not None]
    if not everything:
        raise BadFigures(f"{plot['name']}: nothing in it is a number")
    log = plot.get("log", True)
    floor = floor_of(everything) if log else float("-inf")
    greatest = max([*everything, floor if log else 0])
    least = max(floor, min(everything)) if log else min([0, *everything])
    if log and greatest < least * LEAST_SPAN:  # a tenth more must not look like a tenfold
        margin = (LEAST_SPAN * least / greatest) ** 0.5
        least, greatest = least / margin, greatest * margin
    edge = least / 1.3 if log else least
    figure, axes = canvas(9, 1.5 + STRIP_INCH * (strips + len(groups)))
    colours = colours_of(system["system"] for group in groups for system in group["systems"])
    y, ticks = 0.0, []
    for group in groups:
        first = y
        for system in group["systems"]:
            draw_strip_of(axes, system, y, colours[system["system"]], floor, edge)
            y += 1
        ticks.append(((first + y - 1) / 2, group["name"]))
        if group.get("aim") is not None:
            axes.plot([group["aim"]] * 2, [first - 0.6, y - 0.4], color="black", linewidth=1, linestyle=(0, (3, 2)))
            axes.annotate(group.get("aim_words", "aim"), (group["aim"], first - 0.62),
                          xytext=(-3, 0), textcoords="offset points", fontsize=7.5, va="bottom")
        y += 1
    axes.set_yticks([place for place, _ in ticks], [name for _, name in ticks])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(y - 1.2, -1.3)
    if log:
        axes.set_xscale("log")
        axes.set_xlim(edge, greatest * (greatest / edge) ** 0.12)
    else:
        axes.set_xlim(edge, greatest * 1.12)
    plain_axis(axes.xaxis, log, greatest / edge if log else 1)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{plot['unit']}   (dots: single values; box: quartiles; bar and number: median)", fontsize=9)
    axes.set_title(plot["title"], loc="left", fontsize=11, fontweight="bold", pad=26)
    marks = [axes.plot([], [], marker="s", linestyle="", color=colour, label=name)[0] for name, colour in colours.items()]
    axes.legend(handles=marks, loc="lower left", bbox_to_anchor=(0, 1), ncol=len(marks), frameon=False, fontsize=9,
                handletextpad=0.2, borderaxespad=0.1)
    return save(figure, plot, folder)


def draw_curve(plot, folder):
    figure, axes = canvas(9, 5)
    colours = colours_of(system["system"] for system in plot["systems"] if not system.get("bound"))
    for system in plot["systems"]:
        points = sorted(system["points"])
        x = [point[0] for point in points]
        middle = [statistics.median(values) for _, values in points]
        if system.get("bound"):
            axes.plot(x, middle, color=BOUND_COLOUR, linestyle="--", linewidth=1, label=system["system"])
            continue
        colour = colours[system["system"]]
        axes.fill_between(x, [min(values) for _, values in points], [max(values)
                          for _, values in points], color=colour, alpha=0.18, linewidth=0)
        axes.plot(x, middle, color=colour, marker="o", markersize=4, label=system["system"])
    if plot.get("log", True):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    if plot.get("log_x"):
        axes.set_xscale("log")
    everything = [value for system in plot["systems"] for _, values in system["points"] for value in values if value > 0] or [1]
    places = [point[0] for system in plot["systems"] for point in system["points"] if point[0] > 0] or [1]
    plain_axis(axes.yaxis, plot.get("log", True), max(everything) / min(everything))
    plain_axis(axes.xaxis, plot.get("log_x", False), max(places) / min(places))
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(plot.get("x", ""))
    axes.set_ylabel(plot["unit"])
    axes.set_title(plot["title"], loc="left", fontsize=11, fontweight="bold")
    axes.legend(frameon=False, fontsize=9)
    return save(figure, plot, folder)


def draw(plot, folder):
    """Returns the path of the picture."""
    return {"strip": draw_strip, "curve": draw_curve}[checked(plot)["kind"]](plot, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="", metavar="NAME,...")
    chosen = parser.parse_args()
    plots = json.loads(chosen.figures.read_text(encoding="utf-8")).get("plots", [])
    names = [name for name in chosen.only.split(",") if name]
    chosen.folder.mkdir(parents=True, exist_ok=True)
    try:
        for plot in plots:
            if not names or plot.get("name") in names:
                print(draw(plot, chosen.folder))
    except BadFigures as bad:
        sys.exit(str(bad))


if __name__ == "__main__":
    main()
