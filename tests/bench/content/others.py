"""Who stands in the tables of content.py: versions and settings."""
from about import LINKS, MESHFS, SYNCTHING, first_line, meshfs_version, syncthing_version


def versions():
    return {
        "meshfs": meshfs_version(),
        "rsync": first_line("rsync", "--version"),
        "rdiff": first_line("rdiff", "--version"),
        "casync": first_line("casync", "--version"),
        "zstd": first_line("zstd", "--version"),
        "Syncthing": syncthing_version(),
        "desync": "not packaged in Debian 12",
    }


SETTINGS = {
    "links": LINKS,
    "meshfs": MESHFS,
    "rsync": "daemon, -z (zstd), plain TCP, a copy of the old file in place; 'best -B' is the best of several block sizes",
    "rdiff": "signature and delta each as zstd -19 over plain TCP; the best of several block sizes",
    "casync": "the store served by an HTTP/1.1 server, old file as seed, zstd; the best of several chunk sizes",
    "zstd --patch-from": "no system, only the size of a delta by zstd -19 --long=27: about what is new",
    "Syncthing": SYNCTHING,
}
