import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { QueueTrouble } from '#src/queue/errors.js';
import type { Files } from '#src/queue/files.js';
import type { Queue } from '#src/queue/queue.js';
import {
  abandon,
  brokenFiles,
  drain,
  errno,
  file,
  next,
  openQueue,
  show,
  temporaryFolder,
  textOf,
} from './support.js';

/** A queue on files whose calls can be made to fail. */
function fragileQueue(
  context: TestContext,
  options: { segmentBytes?: number; linesUntilReset?: number } = {},
) {
  const folder = temporaryFolder(context);
  const troubles: string[] = [];
  const failing: {
    [Call in keyof Files]?: (...parameters: Parameters<Files[Call]>) => ReturnType<Files[Call]>;
  } = {};
  const files = brokenFiles((real) => ({
    open: (...parameters) => (failing.open ?? real.open)(...parameters),
    read: (...parameters) => (failing.read ?? real.read)(...parameters),
    write: (...parameters) => (failing.write ?? real.write)(...parameters),
    truncate: (...parameters) => (failing.truncate ?? real.truncate)(...parameters),
    sync: (...parameters) => (failing.sync ?? real.sync)(...parameters),
    syncLater: (...parameters) => (failing.syncLater ?? real.syncLater)(...parameters),
    unlink: (...parameters) => (failing.unlink ?? real.unlink)(...parameters),
  }));
  const onTrouble = (trouble: QueueTrouble) => troubles.push(trouble.trouble);
  const queue = openQueue(folder, { files, onTrouble, ...options });
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  return { folder, troubles, failing, queue };
}

const isSegmentWrite = (bytes: Buffer): boolean => bytes.length !== 512;
const fail = (code: string) => (): never => {
  throw errno(code);
};

for (const code of ['ENOSPC', 'EIO', 'EDQUOT']) {
  test(`${code}: changes are dropped, a full check is due on disk, and it recovers alone`, (context) => {
    const { folder, troubles, failing, queue } = fragileQueue(context);
    queue.append([file('/before')]);
    failing.write = (fd, bytes, position) => {
      if (isSegmentWrite(bytes)) throw errno(code);
      return brokenFiles(() => ({})).write(fd, bytes, position);
    };
    assert.equal(queue.append([file('/lost'), file('/lost too')]), 0);
    assert.match(queue.fullCheckDue?.reason ?? '', /changes were dropped/);
    assert.match(textOf(join(folder, 'queue.log.cursor')), /changes%20were%20dropped/);
    const begun = queue.fullCheckDue?.ticket ?? 0;
    assert.equal(queue.append([file('/lost again')]), 0);
    queue.fullCheckSucceeded(begun);
    assert.ok(queue.fullCheckDue, 'a check that began before the second loss does not settle it');
    assert.deepEqual(troubles, ['write', 'write']);
    delete failing.write;
    assert.equal(queue.append([file('/lost')]), 2, 'with a note of the loss');
    const left = [
      'F /before',
      'A changes were dropped because the queue could not be written',
      'F /lost',
    ];
    abandon(queue);
    const again = openQueue(folder);
    assert.deepEqual(drain(again), left);
    abandon(again);
  });
}

test('a queue that drops changes is writable as soon as a try succeeds, with nothing to append', (context) => {
  const { folder, troubles, failing, queue } = fragileQueue(context);
  failing.write = (fd, bytes, position) => {
    if (isSegmentWrite(bytes)) throw errno('ENOSPC');
    return brokenFiles(() => ({})).write(fd, bytes, position);
  };
  assert.equal(queue.append([file('/lost')]), 0);
  const due = queue.fullCheckDue?.ticket;
  assert.ok(!queue.isWritable());
  assert.ok(!queue.isWritable());
  assert.deepEqual(troubles, ['write'], 'a try is no further trouble');
  assert.equal(queue.fullCheckDue?.ticket, due, 'nor is anything more missing');
  delete failing.write;
  assert.ok(queue.isWritable());
  abandon(queue);
  const again = openQueue(folder);
  assert.deepEqual(drain(again), ['A changes were dropped because the queue could not be written']);
  abandon(again);
});

