"""A FUSE file system that shows a directory and fails where it is told to: faulty-fs.py STORE POINT RULES

It speaks the kernel's protocol (linux/fuse.h) itself, so that it needs no library. RULES is a file of lines
`ERRNO PATH`, read again for each request: whatever is asked about that path, relative to POINT and in bytes, or about
anything below it, fails so; `ERRNO PATH/` only fails what lies below and the listing. Prints `ready` when it is mounted;
ends when it is unmounted. Killed, it leaves a mount that answers everything with ENOTCONN.
"""
import ctypes
import errno
import os
import stat
import struct
import sys

store, point, rules = (os.fsencode(word) for word in sys.argv[1:4])
libc = ctypes.CDLL(None, use_errno=True)
device = os.open('/dev/fuse', os.O_RDWR)
options = f'fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions'.encode()
if libc.mount(b'faulty', point, b'fuse', 0, options) != 0:
    sys.exit(f'mount: {os.strerror(ctypes.get_errno())}')

# A node whose file has been removed stays, without a path, as long as the file is open.
nodes, paths, handles, opened_of = {1: b''}, {b'': 1}, {}, {}
last_node, last_handle = 1, 0


def real(path):
    return store + b'/' + path if path else store


def fault(path, listing=False):
    try:
        with open(rules, 'rb') as file:
            lines = file.read().split(b'\n')
    except FileNotFoundError:
        return
    for line in lines:
        name, _, where = line.partition(b' ')
        below = where.rstrip(b'/')
        at_it = path == below and (listing or not where.endswith(b'/'))
        if name and (at_it or path.startswith(below + b'/')):
            raise OSError(getattr(errno, name.decode()), 'as told')


def node_of(path):
    global last_node
    if path not in paths:
        last_node += 1
        paths[path], nodes[last_node] = last_node, path
    return paths[path]


