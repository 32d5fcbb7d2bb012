"""Carries out file operations as an outside process.

Reads one JSON object a line: {"directory", "watching", "operations"}; answers each with one line, {"done": N}: how many
of the operations succeeded. Paths are relative to the directory, one character a byte. They are drawn blindly, so most
errors only mean that a name isn't there or isn't what the operation needs.

No symbolic link is ever followed: every component is opened relative to the one above it, so no operation can leave
the directory.

Two kinds of change are left out because inotify(7) has no event for them: writing to a file that has another name
besides (the event names only the one it was opened by), and truncate(2), which closes nothing.
"""

import ctypes
import json
import os
import shutil
import signal
import stat
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
EXCHANGE = 2
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Parent:
    """The directory that holds a path, open, and the path's last name."""

    def __init__(self, path):
        *above, self.name = path.encode("latin1").split(b"/")
        self.fd = os.dup(top)
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


def open_for_writing(path, flags):
    with Parent(path) as (name, fd):
        try:
            if os.stat(name, dir_fd=fd, follow_symlinks=False).st_nlink > 1:
                raise FileExistsError(path)
        except FileNotFoundError:
            pass
        return os.open(name, WRITE | os.O_CREAT | flags, 0o644, dir_fd=fd)


def put(path, text, flags):
    file = open_for_writing(path, flags)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def write(path, text):
    put(path, text, os.O_TRUNC)


def append(path, text):
    put(path, text, os.O_APPEND)


def begin(path, text):
    """Opens a file that `finish` writes to, whatever has become of its name by then."""
    writing.append((open_for_writing(path, os.O_APPEND), text))


def finish():
    while writing:
        file, text = writing.pop(0)
        if os.fstat(file).st_nlink <= 1:
            os.write(file, text.encode())
        os.close(file)


def hold(path):
    """Keeps a directory open, so that its inode outlives its name."""
    with Parent(path) as (name, fd):
        holding.append(os.open(name, FOLDER, dir_fd=fd))


def release():
    while holding:
        os.close(holding.pop())


def node(path):
    with Parent(path) as (name, fd):
        os.mknod(name, stat.S_IFREG | 0o644, dir_fd=fd)


def fifo(path):
    with Parent(path) as (name, fd):
        os.mkfifo(name, 0o644, dir_fd=fd)


def symlink(path, target):
    with Parent(path) as (name, fd):
        os.symlink(target.encode("latin1"), name, dir_fd=fd)


def link(source, path):
    with Parent(source) as (old, old_fd), Parent(path) as (name, fd):
        os.link(old, name, src_dir_fd=old_fd, dst_dir_fd=fd, follow_symlinks=False)


def unlink(path):
    with Parent(path) as (name, fd):
        os.unlink(name, dir_fd=fd)


def mkdir(path):
    with Parent(path) as (name, fd):
        os.mkdir(name, 0o755, dir_fd=fd)


def mkdir_p(path):
    parts = path.split("/")
    for count in range(2, len(parts) + 1):
        try:
            mkdir("/".join(parts[:count]))
        except FileExistsError:
            pass


def rmdir(path):
    with Parent(path) as (name, fd):
        os.rmdir(name, dir_fd=fd)


def rm_rf(path):
    with Parent(path) as (name, fd):
        if stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
            shutil.rmtree(name, dir_fd=fd)
        else:
            os.unlink(name, dir_fd=fd)


def replace(path, kind, text):
    """Another thing under the same name, at once."""
    rm_rf(path)
    if kind == "directory":
        mkdir(path)
        write(path + "/" + text, text)
    elif kind == "file":
        write(path, text)
    elif kind == "fifo":
        fifo(path)
    else:
        symlink(path, text)


def rename(source, path):
    with Parent(source) as (old, old_fd), Parent(path) as (name, fd):
        os.rename(old, name, src_dir_fd=old_fd, dst_dir_fd=fd)


def exchange(source, path):
    with Parent(source) as (old, old_fd), Parent(path) as (name, fd):
        if libc.renameat2(old_fd, old, fd, name, EXCHANGE) != 0:
            raise OSError(ctypes.get_errno(), "renameat2")


def chmod(path, mode):
    with Parent(path) as (name, fd):
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode) or (status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode)):
            raise FileExistsError(path)
        os.chmod(name, mode, dir_fd=fd)


def move_root(path):
    """The watched root leaves, and a new one takes its place."""
    rename("root", path)
    mkdir("root")


def flood(path, count):
    """More events than the kernel's queue holds, if nobody reads it."""
    with Parent(path) as (name, fd):
        for index in range(count):
            os.close(os.open(b"%s%d" % (name, index % 7), WRITE | os.O_CREAT, dir_fd=fd))
            os.unlink(b"%s%d" % (name, index % 7), dir_fd=fd)


def probe():
    """Writes into every directory: each must still be watched, under its name of now."""
    for where, _, _ in os.walk(os.path.join(directory, b"root")):
        with open(os.path.join(where, b".probe"), "w") as file:
            file.write("probe")


def mark(text):
    if not os.path.isdir(os.path.join(directory, b"root")):
        rm_rf("root") if os.path.lexists(os.path.join(directory, b"root")) else None
        mkdir("root")
    try:
        unlink("root/.mark")
    except OSError:
        pass
    write("root/.mark", text)


def stop():
    os.kill(watching, signal.SIGSTOP)


def cont():
    os.kill(watching, signal.SIGCONT)


def pause(milliseconds):
    time.sleep(milliseconds / 1000)


known = {
    function.__name__: function
    for function in (
        write, append, begin, finish, hold, release, node, fifo, symlink, link, unlink, mkdir, mkdir_p, rmdir, rm_rf,
        replace, rename, exchange, chmod, move_root, flood, probe, mark, stop, cont, pause,
    )
}  # fmt: skip
writing = []
holding = []
for line in sys.stdin:
    request = json.loads(line)
    directory = request["directory"].encode("latin1")
    watching = request["watching"]
    top = os.open(directory, FOLDER)
    done = 0
    for name, *arguments in request["operations"]:
        try:
            known[name](*arguments)
            done += 1
        except OSError:
            pass
    os.close(top)
    print(json.dumps({"done": done}), flush=True)
