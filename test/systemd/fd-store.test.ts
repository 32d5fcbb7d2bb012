import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addition, FdStoreError, forget, inotifyDescriptors, removal, store } from '#src/systemd/fd-store.js';
import { manager } from './manager.js';

test('of what is passed the inotify instances are kept by name, all else is closed', () => {
  const targets = ['anon_inode:inotify', 'socket:[1]', 'anon_inode:inotify', 'anon_inode:[eventfd]'];
  const closed: number[] = [];
  const kept = inotifyDescriptors(
    targets.map((_, index) => ({ fd: index + 3, name: index < 2 ? 'one' : 'two' })),
    (fd) => targets[fd - 3] as string,
    (fd) => closed.push(fd),
  );
  assert.deepEqual(
    [...kept],
    [
      ['one', [3]],
      ['two', [5]],
    ],
  );
  assert.deepEqual(closed, [4, 6]);
});

for (const kind of ['a path', 'an abstract name']) {
  test(`the manager listens at ${kind}: a stored descriptor arrives after its forerunner is removed`, async (context) => {
    const folder = temporary(context);
    const address = kind === 'a path' ? join(folder, 'notify') : `@ics-test-${process.pid}-${Date.now()}`;
    const receive = await manager(context, address);
    listenAt(context, address);
    const file = openSync(join(folder, 'file'), 'w');
    context.after(() => closeSync(file));

    store('watch', file);
    assert.deepEqual(await receive(), { state: removal('watch'), targets: [] });
    assert.deepEqual(await receive(), { state: addition('watch'), targets: [join(folder, 'file')] });
    forget('watch');
    assert.deepEqual(await receive(), { state: 'FDSTOREREMOVE=1\nFDNAME=watch', targets: [] });
  });
}

test('without a manager nothing happens', (context) => {
  listenAt(context, undefined);
  store('watch', 0);
  forget('watch');
});

test('a manager that is gone, and a name that would break the message, are errors', (context) => {
  listenAt(context, join(temporary(context), 'nobody'));
  assert.throws(
    () => store('watch', 0),
    (error: unknown) => error instanceof FdStoreError && /ENOENT/u.test(error.message) && error.hint !== '',
  );
  assert.throws(() => store('a\nFDSTORE=1', 0), RangeError);
  assert.throws(() => forget('a:b'), RangeError);
});

test('descriptors that were passed are taken once, closed on exec, and only if they are inotify', () => {
  // Descriptors 3 to 7: inotify, a socket, inotify, and two inotify under one name.
  assert.deepEqual(passed('watch:log:other:twice:twice'), {
    watch: 3,
    again: null,
    other: 5,
    twice: null,
    open: [3, 5],
    inherited: [],
    variables: [],
  });
});

test('descriptors for another process are none of ours', () => {
  const seen = passed('watch:log:other:twice:twice', 'another');
  assert.equal(seen.watch, null);
  assert.deepEqual(seen.variables, []);
  assert.deepEqual(seen.open, [3, 4, 5, 6, 7]);
});

function passed(names: string, whose = 'own'): Record<string, unknown> {
  const program = fileURLToPath(new URL('./passed.js', import.meta.url));
  const script = `
import ctypes, os, socket, sys
libc = ctypes.CDLL(None)
made = [libc.inotify_init1(0), socket.socket(socket.AF_UNIX).detach()] + [libc.inotify_init1(0) for _ in range(3)]
high = [os.dup2(fd, 100 + at) for at, fd in enumerate(made)]
for at, fd in enumerate(high):
    os.dup2(fd, 3 + at)
    os.close(fd)
os.environ["LISTEN_PID"] = str(os.getpid() if sys.argv[1] == "own" else 1)
os.environ["LISTEN_FDS"] = "5"
os.environ["LISTEN_FDNAMES"] = sys.argv[2]
os.execv(sys.argv[3], sys.argv[3:])`;
  const run = spawnSync('python3', ['-c', script, whose, names, process.execPath, program], {
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

function temporary(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ics-fd-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function listenAt(context: TestContext, address: string | undefined): void {
  const before = process.env.NOTIFY_SOCKET;
  const set = (value: string | undefined): void => {
    if (value === undefined) delete process.env.NOTIFY_SOCKET;
    else process.env.NOTIFY_SOCKET = value;
  };
  set(address);
  context.after(() => set(before));
}
