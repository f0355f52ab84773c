#!/usr/bin/env python3
"""All that a folder holds, a line for each name: what two copies of it must agree in.

usage: manifest.py FOLDER [--no-link-times]

Kind, mode, owner, size, mtime, content, link target, xattrs, access control lists; which names are one file. Of directories no
times (they follow what was made in them) and no sizes.
"""
import hashlib
import os
import stat
import sys


def xattrs(path):
    """user.* and lists; not what the mesh tells about a file, which isn't listed anyway."""
    out = []
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        if name.startswith(("user.", "system.posix_acl_")):
            out.append(f"{name}={os.getxattr(path, name, follow_symlinks=False).hex()}")
    return out


def describe(path, s):
    line = [oct(s.st_mode), f"{s.st_uid}:{s.st_gid}"]
    if stat.S_ISLNK(s.st_mode):
        return line + [os.readlink(path), "" if "--no-link-times" in sys.argv else str(s.st_mtime_ns)]
    if stat.S_ISREG(s.st_mode):
        with open(path, "rb") as f:
            line += [str(s.st_size), str(s.st_mtime_ns), hashlib.sha256(f.read()).hexdigest()]
    return line + xattrs(path)


def main(top):
    first_name = {}
    for folder, directories, files in os.walk(top):
        directories.sort()
        if folder == top and ".mesh" in directories:
            directories.remove(".mesh")
        for name in sorted(directories + files):
            path = os.path.join(folder, name)
            relative = os.fsencode(os.path.relpath(path, top))
            s = os.lstat(path)
            line = describe(path, s)
            if not stat.S_ISDIR(s.st_mode):
                line.append(f"{s.st_nlink} names" if s.st_nlink > 1 else "")
                line.append("as " + first_name.setdefault(s.st_ino, ascii(relative)))
            print(ascii(relative), *line)


main(sys.argv[1])
