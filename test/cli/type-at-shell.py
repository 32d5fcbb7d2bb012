"""Types a text at a shell on a terminal of its own once it says READY, and prints what it shows until it says END."""

import os
import pty
import select
import signal
import sys

text, command = os.fsencode(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen = b''


def read_until(mark):
    global seen
    while mark not in seen:
        if not select.select([terminal], [], [], 120)[0]:
            sys.exit('nothing came any more after %r' % seen)
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            chunk = b''
        if not chunk:
            sys.exit('the shell has ended after %r' % seen)
        seen += chunk


try:
    read_until(b'READY')
    os.write(terminal, text)
    read_until(b':END')
finally:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
