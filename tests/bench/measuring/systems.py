"""meshfs and Syncthing, which run daemons on every node: how to start them, where a node's folder is, how a record goes in and out."""
import contextlib
import json

import wire
from lab import Lab


class InFolder:
    """A system whose nodes show what they have as files of one folder."""

    @classmethod
    def put(cls, lab, node, name, data):
        (folder(lab, cls, node) / name).write_bytes(data)

    @classmethod
    def get(cls, lab, node, name):
        """The bytes, or None while there is nothing of that name."""
        try:
            return (folder(lab, cls, node) / name).read_bytes()
        except OSError:
            return None


class Mesh(InFolder):
    name = "meshfs"
    folder_name = "mesh"

    @staticmethod
    def start(lab):
        lab.do(f"mesh_nodes {lab.nodes}")


class Syncthing(InFolder):
    name = "Syncthing"
    folder_name = "sync"

    @staticmethod
    def start(lab):
        lab.do(f"syncthing_nodes {lab.nodes} " + " ".join(link.words() for link in lab.links))


BOTH = (Mesh, Syncthing)


@contextlib.contextmanager
def running(system, nodes, links=None, plain_packets=True, prepare=None):
    """A lab in which SYSTEM runs on all nodes and has carried a first file from node 1 to the last. PREPARE(lab) comes before."""
    with Lab(nodes, links, plain_packets) as lab:
        wire.start_counting(lab)
        if prepare is not None:
            prepare(lab)
        system.start(lab)
        yield lab


def folder(lab, system, node):
    return lab.folder / str(node) / system.folder_name


def received(lab, node):
    """{kind of message: bytes} that a meshfs node got from all neighbours so far, as it told last; {} from others."""
    try:
        said = json.loads((folder(lab, Mesh, node) / ".mesh/peers").read_text())
    except (OSError, ValueError):
        return {}
    return said.get("received_bytes", {}) | {"unneeded": said.get("received_unneeded_bytes", 0)}


def by_kind(before, after):
    """As words: what came between two calls of received()."""
    moved = {kind: after[kind] - before.get(kind, 0) for kind in after}
    return ", ".join(f"{kind} {moved[kind]:,}" for kind in sorted(moved, key=moved.get, reverse=True) if moved[kind])
