#!/usr/bin/env python3
"""beside.py LAB NAMESPACE attack KIND | end KIND...: honest news beside an attack of hostile_peer and what it costs the node
next to it; in the end, what the honest nodes hold. The last line is the numbers of checks that passed and failed.

Called by tests/hostile/run, which made the lab: nodes 1, 2, 3 run, node 4's keys are in LAB/4/state.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

LAB, NAMESPACE = pathlib.Path(sys.argv[1]), sys.argv[2]
BIN, PEER = pathlib.Path(os.environ["LAB_BIN"]), os.environ["HOSTILE_PEER"]
STRANGERS = ("junk", "hellos", "replays")
# What those of these kinds must have come to show: that they are judged means that they were heard.
ALLOWED = {"flood": "sound-", "symlinks": "symlink-", "twins": "twin-", "dated": "dated-"}
FORBIDDEN = ("forged-", "rule-", "q", "..", "promised-", "nodes-", "network-", "stolen-", "lent-")
SILENT = ("revoked",)                       # gets no session to say anything in
ANSWERING = ("cells", "sketch", "beacons")  # say little unless asked
ATTACK_S, ROUNDS = 6, 12
VICTIM = 3
# Bytes that the attack may add to what the victim holds, beside the honest files of the rounds.
ROUND_DISK = ROUNDS * 6 * 1024
STRANGERS_DISK = 64 * 1024
MEMBER_DISK = 16 * 1024 * 1024      # of entries that it may sign: 6,000 by `flood`
MEMORY = {"meshfs-syncd": 8 * 1024 * 1024, "meshfs-fsd": 24 * 1024 * 1024}
LONGEST_S = 20
TICK = os.sysconf("SC_CLK_TCK")

passed = failed = 0


def check(good, what):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {what}", flush=True)


def pid_of(node, program):
    return int((LAB / str(node) / f"{program}.pid").read_text())


def processes(node):
    """Name and id of the node's daemons; syncd's and fsd's helpers are theirs."""
    return {"meshfs-fsd": pid_of(node, "fsd"), "meshfs-syncd": pid_of(node, "syncd")}


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def disk(node):
    return sum(path.stat().st_size for path in (LAB / str(node) / "state").rglob("*")
               if path.is_file() and path.suffix != ".mdb")


def mesh(node, name=""):
    return LAB / str(node) / "mesh" / name


def names_everywhere(node):
    return {name for _, folders, files in os.walk(mesh(node)) for name in (*folders, *files)}


def honest_files():
    return sum(name.startswith("honest-") for name in os.listdir(mesh(1)))


def one_round():
    """Milliseconds until a file written at one honest end shows at the other; None if it does not come."""
    number = honest_files() + 1
    ends = (1, VICTIM) if number % 2 else (VICTIM, 1)
    name, text = f"honest-{number}", f"round {number} ".ljust(200, "h")
    at = time.monotonic()
    mesh(ends[0], name).write_text(text)
    while time.monotonic() - at < LONGEST_S:
        try:
            if mesh(ends[1], name).read_text() == text:
                return (time.monotonic() - at) * 1000
        except OSError:
            pass
        time.sleep(0.0005)
    return None


def rounds(spread_s):
    took = []
    for _ in range(ROUNDS):
        end = time.monotonic() + spread_s
        took.append(one_round())
        time.sleep(max(0.0, end - time.monotonic()))
    return took


def median(took):
    arrived = [one for one in took if one is not None]
    return statistics.median(arrived) if arrived else float("nan")


def author_of_node_one():
    command = [BIN / "mesh", "ls", "-l", "--json", str(mesh(1, "before"))]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    for word in shown.stdout.replace('"', " ").split():
        if len(word) == 16 and all(letter in "0123456789abcdef" for letter in word):
            return word
    members = sorted(os.listdir(mesh(1, "network/members")))
    return members[0]


def same_sets():
    def prints(node):
        status = json.loads(mesh(node, ".mesh/status").read_text())
        return json.dumps([one.get("fingerprint") for one in status.get("sets", [])]) if "sets" in status else str(status)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        got = [prints(node) for node in (1, 2, VICTIM)]
        if got[0] == got[1] == got[2]:
            return True
        time.sleep(0.2)
    return False


