#!/usr/bin/env python3
"""The plain carriers that the pair tools need: one file over one TCP connection, and a folder over HTTP/1.1.

one_file.py serve PORT FILE | fetch ADDRESS PORT FILE | www PORT FOLDER
"""
import functools
import http.server
import shutil
import socket
import sys
import time


def serve(port, path):
    with socket.create_server(("", int(port))) as server:
        connection, _ = server.accept()
        with connection, open(path, "rb") as file:
            connection.sendfile(file)


def fetch(address, port, path):
    for _ in range(500):
        try:
            connection = socket.create_connection((address, int(port)))
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
    with connection, connection.makefile("rb") as incoming, open(path, "wb") as file:
        shutil.copyfileobj(incoming, file)


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True
    wbufsize = -1                   # head and body in one packet

    def log_message(self, *unused):  # pylint: disable=arguments-differ
        pass


def www(port, folder):
    http.server.ThreadingHTTPServer(("", int(port)), functools.partial(Handler, directory=folder)).serve_forever()


if __name__ == "__main__":
    {"serve": serve, "fetch": fetch, "www": www}[sys.argv[1]](*sys.argv[2:])
