#!/usr/bin/env python3
"""How much of the machine each unit is exposed to, as `systemd-analyze security` counts it: it may fall, never rise.

exposure.py UNIT...     prints a line for each; exit code 1 if one is above its limit or the check finds nothing wrong with a unit
                        that gave up less, 77 (skipped) without systemd-analyze
The figures are those of systemd 252 (Debian 12), in tenths: 0 is nothing, 100 everything. Issue and limit of meshfs-syncd: 20.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# meshfs-fsd is root, mounts, and may have no mount namespace of its own: that alone is 40.
# meshfs-messages is root without a mount namespace, too, but has one capability and reaches no address.
# meshfs-card likewise, without any capability; meshfs-alerts, an example, has those with which it becomes another user.
LIMITS = {"meshfs-card.service": 32, "meshfs-alerts.service": 38, "meshfs-syncd.service": 13, "meshfs-fsd.service": 45, "meshfs-messages.service": 33}


def exposure(unit):
    """In tenths, or None if systemd-analyze says no figure."""
    said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
                          capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: (\d+)\.(\d)", said)
    return int(found[1]) * 10 + int(found[2]) if found else None


def without(unit, start, folder):
    """A copy of the unit that lacks its lines beginning so."""
    lines = unit.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(start)]
    assert len(kept) < len(lines), f"{unit.name} has no line {start}"
    copy = pathlib.Path(folder) / unit.name
    copy.write_text("".join(kept))
    return copy


def main():
    if shutil.which("systemd-analyze") is None:
        print("skipped: there is no systemd-analyze")
        return 77
    bad = 0
    for path in map(pathlib.Path, sys.argv[1:]):
        limit, figure = LIMITS[path.name], exposure(path)
        print(f"{path.name}: {figure} tenths, limit {limit}")
        if figure is None or figure > limit:
            print(f"FAILED: {path.name} is exposed to more than it was")
            bad += 1
        with tempfile.TemporaryDirectory() as folder:
            for start in ("NoNewPrivileges=", "CapabilityBoundingSet=", "SystemCallFilter="):
                looser = exposure(without(path, start, folder))
                if looser is None or looser <= limit:
                    print(f"FAILED: without {start} {path.name} passes just so ({looser})")
                    bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
