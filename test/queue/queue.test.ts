import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { QueuePosition } from '#src/queue/cursor.js';
import type { DueFullCheck } from '#src/queue/due-full-check.js';
import type { QueueEntry } from '#src/queue/entry.js';
import type { QueueTrouble } from '#src/queue/errors.js';
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
  tree,
} from './support.js';

const loss = (reason: string): QueueEntry => ({ kind: 'loss', reason });

test('what goes in comes out, in its order, and survives a reopen until it is committed', (context) => {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder);
  assert.equal(queue.append([file('/a'), tree('/b'), loss('overflow')]), 3);
  assert.equal(queue.append([file('/c')]), 1);
  assert.equal(queue.depth, 4);
  const first = next(queue, 2);
  assert.deepEqual(show(first?.entries ?? []), ['F /a', 'R /b']);
  assert.equal(first?.full, true);
  assert.deepEqual(
    show(next(queue)?.entries ?? []),
    ['F /a', 'R /b', 'A overflow', 'F /c'],
    'without commit again',
  );
  queue.commit(first?.end ?? assert.fail());
  assert.deepEqual([queue.depth, show(next(queue)?.entries ?? [])], [2, ['A overflow', 'F /c']]);
  queue.close({ clean: true });
  const again = openQueue(folder);
  assert.deepEqual(again.recovery, {
    unclean: false,
    pending: 2,
    reason: 'the queue is new; overflow',
  });
  assert.deepEqual(drain(again), ['A overflow', 'F /c']);
  assert.deepEqual([again.depth, next(again)], [0, undefined]);
  again.close({ clean: true });
});

test('one line a record, greppable; files of the owner only', (context) => {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder, { now: () => 1700000000123 });
  queue.append([file('/with blank'), tree('/d')]);
  const lines = textOf(join(folder, 'queue.log.000001')).split('\n');
  assert.match(lines[0] ?? '', /^1 1700000000123 F [0-9a-f]{8} \/with%20blank$/);
  assert.match(lines[1] ?? '', /^2 1700000000123 R [0-9a-f]{8} \/d$/);
  for (const name of ['queue.log.000001', 'queue.log.cursor']) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  }
  queue.close({ clean: true });
  assert.deepEqual(readdirSync(folder).sort(), ['queue.log.000001', 'queue.log.cursor']);
});

test('batches are limited by records and by bytes of path, and never empty', (context) => {
  const queue = openQueue(temporaryFolder(context), { now: () => 5 });
  queue.append([file('/aaaa'), file('/bbbb'), file('/cccc')]);
  assert.equal(queue.read({ records: 9, bytes: 12 })?.entries.length, 2);
  assert.equal(queue.read({ records: 9, bytes: 11 })?.entries.length, 1);
  assert.equal(queue.read({ records: 9, bytes: 0 })?.entries.length, 1);
  assert.deepEqual(queue.read({ records: 3, bytes: 18 })?.full, false);
  assert.equal(queue.read({ records: 1, bytes: 1 })?.oldestAt, 5);
  abandon(queue);
});

test('several batches in work: read behind the last one', (context) => {
  const queue = openQueue(temporaryFolder(context));
  queue.append(['/1', '/2', '/3', '/4'].map(file));
  const first = next(queue, 2) ?? assert.fail();
  const second = queue.read({ records: 2, bytes: 1e6, after: first.end }) ?? assert.fail();
  assert.deepEqual(show(second.entries), ['F /3', 'F /4']);
  queue.commit(first.end);
  assert.equal(queue.depth, 2);
  queue.commit(second.end);
  queue.commit(first.end);
  assert.equal(queue.depth, 0);
  abandon(queue);
});

test('a commit behind the end is a bug of the caller', (context) => {
  const queue = openQueue(temporaryFolder(context));
  assert.throws(() => queue.commit({ segment: 1, offset: 99, sequence: 3 }), RangeError);
  abandon(queue);
  assert.throws(() => queue.append([file('/a')]), /closed/);
});

test('an unread record covers its like; one that has been handed out does not', (context) => {
  const queue = openQueue(temporaryFolder(context));
  assert.equal(queue.append([file('/d/a'), file('/d/a')]), 1);
  assert.equal(queue.append([file('/d/a')]), 0);
  assert.equal(queue.append([tree('/d/a')]), 1, 'a tree says more than a file');
  assert.equal(
    queue.append([file('/d/a/x/y'), tree('/d/a/x'), file('/d/a')]),
    0,
    'below an unread tree',
  );
  assert.equal(queue.append([file('/d/ab'), file('/d')]), 2, 'beside and above it');
  const batch = next(queue) ?? assert.fail();
  assert.equal(
    queue.append([file('/d/a'), tree('/d/a'), file('/d/a/x')]),
    2,
    'its check may have looked already',
  );
  assert.deepEqual(show(next(queue)?.entries ?? []), [
    'F /d/a',
    'R /d/a',
    'F /d/ab',
    'F /d',
    'F /d/a',
    'R /d/a',
  ]);
  queue.commit(batch.end);
  assert.equal(queue.append([file('/d/ab')]), 1);
  abandon(queue);
});

