"""Who measured what on which machine: what stands above every table and in every JSON file."""
import datetime
import os
import platform
import subprocess

from lab import TOP

LINKS = "veth between network namespaces; where bytes are counted, frames of at most 1,514 bytes (segmentation offload off)"
MESHFS = "syncd on udp and tcp as it chooses, all nodes on one machine"
SYNCTHING = "paired neighbour to neighbour by address, fsWatcherDelayS=1, no discovery, relay or NAT, not niced"


def first_line(*command):
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not installed"
    return (said.stdout + said.stderr).strip().split("\n")[0]


def commit():
    said = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "?"


def meshfs_version():
    return f"{commit()}, preset release"


def syncthing_version():
    return " ".join(first_line("syncthing", "--version").split()[:2])


def facts(versions, settings):
    model = next(
    (line.split(
        ":",
        1)[1].strip() for line in open(
            "/proc/cpuinfo",
            encoding="utf-8") if line.startswith("model name")),
             "?")
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "commit": commit(),
            "machine": f"{os.cpu_count()} cores, {model}, kernel {platform.release()}", "load": os.getloadavg()[0],
            "versions": versions, "settings": settings}


def show(these):
    print(f"{these['date']}  commit {these['commit']}  {these['machine']}  load {these['load']:.1f}")
    for kind in ("versions", "settings"):
        for name, value in these[kind].items():
            print(f"  {name:<18} {value}")
