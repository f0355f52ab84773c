"""Real contents in two versions: Debian packages, kernel headers, a squashfs image, records, a log. Downloads stay in build/bench.

Each corpus is a folder `old` and a folder `new`. What did not change has the same times in both, so that tools that look at
times pass it over.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess

from lab import TOP

CACHE = TOP / "build/bench/corpora"


class Unavailable(Exception):
    pass


# --- packages ---

def offered(package):
    """Versions that apt offers, newest first."""
    said = subprocess.run(["apt-cache", "madison", package], capture_output=True, text=True, check=True).stdout
    return list(dict.fromkeys(line.split("|")[1].strip() for line in said.splitlines()))


def unpacked(package, version):
    """The folder with a package's files, downloaded once."""
    target = CACHE / "packages" / f"{package}_{version.replace(':', '%')}"
    if not target.exists():
        scratch = target.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        got = subprocess.run(["apt-get", "download", "-q", f"{package}={version}"], cwd=scratch, capture_output=True, text=True, check=False)
        archives = list(scratch.glob("*.deb"))
        if got.returncode != 0 or not archives:
            raise Unavailable(f"apt-get download {package}={version}: {got.stderr.strip().splitlines()[-1:]}")
        subprocess.run(["dpkg-deb", "-x", archives[0], scratch / "tree"], check=True)
        archives[0].unlink()
        (scratch / "tree").rename(target)
        scratch.rmdir()
    return target


def two_versions(package):
    versions = offered(package)
    if len(versions) < 2:
        raise Unavailable(f"apt offers {len(versions)} versions of {package}, two are needed: apt-get update, security sources")
    return unpacked(package, versions[1]), unpacked(package, versions[0])


def kernel_headers():
    """include/ of the two newest header packages: their names hold the version."""
    said = subprocess.run(["apt-cache", "show", "linux-headers-amd64"], capture_output=True, text=True, check=True).stdout
    depends = [line.split()[1] for line in said.splitlines() if line.startswith("Depends:")]
    if len(depends) < 2:
        raise Unavailable("apt offers one kernel only, two are needed: apt-get update, security sources")
    trees = []
    for name in (depends[1], depends[0]):
        package = name.rsplit("-", 1)[0] + "-common"
        trees.append(next(unpacked(package, offered(package)[0]).glob("usr/src/*/include")))
    return trees


# --- made here ---

NAMES = ["roof", "school", "valley", "mill", "church", "barn", "ridge", "harbour"]


def json_records(count, seed):
    """Leases as a router would write them, 167 bytes each on average."""
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        mac = ":".join(f"{rng.randrange(256):02x}" for _ in range(6))
        record = {"type": "dhcp-lease", "mac": mac, "ip": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}",
                  "host": f"{rng.choice(NAMES)}-{rng.randrange(1000)}", "node": rng.choice(NAMES),
                  "expires": 1764000000 + rng.randrange(86400), "vlan": 10, "iface": f"br-lan{rng.randrange(3)}"}
        out.append((json.dumps(record) + "\n").encode())
    return out


def log_lines(count, seed, start=0):
    rng = random.Random(seed)
    lines = []
    for number in range(start, start + count):
        day, rest = divmod(number * 7, 86400)
        lines.append(f"Nov {1 + day % 28:2} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02} {rng.choice(NAMES)} "
                     f"{rng.choice(['hostapd', 'dnsmasq-dhcp', 'kernel', 'babeld'])}[{rng.randrange(300, 4000)}]: "
                     f"{rng.choice(['station', 'lease', 'route', 'link'])} {rng.getrandbits(48):012x} "
                     f"{rng.choice(['associated', 'renewed', 'added', 'lost'])} after {rng.randrange(10000)} ms\n")
    return "".join(lines).encode()


def squashfs(folder):
    """An image of a package's tree, and one after five of its files changed a little."""
    tree, _ = two_versions("libc6")
    work = folder / "tree"
    images = []
    for number in range(2):
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(tree, work, symlinks=True)
        if number == 1:
            files = sorted((path for path in work.rglob("*") if path.is_file() and not path.is_symlink()), key=lambda path: path.stat().st_size)
            for path in files[len(files) // 2:][:5]:
                with open(path, "r+b") as file:
                    file.seek(path.stat().st_size // 2)
                    file.write(random.Random(3).randbytes(100))
        images.append(folder / f"image.{number}")
        subprocess.run(["mksquashfs", work, images[-1], "-quiet", "-no-progress", "-comp", "xz", "-all-time", "0", "-mkfs-time", "0"],
                       check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(work)
    return images


# --- as two folders ---

def copied(tree, folder):
    shutil.copytree(tree, folder, symlinks=True)
    for path in folder.rglob("*"):  # ours to read and change, whatever the package says
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o600)


def set_times(old, new):
    """Equal files have equal times, changed ones times that differ by more than any file system rounds."""
    for path in new.rglob("*"):
        before = old / path.relative_to(new)
        if path.is_file() and not path.is_symlink() and before.is_file() and not before.is_symlink():
            changed = before.read_bytes() != path.read_bytes()
            os.utime(path, ns=(before.stat().st_mtime_ns + changed * 10**10,) * 2)


def make(name, folder, quick):
    """Writes FOLDER/old and FOLDER/new; Unavailable if the machine cannot have them."""
    old, new = pathlib.Path(folder) / "old", pathlib.Path(folder) / "new"
    if name in ("package", "headers"):
        trees = two_versions("openssl" if quick else "libc6") if name == "package" else kernel_headers()
        for tree, target in zip(trees, (old, new)):
            copied(tree / "linux" if name == "headers" and quick else tree, target)
    else:
        old.mkdir()
        new.mkdir()
    if name == "squashfs":
        for image, target in zip(squashfs(pathlib.Path(folder)), (old, new)):
            image.rename(target / "image.squashfs")
    elif name == "records":
        records = json_records(300 if quick else 2000, 5)
        changed = json_records(len(records), 6)
        for number, record in enumerate(records):
            (old / f"{number}.json").write_bytes(record)
            (new / f"{number}.json").write_bytes(changed[number] if number % 20 == 0 else record)
    elif name == "log":
        count = 2000 if quick else 30_000
        begun = log_lines(count, 8)
        (old / "messages").write_bytes(begun)
        (new / "messages").write_bytes(begun + log_lines(count // 100, 9, count))
    set_times(old, new)
    return old, new