test('a touch is covered by a write, and a recheck covers no write', (context) => {
  const queue = openQueue(temporaryFolder(context));
  const touch = (path: string): QueueEntry => ({ kind: 'touch', path: Buffer.from(path) });
  const recheck = (path: string): QueueEntry => ({ kind: 'recheck', path: Buffer.from(path) });
  queue.append([touch('/a'), file('/a'), touch('/a'), touch('/b'), touch('/b')]);
  queue.append([file('/a'), file('/a'), touch('/a'), recheck('/c'), touch('/c/d'), file('/c/e')]);
  assert.deepEqual(drain(queue), ['T /a', 'F /a', 'T /b', 'C /c', 'F /c/e']);
  queue.append([file('/a'), touch('/a')]);
  assert.deepEqual(drain(queue), ['F /a']);
});

test('a tree at the root covers all, and a loss covers only its own reason', (context) => {
  const queue = openQueue(temporaryFolder(context));
  assert.equal(queue.append([loss('x'), tree('/'), file('/a'), loss('x'), loss('y')]), 3);
  abandon(queue);
});

test('what was unread when the queue was closed covers its like after it is opened again', (context) => {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder);
  queue.append([file('/a'), tree('/t')]);
  abandon(queue);
  const again = openQueue(folder);
  assert.equal(again.append([file('/a'), file('/t/x'), file('/b')]), 1);
  abandon(again);
});

test('a full check that is due is sticky, on disk at once, and done only by one that began afterwards', (context) => {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder, { now: () => 77 });
  const cursor = () => textOf(join(folder, 'queue.log.cursor'));
  const begun = queue.fullCheckDue?.ticket ?? assert.fail('in a new queue one is due');
  queue.requireFullCheck('lost events');
  assert.match(cursor(), /lost%20events/);
  queue.fullCheckSucceeded(begun);
  assert.ok(dueIn(queue), 'due again since it began');
  queue.fullCheckSucceeded(dueIn(queue)?.ticket ?? 0);
  assert.equal(dueIn(queue), undefined);
  assert.ok(!textOf(join(folder, 'queue.log.cursor')).includes('clean'));
  queue.requireFullCheck('lost events');
  const ticket = dueIn(queue)?.ticket ?? 0;
  queue.requireFullCheck('lost events');
  queue.fullCheckSucceeded(ticket);
  assert.ok(dueIn(queue), 'the same reason again is a new loss');
  queue.requireFullCheck('unreadable directory');
  assert.deepEqual(
    [dueIn(queue)?.reason, dueIn(queue)?.since],
    ['lost events; unreadable directory', 77],
  );
  queue.close({ clean: true });
  const again = openQueue(folder);
  assert.equal(again.recovery.reason, 'lost events; unreadable directory');
  assert.equal(again.fullCheckDue?.since, 77);
  again.fullCheckSucceeded(again.fullCheckDue?.ticket ?? 0);
  again.close({ clean: true });
  const clean = openQueue(folder);
  assert.deepEqual(
    [clean.recovery, clean.fullCheckDue],
    [{ unclean: false, pending: 0 }, undefined],
  );
  clean.close({ clean: true });
});

test('a loss among the entries makes a full check due and leaves a record', (context) => {
  const queue = openQueue(temporaryFolder(context));
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  queue.append([file('/a'), loss('overflow')]);
  assert.equal(queue.fullCheckDue?.reason, 'overflow');
  const { ticket } = queue.fullCheckDue;
  assert.equal(queue.append([loss('overflow')]), 0);
  assert.ok(queue.fullCheckDue.ticket > ticket, 'though not written again, it is due again');
  assert.deepEqual(drain(queue), ['F /a', 'A overflow']);
  abandon(queue);
});

test('an unclean stop makes a full check due', (context) => {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder);
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  abandon(queue);
  const again = openQueue(folder);
  assert.deepEqual(again.recovery, {
    unclean: true,
    pending: 0,
    reason: 'the last run did not stop cleanly',
  });
  abandon(again);
});

test('an unclean stop makes none due if nothing was unwritten, unless changes waited in memory', (context) => {
  const folder = temporaryFolder(context);
  const first = openQueue(folder);
  first.fullCheckSucceeded(first.fullCheckDue?.ticket ?? 0);
  first.append([file('/a'), file('/b')]);
  abandon(first);
  const second = openQueue(folder, { unwritten: 'none' });
  assert.deepEqual(
    [second.recovery, second.fullCheckDue],
    [{ unclean: true, pending: 2 }, undefined],
  );
  // Set aside, passed by the cursor, and never written again: not even an orderly end makes that
  // good.
  const batch = next(second);
  second.noteSetAside(true);
  second.commit(batch?.end as QueuePosition);
  second.close({ clean: true });
  const third = openQueue(folder, { unwritten: 'none' });
  const reason = 'changes waiting for a retry were lost with the last run';
  assert.deepEqual(third.recovery, { unclean: true, pending: 0, reason });
  third.fullCheckSucceeded(third.fullCheckDue?.ticket ?? 0);
  third.noteSetAside(true);
  third.append([file('/b')]);
  third.noteSetAside(false);
  third.close({ clean: true });
  const fourth = openQueue(folder, { unwritten: 'none' });
  assert.deepEqual(
    [fourth.recovery, fourth.fullCheckDue],
    [{ unclean: false, pending: 1 }, undefined],
  );
  abandon(fourth);
});

