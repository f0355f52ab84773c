"""Calls that Python has no name for: fallocate with a mode, and mappings that hold no descriptor (mmap.mmap keeps one)."""
import ctypes
import os

KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16
READ_WRITE, SHARED, PRIVATE = 3, 1, 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]


def _raise_if(failed):
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def fallocate(fd, mode, offset, length):
    _raise_if(_libc.fallocate(fd, mode, offset, length) != 0)


class Mapping:
    """`size` bytes of a file from its start. The descriptor may be closed at once."""

    def __init__(self, fd, size, flags):
        self.size = size
        self.address = _libc.mmap(None, size, READ_WRITE, flags, fd, 0)
        _raise_if(self.address == ctypes.c_void_p(-1).value)

    def write(self, at, data):
        ctypes.memmove(self.address + at, data, len(data))

    def read(self):
        return ctypes.string_at(self.address, self.size)

    def close(self):
        _raise_if(_libc.munmap(self.address, self.size) != 0)
