#!/usr/bin/env python3
"""What the mesh rows compute: lag, spread, counters, ALFRED's messages. Each with what it must not accept. No root."""
import json
import pathlib
import struct
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "measuring"), str(HERE.parent / "content"), str(HERE.parent)]
import alfred_client  # noqa: E402
import contenders  # noqa: E402
import counters  # noqa: E402
import network  # noqa: E402
import outcome  # noqa: E402
import plots  # noqa: E402
import rows_records  # noqa: E402
import table  # noqa: E402


class Rewritten(unittest.TestCase):
    written = [(10.0, 0), (11.0, 1), (12.0, 2)]

    def test_every_version_seen(self):
        share, behind = rows_records.followed(self.written, [(10.1, 0), (11.2, 1), (12.3, 2)])
        self.assertEqual(share, 1)
        self.assertEqual([round(b, 3) for b in behind], [0.1, 0.2, 0.3])

    def test_a_later_version_counts_as_having_followed_but_not_as_seen(self):
        share, behind = rows_records.followed(self.written, [(10.1, 0), (12.5, 2)])
        self.assertAlmostEqual(share, 2 / 3)
        self.assertEqual([round(b, 3) for b in behind], [0.1, 1.5, 0.5])

    def test_what_was_never_reached_has_no_lag(self):
        share, behind = rows_records.followed(self.written, [(10.1, 0)])
        self.assertAlmostEqual(share, 1 / 3)
        self.assertEqual(len(behind), 1)

    def test_half_a_version_is_none(self):
        whole = rows_records.version_bytes(41)
        self.assertEqual(len(whole), rows_records.RECORD_BYTES)
        self.assertEqual(rows_records.version_of(whole), 41)
        for bad in (None, b"", whole[:-1], whole + b".", b"x" * rows_records.RECORD_BYTES,
                    b"4x\n".ljust(rows_records.RECORD_BYTES, b".")):
            self.assertIsNone(rows_records.version_of(bad))


class Spread(unittest.TestCase):
    def test_median_and_the_ninth_tenth(self):
        figures = outcome.spread(list(range(1, 11)), "ms", 0)
        self.assertEqual((figures["median ms"], figures["p90 ms"], figures["least..most"], figures["n"]), (5.5, 10, "1..10", 10))
        self.assertEqual(outcome.percentile_90([7]), 7)
        self.assertEqual(outcome.percentile_90(list(range(50))), 45)
        self.assertEqual(outcome.spread([], "ms"), {"median ms": "-"})


class Outcomes(unittest.TestCase):
    def work(self, value):
        work = outcome.Outcome("w", "<= 2 s", [table.Limit("median s", most=2)], group="a group", unit="seconds", aim_value=2)
        work.measured("meshfs", [value], outcome.spread([value], "s"))
        work.instead("ALFRED", "65,509 B is its most")
        return work

    def test_a_miss_is_printed(self):
        self.assertIn("MISSED", "\n".join(table.rendered(self.work(2.1))))
        self.assertNotIn("MISSED", "\n".join(table.rendered(self.work(1.9))))

    def test_words_stand_in_table_and_picture(self):
        self.assertIn("65,509 B is its most", "\n".join(table.rendered(self.work(1))))
        plot = plots.checked(outcome.plot_of("row", "a row", [self.work(1)]))
        self.assertEqual(plot["groups"][0]["systems"][1], {"system": "ALFRED", "values": [], "words": "65,509 B is its most"})
        json.dumps(table.as_plain(self.work(1)))

    def test_without_values_no_picture(self):
        work = outcome.Outcome("w", "", [])
        work.instead("ALFRED", "never")
        self.assertIsNone(outcome.plot_of("row", "a row", [work]))

    def test_one_failure_leaves_the_others(self):
        work = self.work(1)
        with outcome.failing_alone(work, contenders.Rsync):
            raise OSError("no such thing")
        self.assertIn("no such thing", work.words["rsync"])
        with self.assertRaises(ZeroDivisionError), outcome.failing_alone(work, contenders.Rsync):
            raise ZeroDivisionError  # a fault of ours is none of the system's

    def test_who_cannot_says_why(self):
        work = outcome.Outcome("w", "", [])
        self.assertEqual(list(outcome.chosen([contenders.Mesh, contenders.Alfred], work, "big")), [contenders.Mesh])
        self.assertIn("65,509", work.words["ALFRED"])


