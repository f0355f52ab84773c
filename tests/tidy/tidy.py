#!/usr/bin/env python3
"""Checks of the code's shape: layers, names, leftovers, lengths, format, READMEs, shell syntax.

tidy.py [--root DIR] [--no-tools]     prints one line per fault, "path:line: rule: what"; exit code 1 if there is any
--no-tools leaves out what runs other programs (clang-format, bash -n, shellcheck).

Lengths are a ratchet: exceptions.txt lists what is over the limit today, with its number. The number may only fall;
an entry that is no longer needed, or is larger than the file, is a fault too.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

from cpp_shape import functions_of, without_comments_and_strings

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
CODE = {".cc", ".h"}
TEXT = CODE | {".py", ".sh", ".cmake", ".capnp", ".md", ".txt", ".json", ""}

# folder -> what its files may include, longest folder first. A folder may always include itself.
MAY_INCLUDE = {
    "schema/vocab": [],
    "schema/crypto": ["schema/vocab"],
    "schema/noise": ["schema/vocab", "schema/crypto"],
    "schema/codec": ["schema"],
    "schema/os": ["schema"],
    "schema/typed": ["schema/vocab", "schema/codec"],
    "transport": ["schema"],
    "syncd/core": ["schema", "transport/port"],
    "syncd": ["schema", "transport"],
    "fsd/core": ["schema", "fsd/delta"],
    "fsd/delta": ["schema"],
    "fsd/store": ["schema", "fsd/core"],
    "fsd/fuse": ["schema", "fsd/core"],
    "fsd": ["schema"],
    "tools/messages": ["schema", "transport", "tools"],
    "tools/router": ["schema", "fsd", "syncd", "tools"],
    "tools": ["schema"],
    "examples": ["schema"],
    "examples/services": ["schema", "tools"],
    "tests": ["schema", "transport", "fsd", "syncd", "tools", "examples"],
}
LAYERED = ("schema/", "transport/", "syncd/", "fsd/", "tools/", "examples/", "tests/")

# Who may ask the operating system through schema/os: os folders, adapters, mains, tools and tests.
MAY_USE_OS = re.compile(r"(^|/)(os|main)/|^transport/(udp|tcp|bmx|alfred|engine)/|^tools/|^tests/|(^|/)main\.cc$|_main\.(cc|h)$|^fsd/fuse/|^fsd/store/")

# core is plain C++: no clock, thread, file, environment or die of its own.
NOT_IN_CORE = re.compile(
    r"#include\s*<(chrono|thread|mutex|shared_mutex|condition_variable|atomic|future|fstream|iostream|filesystem|random|"
    r"ctime|time\.h|sys/\S+|unistd\.h|fcntl\.h|pthread\.h|netinet/\S+|arpa/\S+|poll\.h|signal\.h)>"
    r"|\b(getenv|secure_getenv|clock_gettime|gettimeofday|rand|srand|fill_random|random_id)\s*[(<]"
    r"|\b(system_clock|steady_clock|random_device|thread_local|\w+_distribution)\b")
BANNED_NAME = re.compile(r"(^|[_.\-])(utils?|common|misc|helpers?|managers?)([_.\-]|$)", re.IGNORECASE)
BANNED_TYPE = re.compile(r"\b(?:class|struct)\s+(\w*(?:Util|Utils|Misc|Helper|Manager))\b")
LEFTOVER = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|X" + "XX" + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:wo" + r"rk|home|root|Users)/\w")
LENGTH_EXEMPT = {".md", ".json", ".txt", ""}


class Tree:
    """The files under one root and the faults found in them."""

    def __init__(self, root):
        self.root = root
        self.faults = []
        self.files = sorted(self._list())
        self._text = {}

    def _list(self):
        if (self.root / ".git").exists():
            listed = subprocess.run(["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard"],
                                    check=True, capture_output=True, text=True).stdout.splitlines()
            return [name for name in listed if (self.root / name).is_file()]
        return [str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()]

    def code(self):
        return [name for name in self.files if pathlib.Path(name).suffix in CODE]

    def shell(self):
        return [name for name in self.files
                if name.endswith(".sh") or (pathlib.Path(name).suffix == "" and self.text(name).startswith("#!/usr/bin/env bash"))]

    def readable(self):
        return [name for name in self.files if pathlib.Path(name).suffix in TEXT and "/corpus/" not in name]

    def text(self, name):
        if name not in self._text:
            self._text[name] = (self.root / name).read_bytes().decode("utf-8", "replace")
        return self._text[name]

    def fault(self, name, line, rule, what):
        self.faults.append(f"{name}:{line}: {rule}: {what}")


def folder_rule(name):
    for folder in sorted(MAY_INCLUDE, key=len, reverse=True):
        if name.startswith(folder + "/"):
            return folder
    return None


def check_layers(tree):
    for name in tree.code():
        rule = folder_rule(name)
        if rule is None:
            continue
        allowed = MAY_INCLUDE[rule] + [rule]
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not found:
                continue
            target = found[1]
            generated = target.endswith(".capnp.h")
            home = "tools/records/" if target.startswith("schema/records/") else "schema/codec/"
            if generated and not name.startswith(home):
                tree.fault(name, number, "layers", f"only {home[:-1]} may include {target}: a Reader never leaves it")
            if not target.startswith(LAYERED):
                if not generated:
                    tree.fault(name, number, "layers", f"name {target} from the top of the repository")
                continue
            if not any(target.startswith(prefix + "/") for prefix in allowed) and not generated:
                tree.fault(name, number, "layers", f"{rule} may not include {target}")
            if target.startswith("schema/os/") and not name.startswith("schema/os/") and not MAY_USE_OS.search(name):
                tree.fault(name, number, "layers", f"only os folders, adapters and mains may include {target}")


def check_core_is_plain(tree):
    for name in tree.code():
        if "/core/" not in name or name.startswith("tests/"):
            continue
        for number, line in enumerate(without_comments_and_strings(tree.text(name)).splitlines(), 1):
            found = NOT_IN_CORE.search(line)
            if found:
                tree.fault(name, number, "plain core", f"core gets the world handed in, it may not use {found[0].strip()}")


def check_names(tree):
    for name in tree.files:
        for part in pathlib.Path(name).parts:
            if BANNED_NAME.search(part):
                tree.fault(name, 1, "names", f"{part} says nothing: name it after its one concept")
    for name in tree.code():
        for number, line in enumerate(without_comments_and_strings(tree.text(name)).splitlines(), 1):
            found = BANNED_TYPE.search(line)
            if found:
                tree.fault(name, number, "names", f"{found[1]} says nothing: name it after its one concept")


def check_leftovers(tree):
    for name in tree.readable():
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if LEFTOVER.search(line):
                tree.fault(name, number, "leftovers", f"{LEFTOVER.search(line)[1]}: finish it or write an issue")
            if MACHINE_PATH.search(line):
                tree.fault(name, number, "leftovers", f"a path of one machine: {line.strip()[:80]}")


def read_exceptions(tree):
    """{(what, name): lines} of tests/tidy/exceptions.txt: lines of 'file PATH N' and 'function PATH NAME N'."""
    found = {}
    path = "tests/tidy/exceptions.txt"
    if path in tree.files:
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] not in ("file", "function") or not words[-1].isdigit():
                tree.fault(path, number, "ratchet", "a line is: file PATH LINES, or: function PATH NAME LINES")
                continue
            found[tuple(words[:-1])] = int(words[-1])
    return found


def check_lengths(tree):
    exceptions = read_exceptions(tree)
    used = set()

    def judge(key, name, line, length, limit, what):
        allowed = exceptions.get(key, limit)
        if key in exceptions:
            used.add(key)
            if length < allowed:
                tree.fault(name, line, "ratchet", f"{what} has {length} lines now: lower its number in tests/tidy/exceptions.txt")
        if length > allowed:
            tree.fault(name, line, "length", f"{what} has {length} lines; the limit is {allowed}")

    for name in tree.readable():
        if pathlib.Path(name).suffix in LENGTH_EXEMPT and name not in tree.shell():
            continue
        length = len(tree.text(name).splitlines())
        if length > MAX_FILE_LINES or ("file", name) in exceptions:
            judge(("file", name), name, 1, length, MAX_FILE_LINES, "file")
    for name in tree.code() + tree.shell():
        for function, line, length in functions_of(name, tree.text(name)):
            if length > MAX_FUNCTION_LINES or ("function", name, function) in exceptions:
                judge(("function", name, function), name, line, length, MAX_FUNCTION_LINES, f"function {function}")
    for key in set(exceptions) - used:
        tree.fault("tests/tidy/exceptions.txt", 1, "ratchet", f"no longer needed: {' '.join(key)}")


def check_readmes(tree):
    folders = set()
    for name in tree.files:
        parent = pathlib.Path(name).parent
        if name.endswith((".cc", ".h", ".py", ".sh", ".capnp")) and str(parent) != ".":
            folders.add(parent)
    for folder in sorted(folders):
        if str(folder.parent) == "tests/unit":
            folder = folder.parent  # one README for all unit tests: each folder mirrors the piece that it tests
        if str(folder / "README.md") not in tree.files:
            tree.fault(str(folder), 1, "readme", "every folder says in a README.md what lives there")


def check_headers(tree):
    for name in tree.code():
        text = tree.text(name)
        if name.endswith(".h"):
            if "#pragma once" not in text:
                tree.fault(name, 1, "headers", "a header needs #pragma once")
            if not text.startswith("//"):
                tree.fault(name, 1, "headers", "a header opens with what it is, who owns it, what it must never do")


def run_over(tree, names, command, rule, together=True):
    """Runs the command on each file; those that it accepts are returned, the others are faults."""
    if together and subprocess.run(command + names, cwd=tree.root, capture_output=True, check=False).returncode == 0:
        return names
    passed = []
    for name in names:
        result = subprocess.run(command + [name], cwd=tree.root, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            passed.append(name)
            continue
        first = [line for line in (result.stderr + result.stdout).splitlines() if line.strip()]
        tree.fault(name, 1, rule, first[0].strip()[:160] if first else f"{command[0]} failed")
    return passed


def formatter():
    return shutil.which("clang-format-14") or shutil.which("clang-format")


def check_with_tools(tree):
    valid = run_over(tree, tree.shell(), ["bash", "-n"], "shell", together=False)  # it reads one
    if shutil.which("shellcheck"):
        run_over(tree, valid, ["shellcheck", "-x", "-S", "warning"], "shellcheck")
    if formatter() and (tree.root / ".clang-format").exists():
        run_over(tree, tree.code(), [formatter(), "--dry-run", "-Werror"], "format")


CHECKS = [check_layers, check_core_is_plain, check_names, check_leftovers, check_lengths, check_readmes, check_headers]


def faults_of(root, with_tools=True):
    tree = Tree(pathlib.Path(root))
    for check in CHECKS + ([check_with_tools] if with_tools else []):
        check(tree)
    return tree.faults


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    options.add_argument("--no-tools", action="store_true")
    chosen = options.parse_args()
    faults = faults_of(chosen.root, not chosen.no_tools)
    for fault in faults:
        print(fault)
    print(f"tidy: {len(faults)} faults" if faults else "tidy: nothing to complain about")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
