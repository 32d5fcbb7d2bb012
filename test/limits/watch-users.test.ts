import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readWatchUsers } from '#src/limits/watch-users.js';

interface FakeProcess {
  readonly cmdline: string;
  readonly comm?: string;
  /** The inodes watched by each instance; undefined: a descriptor that is no inotify instance. */
  readonly descriptors: readonly (readonly number[] | undefined)[];
}

function fakeProc(context: TestContext, processes: Record<number, FakeProcess>): string {
  const proc = mkdtempSync(join(tmpdir(), 'limits-test-'));
  context.after(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, 'sys'));
  for (const [pid, { cmdline, comm = '', descriptors }] of Object.entries(processes)) {
    const folder = join(proc, pid);
    for (const part of ['fd', 'fdinfo']) mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, 'cmdline'), cmdline);
    writeFileSync(join(folder, 'comm'), `${comm}\n`);
    descriptors.forEach((inodes, fd) => {
      symlinkSync(inodes ? 'anon_inode:inotify' : '/dev/null', join(folder, 'fd', String(fd)));
      const lines = (inodes ?? []).map(
        (inode, index) =>
          `inotify wd:${(index + 1).toString(16)} ino:${inode.toString(16)} sdev:fd00001 mask:fc6 ignored_mask:0`,
      );
      const header = `pos:\t${fd}\nflags:\t02004000\nmnt_id:\t15\nino:\t1057\n`;
      writeFileSync(
        join(folder, 'fdinfo', String(fd)),
        `${[header.trimEnd(), ...lines].join('\n')}\n`,
      );
    });
  }
  return proc;
}

test('counts watches and instances, most first', (context) => {
  const proc = fakeProc(context, {
    10: { cmdline: '/usr/bin/small\0', descriptors: [undefined, [1]] },
    20: { cmdline: '/usr/bin/large\0--flag\0', descriptors: [[1, 2, 3], undefined, [4]] },
    30: { cmdline: '/usr/bin/none\0', descriptors: [undefined] },
    40: { cmdline: '', comm: 'empty', descriptors: [[]] },
  });
  const { users, unreadable } = readWatchUsers(proc);
  assert.equal(unreadable, 0);
  assert.deepEqual(
    users.map(({ pid, name, instances, watches }) => [pid, name, instances, watches]),
    [
      [20, 'large', 2, 4],
      [10, 'small', 1, 1],
      [40, 'empty', 1, 0],
    ],
  );
});

test('an instance that systemd keeps for its service is counted once', (context) => {
  const proc = fakeProc(context, {
    1: { cmdline: '/sbin/init\0', descriptors: [[1, 2], [7]] },
    50: { cmdline: '/usr/bin/service\0', descriptors: [[1, 2]] },
  });
  const { users } = readWatchUsers(proc);
  assert.deepEqual(
    users.map(({ pid, watches }) => [pid, watches]),
    [
      [50, 2],
      [1, 1],
    ],
  );
});

test('two programs that watch the same tree are two', (context) => {
  const program = { cmdline: '/usr/bin/inotifywait\0', descriptors: [[1, 2]] };
  const { users } = readWatchUsers(fakeProc(context, { 50: program, 51: program }));
  assert.equal(users.length, 2);
});

test('a program in Node goes by the name of its script', (context) => {
  const proc = fakeProc(context, {
    60: {
      cmdline: '/usr/bin/node\0/usr/lib/inotify-csync/dist/cli/main.js\0run\0',
      descriptors: [[1]],
    },
    61: { cmdline: 'node\0/srv/app/server.js\0', descriptors: [[2]] },
    62: { cmdline: 'node\0', comm: 'node', descriptors: [[3]] },
  });
  assert.deepEqual(
    readWatchUsers(proc).users.map(({ name }) => name),
    ['inotify-csync', 'server.js', 'node'],
  );
});

test('a name drives no terminal', (context) => {
  const proc = fakeProc(context, { 70: { cmdline: '/usr/bin/\u001b[2J\0', descriptors: [[1]] } });
  assert.equal(readWatchUsers(proc).users[0]?.name, '?[2J');
});

test('finds this very process', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'limits-test-'));
  const watcher = watch(folder);
  context.after(() => {
    watcher.close();
    rmSync(folder, { recursive: true });
  });
  const own = readWatchUsers().users.find(({ pid }) => pid === process.pid);
  assert.ok(own && own.watches >= 1 && own.instances >= 1, JSON.stringify(own));
  assert.equal(own.uid, process.getuid?.());
});