def attributes(path, s=None):
    s = s or os.lstat(real(path))
    times = [s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns]
    return struct.pack('<6Q10I', s.st_ino, s.st_size, s.st_blocks, *[t // 10**9 for t in times],
                       *[t % 10**9 for t in times], s.st_mode, s.st_nlink, s.st_uid, s.st_gid, s.st_rdev, 4096, 0)


def entry(path):
    shown = attributes(path)
    return struct.pack('<4Q2I', node_of(path), 0, 0, 0, 0, 0) + shown


def opened(handle, node=0):
    global last_handle
    last_handle += 1
    handles[last_handle] = handle
    opened_of[node] = handle
    return struct.pack('<QII', last_handle, 0, 0)


def child(node, name):
    parent = nodes[node]
    path = parent + b'/' + name if parent else name
    fault(path)
    return path


def move(before, after):
    for path in [p for p in paths if p == before or p.startswith(before + b'/')]:
        node = paths.pop(path)
        paths[after + path[len(before):]] = node
        nodes[node] = after + path[len(before):]


def remove(path):
    node = paths.pop(path, 0)
    if node:
        nodes[node] = None


def set_attributes_of_removed(handle, body):
    valid, _, _, size, _, _, _, _, _, _, _, mode, _, uid, gid, _ = struct.unpack_from('<2I6Q8I', body)
    if valid & 1:
        os.fchmod(handle, stat.S_IMODE(mode))
    if valid & 6:
        os.fchown(handle, uid if valid & 2 else -1, gid if valid & 4 else -1)
    if valid & 8:
        os.ftruncate(handle, size)


def set_attributes(path, body):
    valid, _, _, size, _, atime, mtime, _, atime_ns, mtime_ns, _, mode, _, uid, gid, _ = struct.unpack_from(
        '<2I6Q8I', body)
    if valid & 1:
        os.chmod(real(path), stat.S_IMODE(mode))
    if valid & 6:
        os.chown(real(path), uid if valid & 2 else -1, gid if valid & 4 else -1, follow_symlinks=False)
    if valid & 8:
        os.truncate(real(path), size)
    if valid & 0x30:
        s = os.lstat(real(path))
        atime = s.st_atime_ns if not valid & 0x10 else atime * 10**9 + atime_ns
        mtime = s.st_mtime_ns if not valid & 0x20 else mtime * 10**9 + mtime_ns
        if valid & 0x180:
            os.utime(real(path), follow_symlinks=False)
        else:
            os.utime(real(path), ns=(atime, mtime), follow_symlinks=False)
    return struct.pack('<QII', 0, 0, 0) + attributes(path)


def names(body, count):
    return body.split(b'\0')[:count]


def listing(path):
    entries = [(b'.', stat.S_IFDIR), (b'..', stat.S_IFDIR)]
    for each in os.scandir(real(path)):
        entries.append((each.name, os.lstat(real(path) + b'/' + each.name).st_mode))
    return entries


def directory_page(handle, offset, size):
    page = b''
    for at, (name, mode) in enumerate(handles[handle][offset:], offset + 1):
        record = struct.pack('<QQII', 1, at, len(name), stat.S_IFMT(mode) >> 12) + name
        record += b'\0' * (-len(record) % 8)
        if len(page) + len(record) > size:
            break
        page += record
    return page


def answer(opcode, node, body):
    path = nodes.get(node, b'')
    if path is None and opcode in (3, 4):
        if opcode == 4:
            set_attributes_of_removed(opened_of[node], body)
        return struct.pack('<QII', 0, 0, 0) + attributes(b'', os.fstat(opened_of[node]))
    if path is None and opcode not in (15, 16, 18, 20, 25):
        raise OSError(errno.ESTALE, 'it has been removed')
    if path is not None and opcode in (3, 4, 5, 14, 15, 16, 34):
        fault(path)
    if opcode in (27, 28):
        fault(path, listing=True)
    if opcode == 1:
        return entry(child(node, names(body, 1)[0]))
    if opcode == 3:
        return struct.pack('<QII', 0, 0, 0) + attributes(path)
    if opcode == 4:
        return set_attributes(path, body)
    if opcode == 5:
        return os.readlink(real(path))
    if opcode == 6:
        name, target = names(body, 2)
        made = child(node, name)
        os.symlink(target, real(made))
        return entry(made)
    if opcode == 8:
        mode, device_number, _, _ = struct.unpack_from('<4I', body)
        made = child(node, names(body[16:], 1)[0])
        os.mknod(real(made), mode, device_number)
        return entry(made)
    if opcode == 9:
        mode, _ = struct.unpack_from('<2I', body)
        made = child(node, names(body[8:], 1)[0])
        os.mkdir(real(made), mode)
        return entry(made)
    if opcode in (10, 11):
        gone = child(node, names(body, 1)[0])
        (os.unlink if opcode == 10 else os.rmdir)(real(gone))
        remove(gone)
        return b''
    if opcode in (12, 45):
        target, = struct.unpack_from('<Q', body)
        before, after = names(body[8 if opcode == 12 else 16:], 2)
        before, after = child(node, before), child(target, after)
        os.rename(real(before), real(after))
        remove(after)
        move(before, after)
        return b''
    if opcode == 13:
        other, = struct.unpack_from('<Q', body)
        made = child(node, names(body[8:], 1)[0])
        os.link(real(nodes[other]), real(made), follow_symlinks=False)
        return entry(made)
    if opcode == 14:
        flags, = struct.unpack_from('<I', body)
        return opened(os.open(real(path), flags & ~os.O_NOFOLLOW), node)
    if opcode == 15:
        handle, offset, size = struct.unpack_from('<QQI', body)
        return os.pread(handles[handle], size, offset)
    if opcode == 16:
        handle, offset, size = struct.unpack_from('<QQI', body)
        return struct.pack('<II', os.pwrite(handles[handle], body[40:40 + size], offset), 0)
    if opcode == 17:
        return struct.pack('<5Q10I', 1000, 500, 500, 1000, 500, 4096, 255, 4096, *[0] * 7)
    if opcode in (18, 29):
        handle = handles.pop(struct.unpack_from('<Q', body)[0])
        if opcode == 18:
            os.close(handle)
        return b''
    if opcode in (20, 25, 30, 34):
        return b''
    if opcode == 26:
        return struct.pack('<4I2HIIHHI7I', 7, 31, 65536, 0, 12, 9, 65536, 1, 0, 0, 0, *[0] * 7)
    if opcode == 27:
        return opened(listing(path))
    if opcode == 28:
        return directory_page(*struct.unpack_from('<QQI', body))
    if opcode == 35:
        flags, mode = struct.unpack_from('<2I', body)
        made = child(node, names(body[16:], 1)[0])
        handle = os.open(real(made), (flags | os.O_CREAT) & ~os.O_NOFOLLOW, mode)
        return entry(made) + opened(handle, node_of(made))
    raise OSError(errno.ENOSYS, 'not needed')


while True:
    try:
        request = os.read(device, 65536 + 4096)
    except OSError as error:
        # ENODEV: it has been unmounted.
        if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
            continue
        break
    _, opcode, unique, node = struct.unpack_from('<IIQQ', request)
    # Forgetting and interrupting have no answers.
    if opcode in (2, 36, 42):
        continue
    try:
        reply, code = answer(opcode, node, request[40:]), 0
    except OSError as error:
        reply, code = b'', -error.errno
    try:
        os.write(device, struct.pack('<IiQ', 16 + len(reply), code, unique) + reply)
    except OSError:
        # Whoever asked has given up.
        pass
    if opcode == 26:
        print('ready', flush=True)
