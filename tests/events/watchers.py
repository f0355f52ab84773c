"""Programs that watch, each with what it noticed."""
import ctypes
import os
import struct
import subprocess
import threading

from checks import soon


def write(path, text):
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


class Lines:
    """A program whose lines are collected while it runs."""

    def __init__(self, *command, ready=None, **options):
        self.lines = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="surrogateescape", bufsize=1, stdin=subprocess.DEVNULL, **options)
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()
        if ready:
            soon(f"{command[0]} is ready", lambda: any(ready in line for line in self.lines))
            self.lines.clear()

    def collect(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.thread.join(5)


class InotifyWait(Lines):
    """inotifywait -m -r; reading a file makes no line."""

    def __init__(self, folder, program="inotifywait", *options):
        events = [e for name in ("create", "close_write", "modify", "move", "delete", "attrib") for e in ("-e", name)]
        self.folder = folder
        command = [program, "-m", "-r" if program == "inotifywait" else "--recursive", *events, *options,
                   "--format", "%e %w%f", folder]
        super().__init__(*command, ready="established")

    def seen(self):
        return [line.replace(self.folder + "/", "").replace("CLOSE_WRITE,CLOSE", "CLOSE_WRITE") for line in self.lines]


class Inotify:
    """inotify(7) itself, to react within the event."""

    CLOSE_WRITE, MODIFY, MOVED_TO, CREATE, OVERFLOW = 0x8, 0x2, 0x80, 0x100, 0x4000

    def __init__(self, folder, mask):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.libc.inotify_add_watch(self.fd, folder.encode(), mask) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")

    def events(self):
        try:
            data = os.read(self.fd, 1 << 20)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            _, mask, _, length = struct.unpack_from("iIII", data, at)
            name = data[at + 16:at + 16 + length].rstrip(b"\0").decode()
            at += 16 + length
            yield mask, name

    def close(self):
        os.close(self.fd)
