"""Makes the files that the rows carry: base contents and edited versions of them. Pure: the same arguments give the same bytes."""
import pathlib
import random


def random_bytes(size, seed):
    return random.Random(seed).randbytes(size)


def programs(size, folder="/usr/bin"):
    """SIZE bytes of this machine's own programs, one after the other by name: what an image is made of."""
    pieces, total = [], 0
    for path in sorted(pathlib.Path(folder).iterdir()):
        if total >= size:
            break
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if data.startswith(b"\x7fELF"):
            pieces.append(data)
            total += len(data)
    if total < size:
        raise ValueError(f"{folder} has programs of {total} bytes only, {size} are wanted")
    return b"".join(pieces)[:size]


def places(rng, length, count, room):
    """COUNT places in LENGTH bytes, in order, each at least ROOM bytes from the next and from the end."""
    if count * room * 2 > length:
        raise ValueError(f"{count} edits of up to {room} bytes do not fit into {length} bytes")
    chosen = []
    while len(chosen) < count:
        candidates = sorted(chosen + [rng.randrange(length - room) for _ in range(count - len(chosen))])
        chosen = [candidates[0]]
        chosen += [place for place, before in zip(candidates[1:], candidates) if place - before >= room]
    return chosen


def edited(data, seed, count, size, shifting):
    """DATA with COUNT scattered edits of SIZE new random bytes each.

    Shifting: each takes the place of between none and 2 x SIZE old bytes, so that all that follows moves. Else of SIZE old bytes.
    """
    rng = random.Random(seed)
    pieces, at = [], 0
    for place in places(rng, len(data), count, 2 * size if shifting else size):
        pieces += [data[at:place], rng.randbytes(size)]
        at = place + (rng.randint(0, 2 * size) if shifting else size)
    return b"".join(pieces + [data[at:]])
