"""A service manager as small as can be: PROGRAM ARGUMENT...

Runs the program when its standard input says `start`, keeps the descriptors that it sends with FDSTORE=1 (sd_notify(3)),
and hands them over at the next start (sd_listen_fds(3)). `signal N` sends it a signal, `empty` closes what is kept. At
the end of the input it ends all. Says what happens in lines of JSON, in which what the program prints stands as it is.
"""
import array, json, os, selectors, signal, socket, sys
words = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\0ics-manager-%d" % os.getpid())
stored, service = [], 0
reader, writer = os.pipe()
os.set_blocking(writer, False)
signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
signal.signal(signal.SIGCHLD, lambda *_: None)

def say(**line):
    os.write(1, (json.dumps(line) + "\n").encode())

def start():
    global service
    service = os.fork()
    if service != 0:
        return say(started=service)
    high = [os.dup2(fd, 200 + at) for at, (_, fd) in enumerate(stored)]
    for at, fd in enumerate(high):
        os.dup2(fd, 3 + at)
    os.closerange(3 + len(high), 300)
    os.environ.update(NOTIFY_SOCKET="@ics-manager-%d" % os.getppid(), LISTEN_PID=str(os.getpid()),
                      LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=":".join(name for name, _ in stored))
    os.execvp(words[0], words)

def forget(name=None):
    for kept in [entry for entry in stored if name in (None, entry[0])]:
        os.close(kept[1])
        stored.remove(kept)

def receive():
    state, control, _, _ = listener.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
    fds = array.array("i")
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data)
    fields = dict(line.split("=", 1) for line in state.decode().split("\n") if "=" in line)
    if "FDSTOREREMOVE" in fields:
        forget(fields["FDNAME"])
    for fd in fds:
        stored.append((fields.get("FDNAME", "stored"), fd))
    say(notify=state.decode(), stored=len(stored))

polled = selectors.DefaultSelector()
polled.register(0, selectors.EVENT_READ, "command")
polled.register(listener, selectors.EVENT_READ, "message")
polled.register(reader, selectors.EVENT_READ, "child")
text = b""
while True:
    # What a service has said before it died is told before its death.
    ready = sorted((key.data for key, _ in polled.select()), key=["message", "child", "command"].index)
    kind = ready[0]
    if kind == "message":
        receive()
    elif kind == "child":
        os.read(reader, 64)
        while service > 0:
            pid, status = os.waitpid(service, os.WNOHANG)
            if pid == 0:
                break
            service = 0
            say(exited=status)
    else:
        more = os.read(0, 4096)
        if not more:
            break
        *lines, text = (text + more).split(b"\n")
        for line in lines:
            command, _, number = line.decode().partition(" ")
            if command == "start":
                start()
            elif command == "empty":
                forget()
            elif service > 0:
                os.kill(service, int(number))
if service > 0:
    os.kill(service, signal.SIGKILL)
    os.waitpid(service, 0)