test('a short write is continued', (context) => {
  const { failing, queue } = fragileQueue(context);
  failing.write = (fd, bytes, position) => {
    const part = isSegmentWrite(bytes) ? bytes.subarray(0, Math.min(7, bytes.length)) : bytes;
    return brokenFiles(() => ({})).write(fd, part, position);
  };
  assert.equal(queue.append([file('/a'), file('/b')]), 2);
  assert.deepEqual(drain(queue), ['F /a', 'F /b']);
  abandon(queue);
});

for (const canTruncate of [true, false]) {
  test(`a write that stops half-way leaves nothing behind${canTruncate ? '' : ', even if it cannot be cut off at first'}`, (context) => {
    const { folder, failing, queue } = fragileQueue(context);
    queue.append([file('/a')]);
    let room = 10;
    failing.write = (fd, bytes, position) => {
      if (!isSegmentWrite(bytes)) return brokenFiles(() => ({})).write(fd, bytes, position);
      if (room === 0) throw errno('ENOSPC');
      const written = brokenFiles(() => ({})).write(fd, bytes.subarray(0, room), position);
      room = 0;
      return written;
    };
    if (!canTruncate) failing.truncate = fail('EIO');
    assert.equal(queue.append([file('/b')]), 0);
    assert.equal(textOf(join(folder, 'queue.log.000001')).split('\n')[1] === '', canTruncate);
    delete failing.write;
    if (!canTruncate) assert.equal(queue.append([file('/c')]), 0, 'still not cut off');
    delete failing.truncate;
    assert.equal(queue.append([file('/d')]), 2);
    assert.deepEqual(
      show(next(queue)?.entries ?? []).filter((entry) => entry.startsWith('F')),
      ['F /a', 'F /d'],
    );
    abandon(queue);
  });
}

test('a new segment that cannot be begun: the old one goes on', (context) => {
  const { folder, troubles, failing, queue } = fragileQueue(context, { segmentBytes: 100 });
  failing.open = fail('ENOSPC');
  for (let round = 0; round < 5; round += 1)
    assert.equal(queue.append([file(`/some/path/${round}`)]), 1);
  assert.ok(troubles.length > 0 && troubles.every((trouble) => trouble === 'roll'));
  delete failing.open;
  queue.append([file('/last')]);
  assert.equal(queue.fullCheckDue, undefined, 'nothing is lost by it');
  assert.equal(readdirSync(folder).filter((name) => /\d{6}$/.test(name)).length, 2);
  assert.equal(drain(queue).length, 6);
  abandon(queue);
});

test('a disk that does not confirm makes a full check due', (context) => {
  const { troubles, failing, queue } = fragileQueue(context);
  queue.append([file('/a')]);
  let syncs = 0;
  failing.sync = (fd) => {
    syncs += 1;
    if (syncs === 1) throw errno('EIO');
    brokenFiles(() => ({})).sync(fd);
  };
  queue.flush();
  assert.deepEqual(troubles, ['sync']);
  assert.match(queue.fullCheckDue?.reason ?? '', /did not confirm/);
  abandon(queue);
});

test('a cursor that cannot be saved is saved later, and no segment is removed before that', (context) => {
  const { folder, troubles, failing, queue } = fragileQueue(context, { linesUntilReset: 2 });
  queue.append([file('/a'), file('/b')]);
  failing.write = fail('EIO');
  assert.equal(drain(queue).length, 2);
  queue.requireFullCheck('something');
  assert.ok(
    troubles.length >= 2 && troubles.every((trouble) => trouble === 'cursor'),
    troubles.join(),
  );
  assert.ok(readdirSync(folder).includes('queue.log.000001'));
  assert.ok(!textOf(join(folder, 'queue.log.cursor')).includes('something'));
  delete failing.write;
  queue.flush();
  assert.ok(!readdirSync(folder).includes('queue.log.000001'));
  assert.ok(textOf(join(folder, 'queue.log.cursor')).includes('something'));
  abandon(queue);
});

