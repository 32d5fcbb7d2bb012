"""Types a text at a shell on a terminal of its own once it says READY, and prints what it shows until it says END.

At zsh it goes on after a TAB when the shell waits for more: zsh gives a completion up when more is typed.
"""

import fcntl
import glob
import os
import pty
import select
import signal
import struct
import sys
import termios

text, command = os.fsencode(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen = b''


def read():
    global seen
    if not select.select([terminal], [], [], 120)[0]:
        sys.exit('nothing came any more after %r' % seen)
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        chunk = b''
    if not chunk:
        sys.exit('the shell has ended after %r' % seen)
    seen += chunk


def read_until(mark):
    while mark not in seen:
        read()


def read_file(name):
    with open(name) as file:
        return file.read()


def is_waiting():
    """Whether the shell has read all that was typed, runs nothing, and sleeps."""
    (unread,) = struct.unpack('i', fcntl.ioctl(inner, termios.FIONREAD, bytes(4)))
    children = [read_file(name) for name in glob.glob('/proc/%d/task/*/children' % pid)]
    state = read_file('/proc/%d/stat' % pid).rpartition(')')[2].split()[0]
    return unread == 0 and state == 'S' and not any(children)


def read_until_it_waits():
    looks = 0
    while looks < 3:
        if select.select([terminal], [], [], 0.02)[0]:
            read()
            looks = 0
        looks = looks + 1 if is_waiting() else 0


try:
    read_until(b'READY')
    if command[0] == 'zsh':
        inner = os.open(os.readlink('/proc/%d/fd/0' % pid), os.O_RDWR | os.O_NOCTTY)
        typed, tab, text = text.partition(b'\t')
        os.write(terminal, typed + tab)
        read_until_it_waits()
    os.write(terminal, text)
    read_until(b':END')
finally:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
