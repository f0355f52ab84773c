"""The socket of a batman-adv ALFRED daemon: puts data there and asks for it, without a process for each look.

Its protocol: a type, a version (0), a length of what follows, all in network byte order. Data of one type comes back as one push
per source, then the daemon closes or says that it is over.
"""
import socket
import struct

PUSH, REQUEST, ENDS, FAILED = 0, 2, 3, 4
HEAD = struct.Struct("!BBH")
TRANSACTION = struct.Struct("!HH")
DATA_HEAD = struct.Struct("!6sBBH")
MOST_BYTES = 65_509      # of one source and type: one UDP datagram
PATIENCE_S = 10
FIRST_TYPE, TYPES = 64, 192  # those below are reserved


class AlfredFailed(Exception):
    pass


def push_message(source, kind, payload):
    """SOURCE: six bytes, zeros for the daemon's own address."""
    if len(payload) > MOST_BYTES:
        raise AlfredFailed(f"{len(payload)} bytes are more than one datagram holds")
    body = TRANSACTION.pack(1, 0) + DATA_HEAD.pack(source, kind, 0, len(payload)) + payload
    return HEAD.pack(PUSH, 0, len(body)) + body


def request_message(kind):
    body = struct.pack("!BH", kind, 1)
    return HEAD.pack(REQUEST, 0, len(body)) + body


def parsed(stream):
    """{(source, type): payload} of the pushes in STREAM; what is cut off at its end is left out."""
    found, at = {}, 0
    while at + HEAD.size <= len(stream):
        what, _, length = HEAD.unpack_from(stream, at)
        body = stream[at + HEAD.size:at + HEAD.size + length]
        at += HEAD.size + length
        if what in (ENDS, FAILED) or len(body) < length:
            break
        if what != PUSH:
            continue
        place = TRANSACTION.size
        while place + DATA_HEAD.size <= len(body):
            source, kind, _, size = DATA_HEAD.unpack_from(body, place)
            place += DATA_HEAD.size
            found[source, kind] = body[place:place + size]
            place += size
    return found


def is_over(stream):
    at = 0
    while at + HEAD.size <= len(stream):
        what, _, length = HEAD.unpack_from(stream, at)
        at += HEAD.size + length
        if what in (ENDS, FAILED) and at <= len(stream):
            return True
    return False


def _connected(path):
    """Waits for its turn: the daemon takes one after the other, and a socket that must not block would be refused (EAGAIN)."""
    connection = socket.socket(socket.AF_UNIX)
    for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", PATIENCE_S, 0))
    connection.connect(str(path))
    return connection


def push(path, source, kind, payload):
    with _connected(path) as connection:
        connection.sendall(push_message(source, kind, payload))


def request(path, kind):
    """{(source, type): payload} that the daemon has of that type."""
    stream = b""
    with _connected(path) as connection:
        connection.sendall(request_message(kind))
        while not is_over(stream) and (piece := connection.recv(1 << 16)):
            stream += piece
    return parsed(stream)
