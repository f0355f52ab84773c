"""Bytes that went over links.

interface: what the link's interface counted, both directions: Ethernet, IP and transport headers, acknowledgements, everything.
payload: what was inside UDP datagrams and TCP segments, both directions, counted where they arrive; a program's own framing,
acknowledgements and repeats included, so it is never less than the contents. TCP headers count as 32 bytes (time stamps).
"""
import json
import time

IP_HEADER = {"ipv4": 20, "ipv6": 40}
TRANSPORT_HEADER = {"udp": 8, "tcp": 32}
QUIET_S = 1.5         # nothing more than this long ...
QUIET_BYTES = 600     # ... but for a beacon or two
GIVE_UP_S = 20


def start_counting(lab):
    """Counters in each namespace, before whatever drops packets there."""
    rules = {}
    for node, side in lab.sides():
        for ip in IP_HEADER:
            for transport in TRANSPORT_HEADER:
                name = f"{side}_{ip}_{transport}"
                rules.setdefault(node, []).append(f"add counter inet wire {name}")
                rules[node].append(f'add rule inet wire in iifname "{side}" meta nfproto {ip} meta l4proto {transport} counter name {name}')
    for node, lines in rules.items():
        head = ["add table inet wire", "add chain inet wire in { type filter hook prerouting priority -400; }"]
        lab.output(node, "nft", "-f", "-", text_in="\n".join(head + sorted(lines)) + "\n")  # counters sort before rules


def _interface(lab, node, side):
    for line in lab.output(node, "cat", "/proc/net/dev").splitlines():
        name, _, fields = line.partition(":")
        if name.strip() == side:
            fields = fields.split()
            return int(fields[0]) + int(fields[8])
    raise KeyError(side)


def _arrived(lab, node, side):
    """{transport: bytes inside its packets} that came in there."""
    found = dict.fromkeys(TRANSPORT_HEADER, 0)
    for item in json.loads(lab.output(node, "nft", "-j", "list", "counters", "table", "inet", "wire"))["nftables"]:
        counter = item.get("counter")
        if counter and counter["name"].startswith(side + "_"):
            _, ip, transport = counter["name"].rsplit("_", 2)
            found[transport] += counter["bytes"] - counter["packets"] * (IP_HEADER[ip] + TRANSPORT_HEADER[transport])
    return found


def read(lab):
    """One {interface, payload, udp, tcp} per link of the lab, in their order."""
    out = []
    for link in lab.links:
        ends = _arrived(lab, link.a, link.side_a), _arrived(lab, link.b, link.side_b)
        now = {transport: sum(end[transport] for end in ends) for transport in TRANSPORT_HEADER}
        now["payload"] = sum(now.values())
        now["interface"] = _interface(lab, link.b, link.side_b)
        out.append(now)
    return out


def moved(before, after):
    return [{key: b[key] - a[key] for key in a} for a, b in zip(before, after)]


def total(lab):
    return sum(_interface(lab, link.b, link.side_b) for link in lab.links)


def until_quiet(lab):
    """Returns when what trails a transfer (acknowledgements, index updates) is over; after GIVE_UP_S in any case."""
    end = time.monotonic() + GIVE_UP_S
    while time.monotonic() < end:
        before = total(lab)
        time.sleep(QUIET_S)
        if total(lab) - before <= QUIET_BYTES * len(lab.links):
            return


class Count:
    """with Count(lab) as count: ...; then count.links has what went over each meanwhile and until it was quiet again.

    With TRAIL_S that long after the work instead, for works that are as small as the beacons of a longer time.
    """

    def __init__(self, lab, trail_s=None):
        self.lab, self.trail_s, self.links = lab, trail_s, []

    def __enter__(self):
        until_quiet(self.lab)
        self.before = read(self.lab)
        return self

    def __exit__(self, failure, *unused):
        if failure is None:
            if self.trail_s is None:
                until_quiet(self.lab)
            else:
                time.sleep(self.trail_s)
            self.links = moved(self.before, read(self.lab))
