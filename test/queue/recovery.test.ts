import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { QueueTrouble } from '#src/queue/errors.js';
import { Queue } from '#src/queue/queue.js';
import { abandon, drain, file, next, openQueue, seeded, show, temporaryFolder } from './support.js';

const paths = Array.from({ length: 12 }, (_, index) => `/dir/file ${index}`);
const expected = (from: number): string[] => paths.slice(from).map((path) => `F ${path}`);

/** A queue of twelve records in three segments, closed in order, with nothing due. */
function makeQueue(context: TestContext, done = 0): string {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder, { segmentBytes: 150 });
  for (const path of paths) queue.append([file(path)]);
  if (done > 0) queue.commit(next(queue, done)?.end ?? assert.fail());
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  queue.close({ clean: true });
  return folder;
}

function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\d{6}$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

function copyOf(context: TestContext, folder: string): string {
  const copy = temporaryFolder(context);
  for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(copy, name));
  return copy;
}

test('the last segment cut at every byte: whole records stay, the rest is cut, new ones follow', (context) => {
  const folder = makeQueue(context, 2);
  const last = segmentsIn(folder).at(-1) ?? assert.fail();
  const image = readFileSync(last);
  const earlier = 12 - image.toString('latin1').split('\n').length + 1;
  for (let length = 0; length <= image.length; length += 1) {
    const copy = copyOf(context, folder);
    writeFileSync(segmentsIn(copy).at(-1) ?? '', image.subarray(0, length));
    const whole = earlier + image.subarray(0, length).toString('latin1').split('\n').length - 1;
    const queue = openQueue(copy);
    const isTorn = length > 0 && image[length - 1] !== 0x0a;
    assert.equal(
      /torn/.test(queue.recovery.reason ?? ''),
      isTorn,
      `cut at ${length}: ${queue.recovery.reason}`,
    );
    queue.append([file('/new')]);
    abandon(queue);
    const again = openQueue(copy);
    assert.deepEqual(
      drain(again),
      [...expected(2).slice(0, whole - 2), 'F /new'],
      `cut at ${length}`,
    );
    abandon(again);
    rmSync(copy, { recursive: true });
  }
});

test('a bad line anywhere is skipped, and a full check is due', (context) => {
  const folder = makeQueue(context);
  const random = seeded(3);
  for (let round = 0; round < 200; round += 1) {
    const copy = copyOf(context, folder);
    const segments = segmentsIn(copy);
    const path = segments[Math.floor(random() * segments.length)] ?? assert.fail();
    const bytes = readFileSync(path);
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8));
    writeFileSync(path, bytes);
    const queue = openQueue(copy);
    assert.match(queue.recovery.reason ?? '', /bad|torn|missing/, `${path} byte ${at}`);
    const left = drain(queue);
    // A newline that was flipped makes one line of two.
    assert.ok(left.length === 11 || left.length === 10, `${path} byte ${at}: ${left.length}`);
    assert.deepEqual(
      left,
      expected(0).filter((entry) => left.includes(entry)),
      'in order',
    );
    abandon(queue);
    rmSync(copy, { recursive: true });
  }
});

test('a missing segment: the rest is read, and a full check is due', (context) => {
  const folder = makeQueue(context);
  for (const [index] of segmentsIn(folder).entries()) {
    const copy = copyOf(context, folder);
    const lost = readFileSync(segmentsIn(copy)[index] ?? '', 'latin1').split('\n').length - 1;
    rmSync(segmentsIn(copy)[index] ?? '');
    const queue = openQueue(copy);
    const isLast = index === segmentsIn(folder).length - 1;
    if (!isLast) assert.match(queue.recovery.reason ?? '', /missing/);
    assert.equal(drain(queue).length, 12 - lost);
    abandon(queue);
  }
});

test('all segments gone: the numbers go on, and a full check is due', (context) => {
  const folder = makeQueue(context, 3);
  for (const path of segmentsIn(folder)) rmSync(path);
  const queue = openQueue(folder);
  assert.match(queue.recovery.reason ?? '', /segment 1 is missing/);
  assert.equal(queue.recovery.pending, 0);
  queue.append([file('/a')]);
  assert.deepEqual(drain(queue), ['F /a']);
  abandon(queue);
});

