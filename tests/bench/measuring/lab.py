"""A lab of namespaces with daemons in it, made and driven through examples/mesh-lab.sh and tests/bench/lines.sh by a shell of its own.

The lab ends with the block that opened it, and when this program dies: the shell then reads the end of its input and cleans up.
"""
import dataclasses
import pathlib
import shlex
import signal
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[3]

# Stops at the first failure, as every script on mesh-lab.sh does; its exit trap shows logs and cleans up.
DRIVER = """
set -euo pipefail
source "$1/examples/mesh-lab.sh"
source "$1/tests/bench/lines.sh"
lab_open content
printf '%s\\n%s\\n' "$LAB" "$LAB_TAG"
while IFS= read -r order; do
  eval "$order" >&2
  printf 'done\\n'
done
"""


class LabFailed(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Link:
    a: int
    side_a: str
    b: int
    side_b: str

    def words(self):
        return f"{self.a},{self.side_a},{self.b},{self.side_b}"


def line_of(nodes):
    return [Link(i, "right", i + 1, "left") for i in range(1, nodes)]


class Lab:
    def __init__(self, nodes, links=None, plain_packets=True):
        self.nodes = nodes
        self.links = line_of(nodes) if links is None else links
        self.shell = subprocess.Popen(["bash", "-c", DRIVER, "bench-content", str(TOP)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.folder = pathlib.Path(self._answer())
        self.tag = self._answer()
        self.do(f"lab_nodes {nodes}")
        for link in self.links:
            self.do(f"lab_link {link.a} {link.side_a} {link.b} {link.side_b}")
        if plain_packets:
            for node, side in self.sides():
                self.do(f"lab_plain_packets {node} {side}")

    def _answer(self):
        line = self.shell.stdout.readline()
        if not line:
            raise LabFailed("the lab's shell ended; what it said stands above")
        return line.rstrip("\n")

    def do(self, order):
        """Runs a line of shell in the lab; LabFailed if it fails, and the lab is gone then."""
        try:
            self.shell.stdin.write(order + "\n")
            self.shell.stdin.flush()
        except BrokenPipeError as broken:
            raise LabFailed("the lab's shell is gone") from broken
        self._answer()

    def sides(self):
        return [side for link in self.links for side in ((link.a, link.side_a), (link.b, link.side_b))]

    def inside(self, node, *command):
        """The words that run a command in a node's namespace."""
        return ["nsenter", f"--net=/run/netns/{self.tag}-{node}", *map(str, command)]

    def output(self, node, *command, text_in=None):
        return subprocess.run(self.inside(node, *command), check=True, capture_output=True, text=True, input=text_in).stdout

    def addresses(self):
        """Gives the K-th link 10.99.K.1 and 10.99.K.2."""
        for number, link in enumerate(self.links, 1):
            self.do(f"link_address {number} {shlex.quote(link.words())}")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        old = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave daemons behind
        try:
            self.shell.stdin.close()
        except BrokenPipeError:
            pass
        self.shell.wait()
        self.shell.stdout.close()
        signal.signal(signal.SIGINT, old)
