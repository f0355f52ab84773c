#!/usr/bin/env python3
"""Makes the configurations of N Syncthing nodes in a line: syncthing_line.py LAB N

Node I shares one folder, LAB/I/sync, with its neighbours only; home is LAB/I/syncthing. Its right side has 10.99.I.1, the left
side of the next node 10.99.I.2. Everything that looks for the world outside is off; fsWatcherDelayS is 1, the least allowed.
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


def configure(lab, number, ids):
    home = lab / str(number) / "syncthing"
    config = tree.parse(home / "config.xml")
    root = config.getroot()
    for key, value in OPTIONS.items():
        root.find("options").find(key).text = value
    addresses = {number - 1: f"tcp://10.99.{number - 1}.1:22000", number + 1: f"tcp://10.99.{number}.2:22000"}
    neighbours = [n for n in addresses if n in ids]
    own = root.find("device")
    for neighbour in neighbours:
        device = tree.fromstring(tree.tostring(own))
        device.set("id", ids[neighbour])
        device.set("name", f"node{neighbour}")
        device.find("address").text = addresses[neighbour]
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
    lab, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    for number in range(1, count + 1):
        (lab / str(number) / "sync").mkdir(parents=True, exist_ok=True)
    ids = {number: generate(lab / str(number) / "syncthing") for number in range(1, count + 1)}
    for number in ids:
        configure(lab, number, ids)


if __name__ == "__main__":
    main()
