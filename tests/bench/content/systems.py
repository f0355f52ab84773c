"""The two systems that run daemons on every node: how to start them, where a node's folder is, who they are."""
import contextlib
import json
import subprocess

import wire
from lab import Lab


class Mesh:
    name = "meshfs"
    folder_name = "mesh"

    @staticmethod
    def start(lab):
        lab.do(f"mesh_nodes {lab.nodes}")


class Syncthing:
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


def first_line(*command):
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not installed"
    return (said.stdout + said.stderr).strip().split("\n")[0]


def versions(commit):
    return {
        "meshfs": f"{commit}, preset release",
        "rsync": first_line("rsync", "--version"),
        "rdiff": first_line("rdiff", "--version"),
        "casync": first_line("casync", "--version"),
        "zstd": first_line("zstd", "--version"),
        "Syncthing": " ".join(first_line("syncthing", "--version").split()[:2]),
        "desync": "not packaged in Debian 12",
    }


SETTINGS = {
    "links": "veth between network namespaces, Ethernet frames of at most 1,514 bytes (segmentation offload off) wherever bytes are counted",
    "meshfs": "syncd on udp and tcp as it chooses, all nodes on one machine",
    "rsync": "daemon, -z (zstd), plain TCP, a copy of the old file in place; 'best -B' is the best of several block sizes",
    "rdiff": "signature and delta each as zstd -19 over plain TCP; the best of several block sizes",
    "casync": "the store served by an HTTP/1.1 server, old file as seed, zstd; the best of several chunk sizes",
    "zstd --patch-from": "no system, only the size of a delta by zstd -19 --long=27: about what is new",
    "Syncthing": "paired neighbour to neighbour by address, fsWatcherDelayS=1, no discovery, relay or NAT, not niced",
}
