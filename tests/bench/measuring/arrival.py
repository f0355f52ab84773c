"""Waits until files are elsewhere with the right bytes. The target is polled: a folder of another program may have no inotify."""
import hashlib
import pathlib
import time

POLL_S = 0.005


class NotThere(Exception):
    pass


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.digest()


def _state(path):
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def file_is_there(path, size, digest, seconds):
    """Reads the file only when it has the size and looks other than at the last try. NotThere after SECONDS."""
    end, tried = time.monotonic() + seconds, None
    while time.monotonic() < end:
        state = _state(path)
        if state is not None and state[0] == size and state != tried:
            tried = state
            try:
                if sha256(path) == digest:
                    return
            except OSError:
                tried = None
        time.sleep(POLL_S)
    raise NotThere(f"{path.name} not in {seconds} s")


def path_is_there(path, seconds):
    end = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > end:
            raise NotThere(f"{path.name} not in {seconds} s")
        time.sleep(POLL_S)


def files_in(folder):
    """{path below FOLDER: sha256} of its regular files, {path: target} of its symlinks; a name may go while we look."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        try:
            if path.is_symlink():
                found[str(path.relative_to(folder))] = path.readlink()
            elif path.is_file():
                found[str(path.relative_to(folder))] = sha256(path)
        except OSError:
            pass
    return found


def _names(folder):
    return sum(1 for path in pathlib.Path(folder).rglob("*") if path.is_symlink() or path.is_file())


def tree_is_there(folder, expected, seconds):
    """Reads contents once as many names are there as expected. NotThere after SECONDS."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if _names(folder) == len(expected) and files_in(folder) == expected:
            return
        time.sleep(POLL_S * 4)
    raise NotThere(f"{pathlib.Path(folder).name} not in {seconds} s")
