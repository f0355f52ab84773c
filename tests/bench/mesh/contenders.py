"""The systems of the mesh rows, and what each needs to run as its own documentation advises.

A system is a class with
  name, folder_name   as in the tables; its nodes' files, LAB/<node>/<folder_name> (whole() and big files need a folder)
  version()           words, or None where it is not installed
  SETTINGS            words: everything that was set, for the head of the table
  start(lab)          starts it on nodes 1 to lab.nodes over lab.links and returns when it carries
  put(lab, node, name, data), get(lab, node, name)    a small record in and out; get gives None while there is none
  CANNOT              {row: words} what it is not made for: the words stand in the table instead of figures
  POLL_S, TRIES       how often to look for a record; how many of them the latency row carries at each loss
What put does must be what a user of that system would do. Its daemons' ids go into LAB/<node>/fsd.pid and syncd.pid: so they end
with the lab.
"""
import pathlib
import shutil
import time

import about
import alfred_client
import systems
from systems import InFolder

HERE = pathlib.Path(__file__).resolve().parent
RSYNC_EVERY_S = 5
ALFRED_EVERY_S = 10


class Mesh(systems.Mesh):
    SETTINGS = about.MESHFS
    CANNOT = {}
    POLL_S = 0.001
    TRIES = {0: 50, 20: 50, 40: 30}

    @staticmethod
    def version():
        return about.meshfs_version()


class Syncthing(systems.Syncthing):
    SETTINGS = about.SYNCTHING + "; a node on one segment with others is paired with all of them"
    CANNOT = {"domain 60": "60 x 59 pairs: not tried", "memory": "not tried"}
    POLL_S = 0.005
    TRIES = {0: 15, 20: 8, 40: 5}

    @staticmethod
    def version():
        return about.syncthing_version() if shutil.which("syncthing") else None


class Rsync(InFolder):
    name = "rsync"
    folder_name = "copy"
    SETTINGS = (f"every node pulls from each neighbour's daemon every {RSYNC_EVERY_S} s, the first time at random: "
                "-rltz --update --omit-dir-times; deletes are not carried (--delete would take away what is new)")
    CANNOT = {
    "domain 12": "who pulls from whom is not its matter",
    "domain 60": "who pulls from whom is not its matter",
     "memory": "no daemon of its own"}
    POLL_S = 0.005
    TRIES = {0: 15, 20: 8, 40: 5}

    @staticmethod
    def version():
        return about.first_line("rsync", "--version") if shutil.which("rsync") else None

    @classmethod
    def start(cls, lab):
        lab.addresses()
        for node in range(1, lab.nodes + 1):
            lab.do(f"rsync_node {node} {RSYNC_EVERY_S} " + " ".join(cls.sources(lab, node)))
        carried(cls, lab, 120)

    @staticmethod
    def sources(lab, node):
        """Addresses of the neighbours."""
        return [f"10.99.{number}.{2 if link.a == node else 1}" for number,
            link in enumerate(lab.links, 1) if node in (link.a, link.b)]


class Alfred:
    """All links of a line are one segment for it, as batman-adv would make them: without that its data ends after two hops.

    A record is a dataset of its own: (source, type). Types 64 to 255 first, then further sources, which a primary may speak for.
    """
    name = "ALFRED"
    folder_name = "alfred"
    SETTINGS = (f"all primaries, -b none, sync period {ALFRED_EVERY_S} s (its default); this kernel has no batman-adv: "
                "the middle nodes bridge their two links, which costs nothing where batman-adv would send its own messages")
    CANNOT = {row: "65,509 B is its most" for row in ("big", "lossy", "edited", "idle 20 MB")} | {
        "domain 60": "not tried", "memory": "not tried"}
    POLL_S = 0.02
    TRIES = {0: 12, 20: 6, 40: 4}

    places = {}  # name of a record: (source, type), in the order of their first put

    @staticmethod
    def version():
        return about.first_line("alfred", "--version") if shutil.which("alfred") else None

    @classmethod
    def start(cls, lab):
        cls.places.clear()
        for node in range(1, lab.nodes + 1):
            lab.do(f"alfred_node {node} {ALFRED_EVERY_S}")
        carried(cls, lab, 120)

    @classmethod
    def place_of(cls, node, name):
        if name not in cls.places:
            number = len(cls.places)
            group = number // alfred_client.TYPES
            source = bytes(6) if group == 0 else bytes([2, 0, 0, group >> 8, group & 255, node])
            cls.places[name] = source, alfred_client.FIRST_TYPE + number % alfred_client.TYPES
        return cls.places[name]

    @staticmethod
    def socket(lab, node):
        return lab.folder / str(node) / "alfred.sock"

    @classmethod
    def put(cls, lab, node, name, data):
        source, kind = cls.place_of(node, name)
        alfred_client.push(cls.socket(lab, node), source, kind, name.encode() + b"\0" + data)

    @classmethod
    def get(cls, lab, node, name):
        head = name.encode() + b"\0"
        try:
            found = alfred_client.request(cls.socket(lab, node), cls.place_of(node, name)[1])
        except OSError:
            return None
        return next((payload[len(head):] for payload in found.values() if payload.startswith(head)), None)


def carried(system, lab, seconds):
    """Returns when the last node has a first record of node 1."""
    system.put(lab, 1, "ready", b"ready")
    end = time.monotonic() + seconds
    while system.get(lab, lab.nodes, "ready") != b"ready":
        if time.monotonic() > end:
            raise OSError(f"{system.name}: {lab.nodes} nodes do not carry anything after {seconds} s")
        time.sleep(0.05)


ALL = {system.name.lower(): system for system in (Mesh, Syncthing, Alfred, Rsync)}


def installed(names):
    """The systems of these names that are here, in the table's order."""
    return [system for name, system in ALL.items() if name in names and system.version()]
