#!/usr/bin/env python3
"""A meshfs-fsd of another release: accepts at a socket and answers each frame with one that nobody can read.

old_daemon.py SOCKET     runs until it is killed
"""
import socket
import struct
import sys


def main():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                while connection.recv(65536):
                    words = b"words of another version"
                    connection.sendall(struct.pack("<I", len(words)) + words)
            except OSError:
                pass


if __name__ == "__main__":
    main()
