#!/usr/bin/python3
"""report_test.py SIM_REPORT: the program measures what can be true, and the table says what was measured."""
import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = sys.argv.pop(1)
LOADER = importlib.machinery.SourceFileLoader("report", str(HERE / "report"))
SPEC = importlib.util.spec_from_loader("report", LOADER)
report = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(report)


def measured(case, seeds=2):
    out = subprocess.run([PROGRAM, "--case", case, "--seeds", str(seeds)], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def too_good(row):
    """What in it beats its bound: then one of the two is wrong."""
    pairs = (("ms", "bound_ms"), ("bytes_per_link", "bound_bytes_per_link"), ("data", "bound_data"),
             ("search_bytes", "bound_search_bytes"))
    return [key for key, bound in pairs if key in row and bound in row and row[key] < row[bound]]


class Measuring(unittest.TestCase):
    def test_nothing_beats_its_bound(self):
        for case in ("line5", "line11-loss20", "grid25", "islands40"):
            for row in measured(case):
                self.assertEqual(row["all"], "yes", case)
                self.assertEqual(too_good(row), [], row)

    def test_news_crosses_a_grid_at_the_speed_of_its_links(self):
        for case in ("grid25", "grid100"):
            rows = measured(case, 9)
            # One in sixty has a node that nobody served first: it gets the news by a repeat, 17 ms later.
            self.assertLessEqual(sorted(row["ms"] / row["bound_ms"] for row in rows)[4], 1.3, case)
            for row in rows:
                self.assertLessEqual(row["ms"], 2 * row["bound_ms"], row)
                self.assertLessEqual(row["data"], 1.1 * row["nodes"], row)

    def test_the_check_above_sees_a_miracle(self):
        row = measured("line5", 1)[0]
        self.assertEqual(too_good({**row, "ms": row["bound_ms"] / 2}), ["ms"])
        self.assertEqual(too_good({**row, "data": 1}), ["data"])

    def test_one_seed_is_one_run(self):
        def figures(row):
            return {key: value for key, value in row.items() if not key.endswith("wall_s") and key != "peak_mb"}
        first, second = measured("line11-loss20"), measured("line11-loss20")
        self.assertEqual([figures(row) for row in first], [figures(row) for row in second])
        self.assertNotEqual(first[0]["ms"], first[1]["ms"])

    def test_the_program_refuses_what_it_does_not_know(self):
        done = subprocess.run([PROGRAM, "--case", "nothing"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)


class Table(unittest.TestCase):
    ROW = {"case": "line5", "nodes": 5, "loss_percent": 0, "all": "yes", "ms": 20, "bound_ms": 10, "bytes_per_link": 900,
           "bound_bytes_per_link": 300, "data": 10, "bound_data": 4, "messages": 8, "record_bytes": 300}

    def test_medians_tails_and_ratios(self):
        rows = [{**self.ROW, "ms": time} for time in (20, 30, 40, 50, 600)]
        (heads, lines), = report.tables(rows)
        found = list(zip(heads, lines[0]))
        self.assertIn(("ms", "40.0"), found)
        self.assertIn(("p90", "600"), found)
        self.assertIn(("ratio", "4.00"), found)
        self.assertIn(("data/node", "2.00"), found)
        self.assertIn(("reached", "all"), found)

    def test_a_run_that_never_ended_is_named(self):
        (_, lines), = report.tables([self.ROW, {**self.ROW, "all": "no"}])
        self.assertEqual(lines[0][-1], "1 never")

    def test_quantiles_are_values_that_were_measured(self):
        self.assertEqual(report.quantile([5, 1, 3], 90), 5)
        self.assertEqual(report.quantile(list(range(1, 101)), 90), 90)
        self.assertEqual(report.quantile([7], 90), 7)


if __name__ == "__main__":
    unittest.main()
