"""What is done to a lab's links, the same for all: packets are lost where they arrive, below bridges, streams and fragments.

The table "faults" is this file's alone. Loss and cuts of different links of one node add up; clear() takes all away.
"""
import contextlib
import pathlib

from lab import Link

HUB = "hub"
# One table for all namespaces of a machine: 60 nodes that know 59 others each need 3,540 places. Linux gives 1,024, and who finds
# none sends nothing and says nothing.
NEIGHBOUR_ROOM = pathlib.Path("/proc/sys/net/ipv6/neigh/default/gc_thresh3")
NEIGHBOURS = 65536


@contextlib.contextmanager
def many_neighbours():
    """Room for them meanwhile."""
    before = NEIGHBOUR_ROOM.read_text()
    try:
        NEIGHBOUR_ROOM.write_text(str(max(NEIGHBOURS, int(before))))
        yield
    finally:
        NEIGHBOUR_ROOM.write_text(before)


def _drop(lab, node, side, condition):
    lab.output(node, "nft", "-f", "-", text_in=f"""add table netdev faults
add chain netdev faults {side} {{ type filter hook ingress device "{side}" priority 0; }}
add rule netdev faults {side} {condition} drop
""")


def lose(lab, percent):
    """That share of the packets on each link, in each direction."""
    if percent:
        for node, side in lab.sides():
            _drop(lab, node, side, f"numgen random mod 100 < {percent}")


def cut(lab, link):
    for node, side in ((link.a, link.side_a), (link.b, link.side_b)):
        _drop(lab, node, side, "meta length >= 0")


def clear(lab):
    for node in sorted({node for node, _ in lab.sides()}):
        lab.do(f"lab_in {node} nft delete table netdev faults 2>/dev/null || true")


def pairs_of(nodes):
    """Every node with every other: the links of one segment as systems see them that pair nodes by address."""
    return [Link(a, "net", b, "net") for a in range(1, nodes + 1) for b in range(a + 1, nodes + 1)]


def one_segment(lab):
    """Nodes 1 to lab.nodes get an interface "net" each, on one bridge in a namespace of its own."""
    lab.do(f"ip netns add $(lab_ns {HUB})")
    lab.do(f"ip -n $(lab_ns {HUB}) link add segment type bridge mcast_snooping 0 && ip -n $(lab_ns {HUB}) link set segment up")
    for node in range(1, lab.nodes + 1):
        lab.do(
            f"lab_link {HUB} port{node} {node} net && ip -n $(lab_ns {HUB}) link set port{node} master segment && "
            f"lab_plain_packets {node} net")
