#!/usr/bin/env python3
"""plots.py: figures that would draw an empty picture are refused, colours and quartiles are what they claim. No root."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import plots  # noqa: E402

DEBIAN_PYTHON = "/usr/bin/python3"


def strip(*systems):
    return {"name": "a", "title": "A work", "unit": "ms", "kind": "strip",
        "groups": [{"name": "no loss", "systems": list(systems)}]}


def curve(points):
    return {"name": "b", "title": "A curve", "unit": "s", "kind": "curve", "systems": [{"system": "grid", "points": points}]}


class Figures(unittest.TestCase):
    def test_what_can_be_drawn_passes(self):
        plots.checked(strip({"system": "meshfs", "values": [1]}, {"system": "ALFRED", "words": "never"}))
        plots.checked(curve([[1, [2]]]))

    def test_what_would_be_empty_is_refused(self):
        for bad in (strip(), strip({"system": "meshfs", "values": []}), strip({"system": "meshfs", "value": [1]}),
                    curve([]), curve([[1, []]]), strip({"system": "meshfs", "values": [1]}) | {"kind": "pie"}):
            with self.assertRaises(plots.BadFigures):
                plots.checked(bad)
        without_unit = strip({"system": "meshfs", "values": [1]})
        del without_unit["unit"]
        with self.assertRaises(plots.BadFigures):
            plots.checked(without_unit)

    def test_a_system_keeps_its_colour_whoever_stands_beside(self):
        alone, beside = plots.colours_of(["Syncthing"]), plots.colours_of(["line", "meshfs", "grid", "Syncthing"])
        self.assertEqual(alone["Syncthing"], beside["Syncthing"])
        self.assertEqual(len(set(beside.values())), 4)

    def test_quartiles(self):
        self.assertEqual(plots.quartiles([4]), (4, 4, 4))
        self.assertEqual(plots.quartiles([1, 2, 3, 4, 5]), (2, 3, 4))

    def test_few_dots_of_many_values_keep_the_ends(self):
        dots = plots.dots_of([*range(100_000), 1e9])
        self.assertEqual(len(dots), plots.MOST_DOTS)
        self.assertEqual((dots[0], dots[-1]), (0, 1e9))
        self.assertEqual(plots.dots_of([3, 1]), [1, 3])

    def test_zero_has_a_place_on_a_log_axis(self):
        self.assertLess(plots.floor_of([0, 6, 9]), 6)
        self.assertGreater(plots.floor_of([0, 6, 9]), 0)
        self.assertGreater(plots.floor_of([0]), 0)

    def test_numbers_are_read_without_powers(self):
        self.assertEqual([plots.plain_number(value)
                         for value in (0.02, 5, 1500, 20_000, 3e6)], ["0.02", "5", "1,500", "20k", "3M"])


def has_matplotlib():
    try:
        return subprocess.run([DEBIAN_PYTHON, "-c", "import matplotlib"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@unittest.skipUnless(has_matplotlib(), "Debian's python3-matplotlib is not here")
class Pictures(unittest.TestCase):
    def drawn(self, figures, folder):
        source = pathlib.Path(folder) / "figures.json"
        source.write_text(json.dumps({"plots": figures}), encoding="utf-8")
        return subprocess.run([DEBIAN_PYTHON, str(HERE / "plots.py"), str(source), folder],
                              capture_output=True, text=True, check=False)

    def test_the_same_figures_give_the_same_bytes(self):
        figures = [strip({"system": "meshfs", "values": [1, 2, 3, 0, 5]}, {
                         "system": "ALFRED", "words": "never"}), curve([[1, [2]], [10, [3, 4]]])]
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            for folder in (one, two):
                self.assertEqual(self.drawn(figures, folder).returncode, 0)
            for name in ("a.svg", "b.svg"):
                first, second = (pathlib.Path(folder, name).read_bytes() for folder in (one, two))
                self.assertIn(b"<svg", first)
                self.assertEqual(first, second)

    def test_refused_figures_end_with_a_word(self):
        with tempfile.TemporaryDirectory() as folder:
            said = self.drawn([strip({"system": "meshfs", "values": []})], folder)
            self.assertNotEqual(said.returncode, 0)
            self.assertIn("no values", said.stderr)


if __name__ == "__main__":
    unittest.main()
