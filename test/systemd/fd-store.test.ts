import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  addition,
  descriptorsByKind,
  FdStoreError,
  forget,
  removal,
  store,
} from '#src/systemd/fd-store.js';
import { manager } from './manager.js';

test('of what is passed inotify instances and pages are kept by name, all else is closed', () => {
  const page = '/memfd:inotify-csync-handover (deleted)';
  const targets = [
    'anon_inode:inotify',
    'socket:[1]',
    page,
    'anon_inode:inotify',
    'anon_inode:[eventfd]',
  ];
  const closed: number[] = [];
  const kept = descriptorsByKind(
    targets.map((_, index) => ({ fd: index + 3, name: index < 3 ? 'one' : 'two' })),
    (fd) => targets[fd - 3] as string,
    (fd) => closed.push(fd),
  );
  assert.deepEqual(
    [...kept],
    [
      ['one', { inotify: [3], page: [5] }],
      ['two', { inotify: [6], page: [] }],
    ],
  );
  assert.deepEqual(closed, [4, 7]);
});

for (const kind of ['a path', 'an abstract name']) {
  test(`the manager listens at ${kind}: what is stored arrives after its forerunner is removed`, async (context) => {
    const folder = temporary(context);
    const address =
      kind === 'a path' ? join(folder, 'notify') : `@ics-test-${process.pid}-${Date.now()}`;
    const receive = await manager(context, address);
    listenAt(context, address);
    const [inotifyFd, handoverFd] = ['one', 'two'].map((name) =>
      openSync(join(folder, name), 'w'),
    ) as [number, number];
    context.after(() => [inotifyFd, handoverFd].map((fd) => closeSync(fd)));

    assert.equal(store('watch', { inotifyFd, handoverFd }), true);
    assert.deepEqual(await receive(), { state: removal('watch'), targets: [] });
    assert.deepEqual(await receive(), {
      state: addition('watch'),
      targets: ['one', 'two'].map((name) => join(folder, name)),
    });
    forget('watch');
    assert.deepEqual(await receive(), { state: 'FDSTOREREMOVE=1\nFDNAME=watch', targets: [] });
  });
}

test('without a manager nothing happens', (context) => {
  listenAt(context, undefined);
  assert.equal(store('watch', { inotifyFd: 0, handoverFd: 0 }), false);
  forget('watch');
});

test('a manager that is gone, and a name that would break the message, are errors', (context) => {
  listenAt(context, join(temporary(context), 'nobody'));
  assert.throws(
    () => store('watch', { inotifyFd: 0, handoverFd: 0 }),
    (error: unknown) =>
      error instanceof FdStoreError && /ENOENT/u.test(error.message) && error.hint !== '',
  );
  assert.throws(() => store('a\nFDSTORE=1', { inotifyFd: 0, handoverFd: 0 }), RangeError);
  assert.throws(() => forget('a:b'), RangeError);
});

test('what was passed is taken once, closed on exec, and only in whole pairs', () => {
  // Descriptors 3 to 10: instance, page, a socket, a page and its instance, two instances and a
  // page, all by their names.
  assert.deepEqual(passed('watch:watch:log:other:other:twice:twice:twice'), {
    watch: { inotifyFd: 3, handoverFd: 4 },
    again: null,
    other: { inotifyFd: 7, handoverFd: 6 },
    twice: null,
    single: null,
    open: [3, 4, 6, 7],
    inherited: [],
    variables: [],
  });
  assert.deepEqual(passed('single:log:log:log:log:log:log:log').single, null);
});

test('descriptors for another process are none of ours', () => {
  const seen = passed('watch:watch:log:other:other:twice:twice:twice', 'another');
  assert.equal(seen.watch, null);
  assert.deepEqual(seen.variables, []);
  assert.deepEqual(seen.open, [3, 4, 5, 6, 7, 8, 9, 10]);
});

function passed(names: string, whose = 'own'): Record<string, unknown> {
  const program = fileURLToPath(new URL('./passed.js', import.meta.url));
  const script = `
import ctypes, os, socket, sys
libc = ctypes.CDLL(None)
instance = lambda: libc.inotify_init1(0)
page = lambda: os.memfd_create("inotify-csync-handover")
made = [instance(), page(), socket.socket(socket.AF_UNIX).detach(), page(), instance(), instance(), instance(), page()]
high = [os.dup2(fd, 100 + at) for at, fd in enumerate(made)]
for at, fd in enumerate(high):
    os.dup2(fd, 3 + at)
    os.close(fd)
os.environ["LISTEN_PID"] = str(os.getpid() if sys.argv[1] == "own" else 1)
os.environ["LISTEN_FDS"] = "8"
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
