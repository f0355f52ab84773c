#!/usr/bin/env python3
"""Makes the configurations of Syncthing nodes: syncthing_nodes.py LAB A,B...

Each A,B is a link: the K-th gives node A the address 10.99.K.1 and node B 10.99.K.2. Node I shares one folder, LAB/I/sync, with its
neighbours only; home is LAB/I/syncthing. Everything that looks for the world outside is off; fsWatcherDelayS is 1, the least allowed.
"""
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as tree

OPTIONS = {
    "globalAnnounceEnabled": "false", "localAnnounceEnabled": "false", "relaysEnabled": "false", "natEnabled": "false",
    "startBrowser": "false", "urAccepted": "-1", "crashReportingEnabled": "false", "autoUpgradeIntervalH": "0",
    "reconnectionIntervalS": "5",
    "setLowPriority": "false",  # meshfs is not niced either
    "listenAddress": "tcp://:22000",
    "stunKeepaliveStartS": "0",
}


def generate(home):
    subprocess.run(["syncthing", "generate", f"--home={home}", "--no-default-folder", "--skip-port-probing"],
                   check=True, capture_output=True)
    return tree.parse(home / "config.xml").getroot().find("device").get("id")


def configure(lab, number, ids, neighbours):
    home = lab / str(number) / "syncthing"
    config = tree.parse(home / "config.xml")
    root = config.getroot()
    for key, value in OPTIONS.items():
        root.find("options").find(key).text = value
    own = root.find("device")
    for neighbour in neighbours:
        device = tree.fromstring(tree.tostring(own))
        device.set("id", ids[neighbour])
        device.set("name", f"node{neighbour}")
        device.find("address").text = f"tcp://{neighbours[neighbour]}:22000"
        root.append(device)
    folder = tree.fromstring(tree.tostring(root.find("defaults").find("folder")))
    folder.set("id", "bench")
    folder.set("path", str(lab / str(number) / "sync"))
    folder.set("fsWatcherDelayS", "1")
    shared_with = folder.find("device")
    for neighbour in neighbours:
        device = tree.fromstring(tree.tostring(shared_with))
        device.set("id", ids[neighbour])
        folder.append(device)
    root.append(folder)
    config.write(home / "config.xml")


def main():
    lab = pathlib.Path(sys.argv[1])
    neighbours = {}  # node: {neighbour: address}
    for number, link in enumerate(sys.argv[2:], 1):
        a, b = map(int, link.split(","))
        neighbours.setdefault(a, {})[b] = f"10.99.{number}.2"
        neighbours.setdefault(b, {})[a] = f"10.99.{number}.1"
    for node in neighbours:
        (lab / str(node) / "sync").mkdir(parents=True, exist_ok=True)
    ids = {node: generate(lab / str(node) / "syncthing") for node in neighbours}
    for node in ids:
        configure(lab, node, ids, neighbours[node])


if __name__ == "__main__":
    main()
