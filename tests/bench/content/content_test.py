#!/usr/bin/env python3
"""The measuring measured: edits are what they claim, tables say MISSED and FAILED, wrong bytes are noticed. Seconds, no root."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import arrival  # noqa: E402
import edits  # noqa: E402
import table  # noqa: E402


class Edits(unittest.TestCase):
    data = edits.random_bytes(200_000, 1)

    def test_same_seed_same_bytes(self):
        self.assertEqual(edits.edited(self.data, 5, 20, 100, True), edits.edited(self.data, 5, 20, 100, True))
        self.assertNotEqual(edits.edited(self.data, 5, 20, 100, True), edits.edited(self.data, 6, 20, 100, True))

    def test_in_place_changes_so_many_runs_of_that_size(self):
        new = edits.edited(self.data, 3, 50, 40, False)
        self.assertEqual(len(new), len(self.data))
        differing = [i for i in range(len(new)) if new[i] != self.data[i]]
        # A random byte equals the old one once in 256: nearly all of 50 x 40 differ, in 50 runs with small gaps.
        self.assertTrue(1950 <= len(differing) <= 2000, len(differing))
        places = edits.places(edits.random.Random(3), len(self.data), 50, 40)
        self.assertEqual(len(places), 50)
        self.assertTrue(all(any(place <= i < place + 40 for place in places) for i in differing))

    def test_shifting_moves_what_follows(self):
        new = edits.edited(self.data, 3, 50, 100, True)
        self.assertNotEqual(len(new), len(self.data))
        self.assertLessEqual(abs(len(new) - len(self.data)), 50 * 100)
        at = 0  # what was kept stands in the new version in its order: 51 runs, found one after the other
        places = edits.places(edits.random.Random(3), len(self.data), 50, 200)
        for place, following in zip([-200, *places], [*places, len(self.data)]):
            kept = self.data[place + 200:following]
            at = new.index(kept, at) + len(kept)

    def test_places_keep_their_distance(self):
        chosen = edits.places(edits.random.Random(1), 10_000, 100, 40)
        self.assertTrue(all(b - a >= 40 for a, b in zip(chosen, chosen[1:])))
        self.assertLessEqual(chosen[-1] + 40, 10_000)

    def test_too_many_edits_are_refused(self):
        with self.assertRaises(ValueError):
            edits.edited(self.data, 1, 20_000, 10, False)


class Table(unittest.TestCase):
    def work(self, figure, verified=True):
        work = table.Work("a work", "<= 10 B", [table.Limit("bytes", most=10), table.Limit("files/s", least=5)])
        work.add("meshfs", {"bytes": figure, "files/s": 5}, verified)
        work.add("other", {"bytes": 123456, "more": 1.234})
        return work

    def test_a_miss_is_told_and_only_ours(self):
        text = "\n".join(table.rendered(self.work(11)))
        self.assertEqual(text.count("MISSED"), 1)
        self.assertNotIn("MISSED", "\n".join(table.rendered(self.work(10))))
        self.assertEqual(table.as_plain(self.work(11))["missed"], [["meshfs", "bytes"]])

    def test_least_is_a_limit_too(self):
        work = self.work(1)
        work.lines[0].figures["files/s"] = 4
        self.assertEqual(work.missed(), [("meshfs", "files/s")])

    def test_wrong_bytes_are_told(self):
        self.assertIn("FAILED", "\n".join(table.rendered(self.work(1, verified=False))))
        self.assertNotIn("FAILED", "\n".join(table.rendered(self.work(1))))

    def test_columns_stand_below_each_other(self):
        lines = table.rendered(self.work(1))
        self.assertEqual(lines[1].index("bytes") + len("bytes"), lines[3].index("123,456") + len("123,456"))
        self.assertIn("1.23", lines[3])

    def test_words_instead_of_a_figure_miss_nothing(self):
        self.assertEqual(self.work("not in 120 s").missed(), [])


class Arrival(unittest.TestCase):
    def test_the_right_size_is_not_enough(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "file"
            path.write_bytes(b"right")
            digest = arrival.sha256(path)
            arrival.file_is_there(path, 5, digest, 1)
            path.write_bytes(b"wrong")
            with self.assertRaises(arrival.NotThere):
                arrival.file_is_there(path, 5, digest, 0.1)

    def test_a_tree_is_compared_by_names_and_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "a").mkdir()
            (folder / "a" / "file").write_bytes(b"1")
            (folder / "link").symlink_to("a/file")
            expected = arrival.files_in(folder)
            self.assertEqual(set(expected), {"a/file", "link"})
            arrival.tree_is_there(folder, expected, 1)
            (folder / "a" / "file").write_bytes(b"2")
            with self.assertRaises(arrival.NotThere):
                arrival.tree_is_there(folder, expected, 0.1)


if __name__ == "__main__":
    unittest.main()
