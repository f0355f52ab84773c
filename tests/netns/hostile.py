#!/usr/bin/env python3
"""The other side of tests/netns: holds a port, floods with garbage, damages files. Seeded: each run does the same.

hostile.py hold PORT                 binds UDP and TCP there for a minute or until killed
hostile.py flood INTERFACE PORT      garbage datagrams to the multicast groups and neighbours, garbage on TCP connections
hostile.py damage FOLDER COUNT       turns COUNT bytes in the stored chunks under FOLDER
"""
import pathlib
import random
import socket
import struct
import subprocess
import sys
import time

DATAGRAMS = 3000
CONNECTIONS = 50


def hold(port):
    sockets = []
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        held = socket.socket(socket.AF_INET6, kind)
        held.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            held.listen()
        sockets.append(held)
    time.sleep(60)


def neighbours(interface):
    """Link-local addresses seen on the interface."""
    shown = subprocess.run(["ip", "-6", "neigh", "show", "dev", interface], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in shown.stdout.splitlines() if line.startswith("fe80")]


def garbage(dice):
    """Random bytes; some with lengths that lie, some empty, some as large as a datagram gets."""
    size = dice.choice([0, 1, 7, 40, 200, 1280, 1452, 9000, 60000])
    body = dice.randbytes(size)
    if dice.random() < 0.3:
        body = struct.pack("<I", dice.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF])) + body
    return body


def flood(interface, port):
    dice = random.Random(5440)
    index = socket.if_nametoindex(interface)
    addresses = ["ff02::1"] + neighbours(interface)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    for _ in range(DATAGRAMS):
        try:
            udp.sendto(garbage(dice), (dice.choice(addresses), port, 0, index))
        except OSError:
            pass  # larger than this interface sends, or its queue is full
    reached = 0
    for number in range(CONNECTIONS):
        for address in addresses[1:]:
            with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tcp:
                tcp.settimeout(2)
                try:
                    tcp.connect((address, port, 0, index))
                    reached += 1
                    for _ in range(number % 5):
                        tcp.sendall(garbage(dice))
                except OSError:
                    pass  # being cut off is the right answer
    print(f"sent {DATAGRAMS} datagrams, {reached} connections to {len(addresses) - 1} neighbours")
    if len(addresses) < 2:
        sys.exit("no neighbour found: the flood reached nobody")


def damage(folder, count):
    dice = random.Random(1)
    segments = [path for path in pathlib.Path(folder).rglob("*")
                if path.is_file() and ".log" in path.name and path.stat().st_size > 100_000]
    if not segments:
        sys.exit(f"no segment found under {folder}")
    for path in segments:
        data = bytearray(path.read_bytes())
        used = max((i for i in range(0, len(data), 4096) if any(data[i:i + 4096])), default=0)
        if used < 100_000:
            continue
        for _ in range(count):
            data[dice.randrange(8192, used)] ^= 0xFF
        path.write_bytes(data)
        print(f"turned {count} bytes of {path.name}")


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(int(sys.argv[2]))
    elif sys.argv[1] == "flood":
        flood(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1] == "damage":
        damage(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(__doc__)