test('a segment that cannot be read is skipped, and covers nothing any more', (context) => {
  const { troubles, failing, queue } = fragileQueue(context);
  queue.append([file('/a')]);
  failing.read = fail('EIO');
  assert.equal(next(queue), undefined);
  assert.match(queue.fullCheckDue?.reason ?? '', /segment 1 could not be read/);
  assert.deepEqual(troubles, ['read']);
  delete failing.read;
  assert.equal(queue.append([file('/a')]), 1);
  assert.deepEqual(drain(queue), ['F /a']);
  abandon(queue);
});

test('a drained segment that cannot be removed is removed later', (context) => {
  const { folder, troubles, failing, queue } = fragileQueue(context, { linesUntilReset: 1 });
  failing.unlink = fail('EPERM');
  queue.append([file('/a')]);
  drain(queue);
  assert.ok(troubles.length > 0 && troubles.every((trouble) => trouble === 'unlink'));
  delete failing.unlink;
  queue.append([file('/b')]);
  drain(queue);
  assert.deepEqual(
    readdirSync(folder).filter((name) => /\d{6}$/.test(name)),
    ['queue.log.000003'],
  );
  abandon(queue);
});

test('while it runs, the log and the cursor reach the disk by themselves', async (context) => {
  const folder = temporaryFolder(context);
  const calls: string[] = [];
  let queue: Queue | undefined;
  const confirmed = new Promise<void>((resolve) => {
    const files = brokenFiles((real) => ({
      syncLater: (fd, done) => {
        calls.push('sync later');
        real.syncLater(fd, (error) => {
          done(error);
          if (calls.length === 2) resolve();
        });
      },
    }));
    queue = openQueue(folder, { files });
    queue.append([file('/a')]);
    drain(queue);
  });
  // The queue's own timer doesn't keep the process alive.
  const alive = setInterval(() => {}, 1000);
  await confirmed;
  clearInterval(alive);
  assert.match(textOf(join(folder, 'queue.log.cursor')), / 2 running /);
  abandon(queue ?? assert.fail());
});

const isRoot = process.getuid?.() === 0;

test(
  'a full disk of 1 MiB',
  { skip: isRoot ? false : 'only root can mount a tmpfs' },
  (context) => {
    const folder = temporaryFolder(context);
    if (!tryMount(folder)) return context.skip('mount -t tmpfs is not permitted here');
    try {
      fillDisk(folder);
    } finally {
      execFileSync('umount', ['--lazy', folder]);
    }
  },
);

function fillDisk(folder: string): void {
  const troubles: QueueTrouble[] = [];
  const onTrouble = (trouble: QueueTrouble) => troubles.push(trouble);
  const full = openQueue(folder, { onTrouble });
  full.fullCheckSucceeded(full.fullCheckDue?.ticket ?? 0);
  let written = 0;
  for (let round = 0; troubles.length === 0; round += 1) {
    written += full.append([file(`/${'x'.repeat(100)}/${round}`)]);
  }
  assert.deepEqual([troubles[0]?.trouble, troubles[0]?.dropped], ['write', 1]);
  assert.match(full.fullCheckDue?.reason ?? '', /dropped/);
  abandon(full);
  const queue = openQueue(folder, { onTrouble });
  assert.match(queue.recovery.reason ?? '', /dropped/, 'opens on a full disk, and knows');
  assert.equal(queue.recovery.pending, written);
  assert.equal(queue.append([file('/still full'.repeat(400))]), 0);
  assert.equal(drain(queue, 5000).length, written);
  assert.equal(queue.append([file('/again')]), 2, 'what is done made room');
  assert.ok(drain(queue).includes('F /again'));
  queue.close({ clean: true });
}

function tryMount(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', folder], {
      stdio: 'pipe',
    });
    return true;
  } catch {
    return false;
  }
}