test('a full check due that the disk has refused is not kept', (context) => {
  const folder = temporaryFolder(context);
  let isBroken = false;
  const files = brokenFiles((real) => ({
    write(...words) {
      if (isBroken) throw errno('EIO');
      return real.write(...words);
    },
  }));
  const queue = openQueue(folder, { files, onTrouble: () => undefined });
  assert.equal(queue.isKept, true);
  isBroken = true;
  queue.requireFullCheck('something');
  assert.equal(queue.isKept, false);
  isBroken = false;
  queue.flush();
  assert.equal(queue.isKept, true);
  abandon(queue);
});

test('after so many lines read a new segment is begun, the old one removed, and nothing lost', (context) => {
  const folder = temporaryFolder(context);
  let calls = 0;
  const queue = openQueue(folder, { linesUntilReset: 10, onReset: () => (calls += 1) });
  for (let round = 0; round < 25; round += 1) {
    queue.append([file(`/${round}`)]);
    assert.deepEqual(drain(queue), [`F /${round}`]);
  }
  assert.deepEqual([calls, queue.resets], [2, 2]);
  assert.deepEqual(segmentsIn(folder), ['queue.log.000003']);
  queue.append(['/x', '/y', '/z'].map(file));
  queue.append(Array.from({ length: 20 }, (_, index) => file(`/more/${index}`)));
  queue.commit(next(queue, 10)?.end ?? assert.fail());
  assert.equal(calls, 3);
  assert.deepEqual(
    segmentsIn(folder),
    ['queue.log.000003', 'queue.log.000004'],
    'the old one has unread records',
  );
  queue.append([file('/last')]);
  assert.deepEqual(drain(queue, 5).length, 14);
  queue.flush();
  assert.deepEqual(segmentsIn(folder), ['queue.log.000005']);
  abandon(queue);
});

test('a segment that is full is followed by the next, without a reset', (context) => {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder, { segmentBytes: 200 });
  const paths = Array.from({ length: 50 }, (_, index) => `/some/path/${index}`);
  for (const path of paths) queue.append([file(path)]);
  assert.ok(segmentsIn(folder).length > 5);
  abandon(queue);
  const again = openQueue(folder, { segmentBytes: 200 });
  assert.equal(again.recovery.pending, 50);
  assert.deepEqual(
    drain(again, 7),
    paths.map((path) => `F ${path}`),
  );
  assert.equal(again.resets, 0);
  again.flush();
  assert.equal(segmentsIn(folder).length, 1);
  abandon(again);
});

test('too many unread records give way to one full check', (context) => {
  const folder = temporaryFolder(context);
  const troubles: QueueTrouble[] = [];
  const onTrouble = (trouble: QueueTrouble) => troubles.push(trouble);
  const queue = openQueue(folder, { segmentBytes: 1000, maxBytes: 5000, onTrouble });
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  queue.append([file('/first')]);
  const handedOut = next(queue) ?? assert.fail();
  for (let round = 0; round < 200 && troubles.length === 0; round += 1)
    queue.append([file(`/path/${round}`)]);
  assert.deepEqual(
    troubles.map((trouble) => trouble.trouble),
    ['overflow'],
  );
  assert.match(queue.fullCheckDue?.reason ?? '', /more changes/);
  assert.equal(queue.depth, 1);
  assert.equal(segmentsIn(folder).length, 1);
  queue.commit(handedOut.end);
  assert.equal(queue.depth, 1, 'a commit of what has given way changes nothing');
  assert.equal(queue.append([file('/first')]), 1, 'and covers nothing any more');
  abandon(queue);
});

test('oldestAt is the time of the oldest record that is not done', (context) => {
  let now = 100;
  const folder = temporaryFolder(context);
  const queue = openQueue(folder, { now: () => now });
  assert.equal(queue.oldestAt, undefined);
  queue.append([file('/a')]);
  now = 200;
  queue.append([file('/b')]);
  const first = next(queue, 1) ?? assert.fail();
  assert.equal(queue.oldestAt, 100, 'handed out is not done');
  queue.commit(first.end);
  assert.equal(queue.oldestAt, 200);
  drain(queue);
  assert.equal(queue.oldestAt, undefined);
  abandon(queue);
});

test('the queue directory is made if only it is missing', (context) => {
  const folder = join(temporaryFolder(context), 'new');
  const queue = openQueue(folder);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  queue.close({ clean: true });
  assert.ok(existsSync(join(folder, 'queue.log.cursor')));
});

function dueIn(queue: Queue): DueFullCheck | undefined {
  return queue.fullCheckDue;
}

function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\d{6}$/.test(name))
    .sort();
}
