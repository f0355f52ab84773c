"""Pieces of injections through every type of argument of a real node, by `mesh rpc`: each is refused, or the program gets exactly
that word. bad_arguments.py MESH MOUNT NODE OWNED"""
import json
import subprocess
import sys

mesh, mount, node, owned = sys.argv[1:]
batch = 50

words = [
    f"$(touch {owned})", f"`touch {owned}`", f"; touch {owned}", f"| tee {owned}", f"&& touch {owned}", f"' ; touch {owned} ; '",
    f'" ; touch {owned} ; "', f"\n touch {owned}", "two\nlines", "two\r\nlines", "tab\tbed", "bell\a", "nul\0byte", "esc\x1b[2J", "$HOME",
    "${IFS}", "*", "~root", "!1", "#", "%s%n%n", "{word}", "{file}", "-n", "--help", "-", "--", "-oProxyCommand=x", "", " ", "../../etc/passwd",
    "/etc/passwd", "/etc/../etc/shadow", ".mesh/status", "/proc/self/root/etc/passwd", "\u202egpj.exe", "\u0661\u0662", "1e1", "0x10", "+5",
    " 5", "5 ", "21", "0", "-1", "99999999999999999999", "true ", "TRUE", "yes", "on off", "ON", "10.0.0.1;x", "10.0.0.256", "fe80::1%eth0; x",
    "a" * 64 + ".x", "x" * 5000, "eth0/../..", "deadbeef", "G" * 64,
]
# These types take none of them but those here; the others may take any, but as it is.
allowed = {
    "integer": set(),
    "host": {"1e1", "0x10", "21", "0", "TRUE", "yes", "ON", "deadbeef", "99999999999999999999", "10.0.0.256", "G" * 64},
    "address": set(),
    "choice": set(),
    "bool": set(),
    "hash": set(),
}
good = {"text": "$(a) 'word'", "integer": "20", "host": "roof.mesh", "address": "fe80::1", "interface": "eth0.5", "choice": "on", "bool": "true"}


def control(word):
    return any(ord(c) < 0x20 or ord(c) == 0x7F for c in word)


def ask(process, requests):
    process.stdin.write(json.dumps(requests) + "\n")
    process.stdin.flush()
    return {answer["id"]: answer for answer in json.loads(process.stdout.readline())}


def main():
    runs = []
    for kind in ("text", "integer", "host", "address", "interface", "path", "mesh-path", "choice", "bool", "hash"):
        for word in words + ([good[kind]] if kind in good else []):
            runs.append((kind, [word, "image.bin"] if kind == "hash" else [word], word))
        runs.append((kind, [], None))
        runs.append((kind, ["1", "image.bin", "1"], None))
    process = subprocess.Popen([mesh, "rpc", "--mount", mount], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    counts = {}
    for begin in range(0, len(runs), batch):
        part = list(enumerate(runs))[begin : begin + batch]
        answers = ask(process, [
            {"jsonrpc": "2.0", "id": i, "method": "run",
             "params": {"target": node, "verb": "each-" + kind, "arguments": arguments, "wait": True, "timeout": 30}}
            for i, (kind, arguments, _) in part])
        for i, (kind, arguments, word) in part:
            if "error" in answers[i]:
                raise SystemExit(f"each-{kind} {arguments!r}: {answers[i]['error']}")
            result = answers[i]["result"]["results"][0]
            state = result["state"]
            counts[state] = counts.get(state, 0) + 1
            fits = word is not None and (word == good.get(kind) or word in allowed.get(kind, {word}))
            output = "--yes" if kind == "bool" else word
            said = result.get("output", "")
            as_wanted = fits and (said == output or (kind == "mesh-path" and said.endswith("/mesh/" + output.lstrip("/"))))
            if state == "done" and not as_wanted:
                raise SystemExit(f"each-{kind} {arguments!r} was done and said {result.get('output')!r}")
            if state not in ("done", "refused", "failed") or (state == "failed" and kind not in ("path", "mesh-path", "hash")):
                raise SystemExit(f"each-{kind} {arguments!r} is {state}: {result}")
            if state != "done" and (result.get("output") or not result.get("reason")):
                raise SystemExit(f"each-{kind} {arguments!r} is {state} without a reason, or with an output: {result}")
            if word is not None and (control(word) or word.startswith("-")) and state == "done":
                raise SystemExit(f"each-{kind} {arguments!r} went through")
            if word is not None and word == good.get(kind) and state != "done":
                raise SystemExit(f"each-{kind} {arguments!r} is {state}: {result.get('reason')}")
    process.stdin.close()
    if process.wait() != 0:
        raise SystemExit("mesh rpc failed")
    print("   figure:", ", ".join(f"{count} {state}" for state, count in sorted(counts.items())), "of", len(runs), "commands")


main()
