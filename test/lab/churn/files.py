"""File operations of a churn, each on one world: the folders `in` and `out` below which all of its paths lie.

Paths have one character a byte. No symbolic link is ever followed: every component is opened relative to the one above
it, so no operation can leave its world.

Left out because inotify(7) has no event for it: a change of a file that has another name besides (the event names only the
one that was used), and truncate(2) by path, which closes nothing.
"""

import ctypes
import errno
import os
import random
import re
import shutil
import stat
import subprocess
import time

libc = ctypes.CDLL(None, use_errno=True)
EXCHANGE = 2
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

TEMPORARY = re.compile(rb"\..*\.[A-Za-z0-9]{6}", re.DOTALL)


class World:
    """`inside` and `outside` are paths of folders; `enter` are the words that run a command in the host's mounts."""

    def __init__(self, inside, outside, enter=None, seen=None):
        self.tops = {b"in": os.open(inside, FOLDER), b"out": os.open(outside, FOLDER)}
        self.writing = []
        self.enter = enter
        self.seen = seen

    def do(self, name, arguments):
        """Carries out one operation. None, or the name of the error with which it failed."""
        try:
            getattr(self, name)(*arguments)
            return None
        except OSError as error:
            return os.strerror(error.errno) if error.errno else str(error)
        except shutil.Error as error:
            return str(error)

    # New files and new contents

    def write(self, path, token, size):
        self._put(path, content(token, size), os.O_TRUNC)

    def append(self, path, token, size):
        self._put(path, content(token, size), os.O_APPEND)

    def same_size(self, path, token):
        """Other content of the same size, in place."""
        file = self._open_existing(path)
        try:
            os.write(file, content(token, os.fstat(file).st_size))
        finally:
            os.close(file)

    def pinned(self, path, token):
        """Other content of the same size under the old time, as `touch -r` after the fact."""
        status = self._stat(path)
        self.same_size(path, token)
        self._set_times(path, status)

    def begin(self, path, token, size):
        """Opens a file that `finish` writes to and closes, whatever has become of its name by then."""
        self.writing.append((self._open(path, os.O_APPEND), content(token, size)))

    def finish(self):
        while self.writing:
            file, text = self.writing.pop(0)
            if os.fstat(file).st_nlink <= 1:
                os.write(file, text)
            os.close(file)

    def save(self, path, temporary, token, size):
        """As an editor does: a temporary file beside it takes its place."""
        self.write(temporary, token, size)
        self.rename(temporary, path)

    def backup_save(self, path, backup, token, size):
        """As an editor does that keeps the old file until the new one is written."""
        self.rename(path, backup)
        self.write(path, token, size)
        self.unlink(backup)

    def copy(self, source, path):
        """As `cp -p`: content, mode, owner and time."""
        text, status = self._read(source)
        self._put(path, text, os.O_TRUNC)
        with self._parent(path) as (name, fd):
            os.chown(name, status.st_uid, status.st_gid, dir_fd=fd, follow_symlinks=False)
            os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=fd)
        self._set_times(path, status)

    def older(self, path, temporary, token, size, seconds):
        """A file with a time long past, moved over another one."""
        self.write(temporary, token, size)
        self.utime(temporary, seconds)
        self.rename(temporary, path)

    # Status

    def utime(self, path, seconds):
        self._refuse_link(path)
        with self._parent(path) as (name, fd):
            os.utime(name, ns=(seconds * 10**9, seconds * 10**9), dir_fd=fd, follow_symlinks=False)

    def chmod(self, path, mode):
        self._refuse_link(path)
        if stat.S_ISLNK(self._stat(path).st_mode):
            raise OSError(40, "is a link")
        with self._parent(path) as (name, fd):
            os.chmod(name, mode, dir_fd=fd)

    def chown(self, path, uid, gid):
        self._refuse_link(path)
        with self._parent(path) as (name, fd):
            os.chown(name, uid, gid, dir_fd=fd, follow_symlinks=False)

    # Other types

    def mkdir(self, path):
        with self._parent(path) as (name, fd):
            os.mkdir(name, 0o755, dir_fd=fd)

    def mkdir_p(self, path):
        parts = path.split("/")
        for count in range(2, len(parts) + 1):
            try:
                self.mkdir("/".join(parts[:count]))
            except FileExistsError:
                pass

    def symlink(self, path, target):
        with self._parent(path) as (name, fd):
            os.symlink(target.encode("latin1"), name, dir_fd=fd)

    def retarget(self, path, temporary, target):
        """As `ln -sfn` of a careful deployment: another link takes its place at once."""
        self.symlink(temporary, target)
        self.rename(temporary, path)

    def fifo(self, path):
        with self._parent(path) as (name, fd):
            os.mkfifo(name, 0o644, dir_fd=fd)

    def link(self, source, path):
        with self._parent(source) as (old, old_fd), self._parent(path) as (name, fd):
            os.link(old, name, src_dir_fd=old_fd, dst_dir_fd=fd, follow_symlinks=False)

    # Names that go or change

    def unlink(self, path):
        with self._parent(path) as (name, fd):
            os.unlink(name, dir_fd=fd)

    def rmdir(self, path):
        with self._parent(path) as (name, fd):
            # csync2 makes temporary files beside what it sends, for moments.
            for attempt in range(5):
                try:
                    os.rmdir(name, dir_fd=fd)
                    return
                except OSError as error:
                    if error.errno != errno.ENOTEMPTY or attempt == 4 or not self._has_only_temporary(name, fd):
                        raise
                    time.sleep(0.005)

    def rm_rf(self, path):
        with self._parent(path) as (name, fd):
            if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=fd)
                return
            # As rm(1) does, and again: csync2 makes temporary files beside what it sends, for moments.
            for attempt in range(5):
                try:
                    shutil.rmtree(name, dir_fd=fd, onerror=pass_over_gone)
                    return
                except OSError as error:
                    if error.errno != errno.ENOTEMPTY or attempt == 4:
                        raise

    def rename(self, source, path):
        with self._parent(source) as (old, old_fd), self._parent(path) as (name, fd):
            os.rename(old, name, src_dir_fd=old_fd, dst_dir_fd=fd)

    def exchange(self, source, path):
        with self._parent(source) as (old, old_fd), self._parent(path) as (name, fd):
            if libc.renameat2(old_fd, old, fd, name, EXCHANGE) != 0:
                raise OSError(ctypes.get_errno(), "renameat2")

    # Mounts, in the host's own view; nothing in a world that belongs to no host

    def mount(self, path):
        if self.enter:
            self._host("mount", "-t", "tmpfs", "-o", "size=8m", "churn", self._seen(path))

    def bind(self, source, path):
        if self.enter:
            self._host("mount", "--bind", self._seen(source), self._seen(path))

    def unmount(self, path):
        if self.enter:
            self._host("umount", self._seen(path))

    def _host(self, *words):
        if subprocess.run([*self.enter, *words], capture_output=True).returncode != 0:
            raise OSError(22, words[0])

    def _seen(self, path):
        return self.seen.encode() + path.encode("latin1")[len("in"):]

    # Below

    def _put(self, path, text, flags):
        file = self._open(path, flags)
        try:
            view = memoryview(text)
            while view:
                view = view[os.write(file, view):]
        finally:
            os.close(file)

    def _read(self, path):
        with self._parent(path) as (name, fd):
            file = os.open(name, READ, dir_fd=fd)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(22, "no file")
            return os.pread(file, status.st_size, 0), status
        finally:
            os.close(file)

    def _open(self, path, flags):
        self._refuse_link(path)
        with self._parent(path) as (name, fd):
            return os.open(name, WRITE | os.O_CREAT | flags, 0o644, dir_fd=fd)

    def _open_existing(self, path):
        self._refuse_link(path)
        with self._parent(path) as (name, fd):
            file = os.open(name, WRITE, dir_fd=fd)
        if stat.S_ISREG(os.fstat(file).st_mode):
            return file
        os.close(file)
        raise OSError(22, "no file")

    def _set_times(self, path, status):
        with self._parent(path) as (name, fd):
            times = (status.st_atime_ns, status.st_mtime_ns)
            os.utime(name, ns=times, dir_fd=fd, follow_symlinks=False)

    def _stat(self, path):
        with self._parent(path) as (name, fd):
            return os.stat(name, dir_fd=fd, follow_symlinks=False)

    def _refuse_link(self, path):
        """A file with two names must not be changed, see above."""
        try:
            status = self._stat(path)
        except FileNotFoundError:
            return
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            raise FileExistsError(17, "has two names")

    def _has_only_temporary(self, name, fd):
        folder = os.open(name, FOLDER, dir_fd=fd)
        try:
            return all(TEMPORARY.fullmatch(os.fsencode(each)) for each in os.listdir(folder))
        finally:
            os.close(folder)

    def _parent(self, path):
        return Parent(self.tops, path)


def pass_over_gone(_, __, info):
    if not isinstance(info[1], FileNotFoundError):
        raise info[1]


class Parent:
    """The directory that holds a path, open, and the path's last name."""

    def __init__(self, tops, path):
        top, *above = path.encode("latin1").split(b"/")
        if not above:
            raise OSError(16, "is the outermost folder")
        self.name = above.pop()
        self.fd = os.dup(tops[top])
        try:
            for name in above:
                below = os.open(name, FOLDER, dir_fd=self.fd)
                os.close(self.fd)
                self.fd = below
        except BaseException:
            os.close(self.fd)
            raise

    def __enter__(self):
        return self.name, self.fd

    def __exit__(self, *_):
        os.close(self.fd)


def content(token, size):
    """`size` bytes that no other token gives: the token itself, then what it seeds."""
    head = f"{token}\n".encode()
    if size <= len(head):
        # Two tokens must differ in their first bytes, or small files would be equal: the counter comes first in them.
        return head[:size]
    if size <= 4096:
        return (head * (size // len(head) + 1))[:size]
    block = random.Random(token).randbytes(65536)
    return (head + block * (size // len(block) + 1))[:size]