def attack(kind, author):
    before = {name: (cpu_s(pid), memory(pid)) for name, pid in processes(VICTIM).items()}
    usual = median(rounds(0.1))
    stored = disk(VICTIM)
    cpu = {name: cpu_s(pid) for name, pid in processes(VICTIM).items()}
    command = ["nsenter", f"--net={NAMESPACE}", PEER, kind, "--state", str(LAB / "4" / "state"), "--interface", "left",
               "--victim", author, "--seconds", str(ATTACK_S)]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as peer:
        time.sleep(0.5)
        took = rounds((ATTACK_S - 1) / ROUNDS)
        out, _ = peer.communicate(timeout=ATTACK_S + 30)
    span = time.monotonic() - began
    said = json.loads(out)
    cost = {name: 100 * (cpu_s(pid) - cpu[name]) / span for name, pid in processes(VICTIM).items()}
    grown = {name: memory(pid) - before[name][1] for name, pid in processes(VICTIM).items()}
    wrote = disk(VICTIM) - stored
    print(f"{kind:9} {said['messages']:8} {said['frames']:8} {cost['meshfs-syncd']:9.1f} {cost['meshfs-fsd']:7.1f} "
          f"{grown['meshfs-syncd'] / 1024:9.0f} {grown['meshfs-fsd'] / 1024:8.0f} {wrote / 1024:8.0f} "
          f"{usual:8.1f} {median(took):8.1f} {median(took) / usual:6.2f}", flush=True)
    check(kind in SILENT or said["messages"] + said["frames"] > (0 if kind in ANSWERING else 20), f"{kind}: hostile_peer was not heard: {said}")
    check(None not in took, f"{kind}: honest news did not arrive within {LONGEST_S} s: {took}")
    limit = ROUND_DISK + (STRANGERS_DISK if kind in STRANGERS else MEMBER_DISK)
    check(wrote <= limit, f"{kind}: node {VICTIM} wrote {wrote} bytes, more than {limit}")
    for name, bound in MEMORY.items():
        check(grown[name] <= bound, f"{kind}: {name} grew by {grown[name]} bytes, more than {bound}")


def end(kinds):
    check(same_sets(), "the honest nodes do not agree")
    for node in (1, 2, VICTIM):
        for name, pid in processes(node).items():
            check(alive(pid), f"{name} of node {node} is gone")
    names = {node: names_everywhere(node) for node in (1, VICTIM)}
    check(names[1] == names[VICTIM], f"names differ: {sorted(names[1] ^ names[VICTIM])[:10]}")
    for stem in FORBIDDEN:
        shown = sorted(name for name in names[VICTIM] if name.startswith(stem))
        check(not shown, f"{stem} shows: {shown[:5]}")
    policies = os.listdir(mesh(1, "network/policy")) if os.path.isdir(mesh(1, "network/policy")) else []
    check(len(policies) == (2 if "revoked" in kinds else 0), f"files of policy: {policies}")
    check(len(os.listdir(mesh(1, "network/admitted"))) == 3, "somebody else was let in")
    if "revoked" in kinds:
        peers = json.loads(mesh(VICTIM, ".mesh/peers").read_text())["peers"]
        check(not [one for one in peers if one["name"] == "n4" and one["state"] == "connected"], "a revoked node has a session")
    check(honest_files() == ROUNDS * 2 * len(kinds), f"{honest_files()} honest files show, not {ROUNDS * 2 * len(kinds)}")
    for kind in set(kinds) & set(ALLOWED):
        check(any(name.startswith(ALLOWED[kind]) for name in names[1]), f"nothing of {kind} arrived")
    for name in [name for name in names[1] if name.startswith("symlink-")][:50]:
        check(os.readlink(mesh(1, name)), f"{name} cannot be read")


def main():
    if sys.argv[3] == "attack":
        attack(sys.argv[4], author_of_node_one())
    else:
        end(sys.argv[4:])
    print(passed, failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
