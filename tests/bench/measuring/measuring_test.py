#!/usr/bin/env python3
"""The measuring measured: tables say MISSED and FAILED, wrong bytes are noticed. Seconds, no root."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import arrival  # noqa: E402
import table  # noqa: E402


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
