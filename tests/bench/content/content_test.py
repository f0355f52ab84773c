#!/usr/bin/env python3
"""The files that the rows carry: edits are what they claim. Seconds, no root."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import edits  # noqa: E402


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


if __name__ == "__main__":
    unittest.main()
