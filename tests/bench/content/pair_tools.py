"""rsync, rdiff, casync: one file or tree over one link, node 1 to node 2, which holds the old version (or nothing).

Each returns Carried: what the link counted and whether the right bytes arrived. They know one hop; over more each link costs the same.
"""
import dataclasses
import pathlib
import shutil
import subprocess
import tempfile
import time

import arrival
import wire
from lab import Lab

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = "10.99.1.1"
PORT = 5600


@dataclasses.dataclass
class Carried:
    payload: int
    interface: int
    verified: bool
    setting: str = ""


class Pair:
    """Two namespaces with addresses and a folder each; with Pair() as pair."""

    def __enter__(self):
        self.lab = Lab(2)
        try:
            self.lab.addresses()
            wire.start_counting(self.lab)
            self.work = pathlib.Path(tempfile.mkdtemp(dir=self.lab.folder))
        except BaseException:
            self.lab.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        self.lab.__exit__()

    def fresh(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def run(self, node, *command, **settings):
        return subprocess.run(self.lab.inside(node, *command), check=True, stdout=subprocess.DEVNULL, **settings)

    def serve(self, *command):
        """A server in node 1 that says 'ready' or listens soon."""
        return subprocess.Popen(self.lab.inside(1, *command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def count(self, work):
        with wire.Count(self.lab) as count:
            work()
        return count.links[0]

    def until_listening(self, port):
        end = time.monotonic() + 10
        while f":{port:04X} " not in self.lab.output(1, "cat", "/proc/net/tcp", "/proc/net/tcp6"):
            if time.monotonic() > end:
                raise arrival.NotThere(f"no server on port {port}")
            time.sleep(0.02)


def rsync(pair, old, new, *extra, setting=""):
    """OLD and NEW are folders; OLD may be empty. Pulled by node 2 from a daemon on node 1, as a mirror does."""
    target = pair.fresh("rsync")
    shutil.copytree(old, target, symlinks=True, dirs_exist_ok=True)
    config = pair.work / "rsyncd.conf"
    config.write_text(f"use chroot = no\nuid = 0\ngid = 0\n[new]\npath = {new}\nread only = yes\n")
    server = pair.serve("rsync", "--daemon", "--no-detach", f"--config={config}", f"--port={PORT}")
    try:
        pair.until_listening(PORT)
        # -I: a changed file of equal size and time must not be passed over; a real mirror would see other times.
        moved = pair.count(lambda: pair.run(2, "rsync", "-a", "-z", "--delete", "--no-whole-file", *extra,
                                            f"rsync://{SOURCE}:{PORT}/new/", f"{target}/"))
    finally:
        server.terminate()
        server.wait()
    return Carried(moved["payload"], moved["interface"], arrival.files_in(target) == arrival.files_in(new), setting)


def best(results):
    results = list(results)
    return min(results, key=lambda carried: carried.interface)


def rsync_best(pair, old, new, sizes):
    return best(rsync(pair, old, new, f"--block-size={size}", setting=f"-B {size}") for size in sizes)


def _send(pair, source, sender, target, receiver):
    """One file over one TCP connection."""
    port = PORT + 1
    server = subprocess.Popen(pair.lab.inside(sender, "python3", HERE / "one_file.py", "serve", port, source))
    try:
        pair.run(receiver, "python3", HERE / "one_file.py", "fetch", f"10.99.1.{sender}", port, target)
    finally:
        server.wait()


def _squeezed(path):
    subprocess.run(["zstd", "-19", "-q", "-f", path, "-o", f"{path}.zst"], check=True)
    return pathlib.Path(f"{path}.zst")


def rdiff(pair, old, new, block):
    """OLD and NEW are files. The receiver's signature goes one way, the sender's delta the other."""
    folder = pair.fresh("rdiff")
    signature, delta, result = folder / "signature", folder / "delta", folder / "result"

    def work():
        subprocess.run(["rdiff", "-b", str(block), "signature", old, signature], check=True)
        _send(pair, _squeezed(signature), 2, folder / "signature.got", 1)
        subprocess.run(["zstd", "-d", "-q", "-f", folder / "signature.got", "-o", signature], check=True)
        subprocess.run(["rdiff", "delta", signature, new, delta], check=True)
        _send(pair, _squeezed(delta), 1, folder / "delta.got", 2)
        subprocess.run(["zstd", "-d", "-q", "-f", folder / "delta.got", "-o", delta], check=True)
        subprocess.run(["rdiff", "patch", old, delta, result], check=True)

    moved = pair.count(work)
    return Carried(moved["payload"], moved["interface"], arrival.sha256(result) == arrival.sha256(new), f"-b {block}")


def casync(pair, old, new, chunk):
    """OLD and NEW are files. Node 2 reads index and the chunks that OLD lacks by HTTP."""
    folder = pair.fresh("casync")
    published, result = folder / "www", folder / "result"
    published.mkdir()
    subprocess.run(["casync", "make", f"--chunk-size={chunk}", "--compression=zstd", f"--store={published}/store.castr",
                    published / "new.caibx", new], check=True, stdout=subprocess.DEVNULL)
    server = pair.serve("python3", HERE / "one_file.py", "www", PORT + 2, published)
    try:
        pair.until_listening(PORT + 2)
        address = f"http://{SOURCE}:{PORT + 2}"
        moved = pair.count(lambda: pair.run(2, "casync", "extract", f"--store={address}/store.castr", f"--seed={old}",
                                            f"{address}/new.caibx", result))
    finally:
        server.terminate()
        server.wait()
    return Carried(moved["payload"], moved["interface"], arrival.sha256(result) == arrival.sha256(new), f"--chunk-size={chunk}")


def patch_from(old, new):
    """Bytes of the best delta that zstd finds with the whole old file at hand: the yardstick, no competitor."""
    said = subprocess.run(["zstd", "-19", "-q", "-c", "--long=27", f"--patch-from={old}", new], check=True, capture_output=True)
    return len(said.stdout)
