"""Bytes by kind that arrived at the nodes' interfaces: what programs sent apart from what the kernel says to keep links alive.

Frames are counted as they come in, before bridges and faults, with their Ethernet headers. kernel: ICMPv6 (neighbour discovery,
MLD), IGMP, ARP.
"""
import json

ETHERNET = 14
KINDS = {
    "udp": ("meta protocol ip meta l4proto udp", "meta protocol ip6 meta l4proto udp"),
    "tcp": ("meta protocol ip meta l4proto tcp", "meta protocol ip6 meta l4proto tcp"),
    "kernel": ("meta protocol ip6 meta l4proto ipv6-icmp", "meta protocol ip6 meta l4proto 0", "meta protocol ip meta l4proto 2",
               "meta protocol arp"),
}
OURS = ("udp", "tcp")


def rules_for(sides):
    """The nft script for one node's interfaces."""
    lines = ["add table netdev counted"]
    for side in sides:
        lines.append(f'add chain netdev counted {side} {{ type filter hook ingress device "{side}" priority -400; }}')
        for kind, conditions in KINDS.items():
            for number, condition in enumerate(conditions):
                name = f"{side}_{kind}_{number}"
                lines += [f"add counter netdev counted {name}", f"add rule netdev counted {side} {condition} counter name {name}"]
    return "\n".join(lines) + "\n"


def start(lab, sides):
    for node in sorted({node for node, _ in sides}):
        lab.output(node, "nft", "-f", "-", text_in=rules_for([side for owner, side in sides if owner == node]))


def summed(listing):
    """{side: {kind: bytes with Ethernet headers}} of what `nft -j list counters` said."""
    found = {}
    for item in json.loads(listing)["nftables"]:
        counter = item.get("counter")
        if counter:
            side, kind, _ = counter["name"].rsplit("_", 2)
            kinds = found.setdefault(side, dict.fromkeys(KINDS, 0))
            kinds[kind] += counter["bytes"] + counter["packets"] * ETHERNET
    return found


def read(lab, sides):
    """{(node, side): {kind: bytes}} that arrived there since the start."""
    found = {}
    for node in sorted({node for node, _ in sides}):
        for side, kinds in summed(lab.output(node, "nft", "-j", "list", "counters", "table", "netdev", "counted")).items():
            found[node, side] = kinds
    return found


def moved(before, after):
    return {place: {kind: after[place][kind] - before[place][kind] for kind in KINDS} for place in after}


def ours(kinds):
    return sum(kinds[kind] for kind in OURS)