test('the cursor gone: everything there is read again from the oldest', (context) => {
  const folder = makeQueue(context, 3);
  rmSync(join(folder, 'queue.log.cursor'));
  const queue = openQueue(folder);
  assert.match(queue.recovery.reason ?? '', /the cursor is lost/);
  assert.equal(queue.depth, 12);
  assert.deepEqual(drain(queue), expected(0));
  assert.equal(queue.depth, 0);
  abandon(queue);
});

test('a segment shorter than the cursor: nothing new is written where it would not be read', (context) => {
  const folder = makeQueue(context);
  const queue = openQueue(folder);
  drain(queue);
  queue.append([file('/a')]);
  drain(queue);
  queue.close({ clean: true });
  const last = segmentsIn(folder).at(-1) ?? assert.fail();
  writeFileSync(last, readFileSync(last).subarray(0, -3));
  const shorter = openQueue(folder);
  assert.match(shorter.recovery.reason ?? '', /shorter/);
  shorter.append([file('/b')]);
  abandon(shorter);
  const again = openQueue(folder);
  assert.deepEqual(drain(again), ['F /b']);
  abandon(again);
});

test('segments that are done and could not be removed are removed at the next start', (context) => {
  const folder = makeQueue(context);
  const [oldest] = segmentsIn(folder);
  const bytes = readFileSync(oldest ?? '');
  const queue = openQueue(folder);
  drain(queue);
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  queue.close({ clean: true });
  writeFileSync(oldest ?? '', bytes);
  const again = openQueue(folder);
  assert.deepEqual(
    [again.recovery.reason, again.depth, segmentsIn(folder).length],
    [undefined, 0, 1],
  );
  abandon(again);
});

test('names that only look like segments are left alone', (context) => {
  const folder = temporaryFolder(context);
  for (const name of ['queue.log.1', 'queue.log.000001.gz', 'queue.log.old', 'other.000009']) {
    writeFileSync(join(folder, name), 'x');
  }
  mkdirSync(join(folder, 'queue.log.d'));
  const queue = openQueue(folder);
  queue.append([file('/a')]);
  assert.deepEqual(drain(queue), ['F /a']);
  queue.close({ clean: true });
  assert.equal(readdirSync(folder).length, 7);
});

test('damage while the queue is open is skipped, reported once, makes a full check due, and covers nothing', (context) => {
  const folder = temporaryFolder(context);
  const troubles: QueueTrouble[] = [];
  const queue = Queue.open({
    file: join(folder, 'queue.log'),
    linesUntilReset: 1000,
    onTrouble: (trouble) => troubles.push(trouble),
  });
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  queue.append(['/1', '/2', '/3'].map(file));
  const [segment = ''] = segmentsIn(folder);
  const text = readFileSync(segment, 'latin1');
  writeFileSync(segment, text.replace('/2', '/X'), 'latin1');
  assert.deepEqual(show(next(queue)?.entries ?? []), ['F /1', 'F /3']);
  assert.deepEqual(show(next(queue)?.entries ?? []), ['F /1', 'F /3']);
  assert.match(queue.fullCheckDue?.reason ?? '', /a bad line in segment 1/);
  assert.deepEqual(
    troubles.map((trouble) => trouble.trouble),
    ['damage', 'damage'],
    'the line, and the gap',
  );
  assert.equal(queue.append([file('/2')]), 1);
  assert.deepEqual(drain(queue), ['F /1', 'F /3', 'F /2']);
  abandon(queue);
});

test('a segment emptied by somebody while it is open: what follows is read, a full check is due', (context) => {
  const folder = temporaryFolder(context);
  const queue = openQueue(folder, { onTrouble: () => {} });
  queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
  queue.append(['/1', '/2'].map(file));
  const [segment = ''] = segmentsIn(folder);
  writeFileSync(segment, '');
  assert.equal(next(queue), undefined);
  assert.match(queue.fullCheckDue?.reason ?? '', /shorter than what was written/);
  queue.append([file('/1')]);
  appendFileSync(segment, '');
  assert.deepEqual(drain(queue), ['F /1']);
  assert.equal(queue.depth, 0);
  abandon(queue);
});
