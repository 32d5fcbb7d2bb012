import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { InotifyCsyncError } from '#src/errors.js';
import { realFiles } from '#src/queue/files.js';
import { type Holder, Lock, type Processes, realProcesses } from '#src/queue/lock.js';
import { brokenFiles, errno, openQueue, temporaryFolder } from './support.js';

const isRoot = process.getuid?.() === 0;

function failure(action: () => unknown): InotifyCsyncError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof InotifyCsyncError, String(error));
    assert.ok(error.hint.length > 0 && !error.message.includes('\n'));
    return error;
  }
  return assert.fail('nothing was thrown');
}

test('a directory that others can write to is refused, with the command that fixes it', (context) => {
  const folder = temporaryFolder(context);
  for (const mode of [0o770, 0o702, 0o1777]) {
    chmodSync(folder, mode);
    const error = failure(() => openQueue(folder));
    assert.deepEqual(
      [error.code, error.exitCode, error.hint],
      ['ICS_QUEUE_UNSAFE', 77, `chmod go-w ${folder}`],
    );
  }
  chmodSync(folder, 0o755);
  openQueue(folder).close({ clean: true });
});

test('a directory below one in which everybody can rename is refused', (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, 'open'));
  mkdirSync(join(folder, 'open/queue'));
  chmodSync(join(folder, 'open'), 0o777);
  assert.match(
    failure(() => openQueue(join(folder, 'open/queue'))).message,
    /everybody can rename/,
  );
  chmodSync(join(folder, 'open'), 0o1777);
  openQueue(join(folder, 'open/queue')).close({ clean: true });
});

test(
  "somebody else's directory is refused",
  {
    skip: isRoot ? false : 'only root can give a directory away',
  },
  (context) => {
    const folder = temporaryFolder(context);
    chownSync(folder, 12345, 0);
    assert.deepEqual(failure(() => openQueue(folder)).code, 'ICS_QUEUE_UNSAFE');
  },
);

test('a missing parent and a file in the place of the directory', (context) => {
  const folder = temporaryFolder(context);
  const missing = failure(() => openQueue(join(folder, 'a/b')));
  assert.deepEqual([missing.code, missing.exitCode], ['ICS_QUEUE_DIRECTORY', 73]);
  writeFileSync(join(folder, 'file'), '');
  assert.equal(failure(() => openQueue(join(folder, 'file'))).exitCode, 73);
  assert.equal(failure(() => openQueue(join(folder, 'file/below'))).exitCode, 73);
});

for (const name of ['queue.log.cursor', 'queue.log.000001']) {
  test(`a link, folder or FIFO in the place of ${name} is refused`, async (context) => {
    const folder = temporaryFolder(context);
    symlinkSync(join(folder, 'elsewhere'), join(folder, name));
    assert.equal(failure(() => openQueue(folder)).code, 'ICS_QUEUE_UNSAFE');
    const second = temporaryFolder(context);
    mkdirSync(join(second, name));
    assert.equal(failure(() => openQueue(second)).code, 'ICS_QUEUE_UNSAFE');
    const third = temporaryFolder(context);
    await once(spawn('mkfifo', [join(third, name)]), 'exit');
    assert.equal(failure(() => openQueue(third)).code, 'ICS_QUEUE_UNSAFE');
    assert.ok(!readdirSync(third).includes('queue.log.lock'), 'no lock is left behind');
  });
}

for (const [code, exitCode, text] of [
  ['EACCES', 77, /permission denied/],
  ['EROFS', 77, /read-only/],
  ['ENOSPC', 75, /no space left/],
  ['EIO', 74, /can't be read or written/],
] as const) {
  test(`${code} while opening gives exit code ${exitCode} and leaves no lock`, (context) => {
    const folder = temporaryFolder(context);
    const files = brokenFiles((real) => ({
      open: (path, flags, mode) => {
        if (path.endsWith('.cursor')) throw errno(code);
        return real.open(path, flags, mode);
      },
    }));
    const error = failure(() => openQueue(folder, { files }));
    assert.equal(error.exitCode, exitCode);
    assert.match(error.message, text);
    assert.deepEqual(readdirSync(folder), []);
  });
}

test('the queue belongs to one at a time', (context) => {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder);
  const error = failure(() => openQueue(folder));
  assert.deepEqual([error.code, error.exitCode], ['ICS_QUEUE_LOCKED', 75]);
  assert.match(error.message, new RegExp(`process ${process.pid} `));
  queue.close({ clean: true });
  openQueue(folder).close({ clean: true });
});

test('a lock outlives neither a killed process nor a zombie, a later process with its pid, nor a reboot', async (context) => {
  const path = join(temporaryFolder(context), 'lock');
  const real = realProcesses();
  const child = spawn('sleep', ['1000']);
  context.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const holder: Holder = {
    ...real.self,
    pid: child.pid ?? 0,
    startTime: startTimeOf(child.pid ?? 0),
  };
  const take = (of: Holder): Lock => Lock.take(realFiles, path, { ...real, self: of });
  take(holder);
  assert.equal(failure(() => Lock.take(realFiles, path)).exitCode, 75, 'it lives');
  child.kill('SIGKILL');
  await once(child, 'exit');
  Lock.take(realFiles, path).release();
  take({ ...real.self, startTime: '1' });
  Lock.take(realFiles, path).release();
  take({ ...real.self, bootId: '0'.repeat(32) });
  Lock.take(realFiles, path).release();
});

test('what is not our lock is not removed', (context) => {
  const folder = temporaryFolder(context);
  symlinkSync('/etc/passwd', join(folder, 'queue.log.lock'));
  assert.equal(failure(() => openQueue(folder)).code, 'ICS_QUEUE_UNSAFE');
  assert.equal(readlinkSync(join(folder, 'queue.log.lock')), '/etc/passwd');
});

test('two starters that both find a dead lock: one of them gets it, at every step of the other', (context) => {
  const path = join(temporaryFolder(context), 'lock');
  const bootId = 'a'.repeat(32);
  const [dead, one, other] = [1, 2, 3].map((pid) => ({ pid, startTime: '1', bootId })) as [
    Holder,
    Holder,
    Holder,
  ];
  const processes = (self: Holder): Processes => ({
    self,
    isAlive: (holder) => holder.pid !== dead.pid,
  });
  for (let step = 0; step < 12; step += 1) {
    Lock.take(realFiles, path, processes(dead));
    let calls = 0;
    let winners: Lock[] = [];
    const interrupt = (): void => {
      calls += 1;
      if (calls !== step + 1) return;
      try {
        winners.push(Lock.take(realFiles, path, processes(other)));
      } catch (error) {
        assert.ok(error instanceof InotifyCsyncError && error.exitCode === 75, String(error));
      }
    };
    const files = brokenFiles((real) => ({
      symlink: interrupted(interrupt, real.symlink),
      readLink: interrupted(interrupt, real.readLink),
      unlink: interrupted(interrupt, real.unlink),
    }));
    try {
      winners.push(Lock.take(files, path, processes(one)));
    } catch (error) {
      assert.ok(error instanceof InotifyCsyncError && error.exitCode === 75, String(error));
    }
    assert.equal(winners.length, 1, `step ${step}`);
    for (const winner of winners) winner.release();
    winners = [];
    assert.deepEqual(readdirSync(join(path, '..')), [], `step ${step} leaves nothing`);
  }
});

function interrupted<Arguments extends unknown[], Result>(
  interrupt: () => void,
  call: (...parameters: Arguments) => Result,
): (...parameters: Arguments) => Result {
  return (...parameters) => {
    interrupt();
    return call(...parameters);
  };
}

function startTimeOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
