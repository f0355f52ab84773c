"""The system calls that the parity cases make, in one class so that a wrong one can be slipped in.

Calls is the truth. Each subclass in WRONG has one bug of the kind that file systems have; a run with it must
find a difference, or the cases prove nothing.
"""
import ctypes
import errno
import os

RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4
_libc = ctypes.CDLL(None, use_errno=True)


class Calls:
    open = staticmethod(os.open)
    close = staticmethod(os.close)
    read = staticmethod(os.read)
    pread = staticmethod(os.pread)
    write = staticmethod(os.write)
    pwrite = staticmethod(os.pwrite)
    lseek = staticmethod(os.lseek)
    truncate = staticmethod(os.truncate)
    ftruncate = staticmethod(os.ftruncate)
    fsync = staticmethod(os.fsync)
    fdatasync = staticmethod(os.fdatasync)
    stat = staticmethod(os.stat)
    lstat = staticmethod(os.lstat)
    fstat = staticmethod(os.fstat)
    statvfs = staticmethod(os.statvfs)
    mkdir = staticmethod(os.mkdir)
    rmdir = staticmethod(os.rmdir)
    unlink = staticmethod(os.unlink)
    symlink = staticmethod(os.symlink)
    readlink = staticmethod(os.readlink)
    link = staticmethod(os.link)
    mknod = staticmethod(os.mknod)
    chmod = staticmethod(os.chmod)
    fchmod = staticmethod(os.fchmod)
    chown = staticmethod(os.chown)
    lchown = staticmethod(os.lchown)
    utime = staticmethod(os.utime)
    listdir = staticmethod(os.listdir)
    access = staticmethod(os.access)
    getxattr = staticmethod(os.getxattr)
    setxattr = staticmethod(os.setxattr)
    removexattr = staticmethod(os.removexattr)
    listxattr = staticmethod(os.listxattr)
    posix_fallocate = staticmethod(os.posix_fallocate)

    def rename(self, source, target, flags=0):
        encoded = [os.fsencode(p) for p in (source, target)]
        if _libc.renameat2(-100, encoded[0], -100, encoded[1], flags) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    def fallocate(self, fd, mode, offset, length):
        c = ctypes.c_longlong
        if _libc.fallocate(fd, ctypes.c_int(mode), c(offset), c(length)) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))


class AppendOverwrites(Calls):
    def open(self, path, flags, mode=0o777):
        return os.open(path, flags & ~os.O_APPEND, mode)


class TruncateUpIsLost(Calls):
    def ftruncate(self, fd, size):
        os.ftruncate(fd, min(size, os.fstat(fd).st_size))


class NoReplaceReplaces(Calls):
    def rename(self, source, target, flags=0):
        super().rename(source, target, flags & ~RENAME_NOREPLACE)


class ListingLosesOne(Calls):
    def listdir(self, path):
        names = sorted(os.listdir(path))
        return names[:-1] if len(names) > 200 else names


class WriteKeepsMtime(Calls):
    def write(self, fd, data):
        before = os.fstat(fd)
        n = os.write(fd, data)
        os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns))
        return n


class ExclusiveIsIgnored(Calls):
    def open(self, path, flags, mode=0o777):
        return os.open(path, flags & ~os.O_EXCL, mode)


class RmdirTakesAll(Calls):
    def rmdir(self, path):
        for name in os.listdir(path):
            if os.path.isfile(os.path.join(path, name)):
                os.unlink(os.path.join(path, name))
        os.rmdir(path)


class SetGroupIsNotInherited(Calls):
    def mkdir(self, path, mode=0o777):
        os.mkdir(path, mode)
        os.chmod(path, os.stat(path).st_mode & 0o1777)


class UnlinkedFileIsEmpty(Calls):
    def unlink(self, path):
        if os.path.isfile(path) and not os.path.islink(path) and os.stat(path).st_uid == os.getuid():
            os.truncate(path, 0)
        os.unlink(path)


class AttributesAreNotLimited(Calls):
    def setxattr(self, path, name, value, flags=0):
        os.setxattr(path, name, value, 0)


class LinkCopies(Calls):
    def link(self, source, target, follow_symlinks=True):
        os.link(source, target, follow_symlinks=follow_symlinks)
        if not os.path.islink(target) and os.path.isfile(target) and os.getuid() == 0:
            with open(target, "rb") as f:
                data = f.read()
            os.unlink(target)
            with open(target, "wb") as f:
                f.write(data)


WRONG = [AppendOverwrites, TruncateUpIsLost, NoReplaceReplaces, ListingLosesOne, WriteKeepsMtime, ExclusiveIsIgnored,
         RmdirTakesAll, SetGroupIsNotInherited, UnlinkedFileIsEmpty, AttributesAreNotLimited,
         LinkCopies]


def name_of(code):
    return errno.errorcode.get(code, str(code))