class Counted(unittest.TestCase):
    def listing(self, *named):
        return json.dumps({"nftables": [{"metainfo": {}}] + [{"counter": {"name": name, "packets": packets, "bytes": size}}
                                                              for name, packets, size in named]})

    def test_frames_are_summed_with_their_headers(self):
        found = counters.summed(self.listing(("left_udp_0", 0, 0), ("left_udp_1", 2, 200),
                                ("left_kernel_3", 1, 28), ("to_x_tcp_0", 1, 52)))
        self.assertEqual(found["left"], {"udp": 228, "tcp": 0, "kernel": 42})
        self.assertEqual(found["to_x"]["tcp"], 66)
        self.assertEqual(counters.ours(found["left"]), 228)  # the kernel's are not ours

    def test_each_kind_has_rules_on_each_interface(self):
        script = counters.rules_for(["left", "right"])
        for kind, conditions in counters.KINDS.items():
            self.assertEqual(script.count(f"add counter netdev counted left_{kind}_"), len(conditions))
        self.assertEqual(script.count("hook ingress"), 2)


class AlfredMessages(unittest.TestCase):
    def test_a_push_is_parsed_as_it_was_made(self):
        mac = bytes([2, 0, 0, 0, 1, 5])
        stream = alfred_client.push_message(mac, 70, b"one") + alfred_client.push_message(bytes(6),
                                            70, b"two") + struct.pack("!BBHHH", 3, 0, 4, 1, 2)
        self.assertEqual(alfred_client.parsed(stream), {(mac, 70): b"one", (bytes(6), 70): b"two"})
        self.assertTrue(alfred_client.is_over(stream))

    def test_half_an_answer_is_neither_over_nor_data(self):
        stream = alfred_client.push_message(bytes(6), 70, b"two")
        self.assertEqual(alfred_client.parsed(stream[:-1]), {})
        self.assertFalse(alfred_client.is_over(stream))

    def test_what_alfred_would_drop_in_silence_is_refused(self):
        alfred_client.push_message(bytes(6), 70, bytes(alfred_client.MOST_BYTES))
        with self.assertRaises(alfred_client.AlfredFailed):
            alfred_client.push_message(bytes(6), 70, bytes(alfred_client.MOST_BYTES + 1))

    def test_every_record_has_a_dataset_of_its_own(self):
        contenders.Alfred.places.clear()
        places = [contenders.Alfred.place_of(1 + number % 5, f"record.{number}") for number in range(1000)]
        self.assertEqual(len(set(places)), 1000)
        self.assertTrue(all(64 <= kind <= 255 for _, kind in places))
        self.assertEqual(contenders.Alfred.place_of(1, "record.7"), places[7])


class Network(unittest.TestCase):
    def test_pairs(self):
        pairs = network.pairs_of(12)
        self.assertEqual(len({(link.a, link.b) for link in pairs}), 66)
        self.assertTrue(all(link.a < link.b for link in pairs))

    def test_an_rsync_node_pulls_from_its_neighbours_addresses(self):
        lab = type("Lab", (), {"links": [network.Link(1, "right", 2, "left"), network.Link(2, "right", 3, "left")]})
        self.assertEqual(contenders.Rsync.sources(lab, 2), ["10.99.1.1", "10.99.2.2"])
        self.assertEqual(contenders.Rsync.sources(lab, 3), ["10.99.2.1"])


class Systems(unittest.TestCase):
    def test_each_offers_what_the_rows_ask_for(self):
        for system in contenders.ALL.values():
            for name in ("name", "folder_name", "SETTINGS", "CANNOT", "POLL_S", "TRIES", "version", "start", "put", "get"):
                self.assertTrue(hasattr(system, name), (system, name))
            self.assertEqual(set(system.TRIES), set(rows_records.AIMS))


if __name__ == "__main__":
    unittest.main()
