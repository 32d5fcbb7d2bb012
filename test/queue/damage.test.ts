import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Queue } from '#src/queue/queue.js';
import {
  abandon,
  chooseSeed,
  drain,
  file,
  next,
  openQueue,
  seeded,
  temporaryFolder,
  tree,
} from './support.js';

type Random = (below: number) => number;

/** How the run that wrote the queue ended; `killed` with an inotify instance that outlived it. */
type End = 'clean' | 'killed';

const damages = [
  'truncate',
  'empty',
  'remove',
  'flip',
  'cut out',
  'lengthen',
  'duplicate',
  'swap',
] as const;

test('the last segment truncated, emptied or removed after a clean stop: a full check is due', (context) => {
  for (const damage of ['truncated', 'emptied', 'removed']) {
    const folder = temporaryFolder(context);
    const queue = openQueue(folder, { segmentBytes: 150 });
    for (let index = 0; index < 12; index += 1) queue.append([file(`/dir/file ${index}`)]);
    queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
    queue.close({ clean: true });
    const last = join(folder, segmentsIn(folder).at(-1) ?? assert.fail());
    const text = readFileSync(last, 'latin1');
    if (damage === 'truncated') truncateSync(last, text.lastIndexOf('\n', text.length - 2) + 1);
    else if (damage === 'emptied') truncateSync(last, 0);
    else rmSync(last);
    const again = openQueue(folder);
    assert.match(again.recovery.reason ?? `${damage} without a word`, /missing/);
    assert.ok(drain(again).length < 12);
    abandon(again);
  }
});

test('no random damage to any of the files of a queue goes without a word', (context) => {
  const seed = chooseSeed(context);
  const rounds = Number(process.env.ROUNDS ?? 150);
  for (let round = 0; round < rounds; round += 1) {
    const random = below(seeded(seed + round * 1_000_003));
    const { folder, pending, end } = makeQueue(context, random);
    const before = imageOf(folder);
    const done: string[] = [];
    for (let count = 1 + random(2); count > 0; count -= 1) done.push(damage(folder, random));
    const isAsBefore = imageOf(folder) === before;
    const what = `round ${round} of seed ${seed}: ${done.join(', ')}, ${end}`;
    const queue = openQueue(folder, { unwritten: 'none', onTrouble: () => {} });
    const { reason } = queue.recovery;
    const left = drain(queue);
    if (reason === undefined) assert.deepEqual(left, pending, what);
    if (isAsBefore) assert.equal(reason, undefined, what);
    for (const entry of left)
      assert.ok(pending.includes(entry) || reason !== undefined, `${what}: ${entry}`);
    // Whatever happened, the queue works.
    assert.equal(queue.append([file('/afterwards')]), 1, what);
    assert.deepEqual(drain(queue), ['F /afterwards'], what);
    queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
    queue.close({ clean: true });
    const third = openQueue(folder, { unwritten: 'none' });
    assert.deepEqual([third.recovery.reason, third.depth], [undefined, 0], what);
    abandon(third);
    rmSync(folder, { recursive: true });
  }
});

/** A queue after a random life, with nothing due, and what is unread in it. */
function makeQueue(
  context: TestContext,
  random: Random,
): { folder: string; pending: string[]; end: End } {
  const folder = temporaryFolder(context);
  const end = random(3) === 0 ? 'killed' : 'clean';
  let number = 0;
  let pending: string[] = [];
  for (let runs = 1 + random(3); runs > 0; runs -= 1) {
    const queue: Queue = openQueue(folder, {
      segmentBytes: 60 + random(400),
      linesUntilReset: 1 + random(40),
    });
    for (let steps = random(30); steps > 0; steps -= 1) {
      if (random(4) > 0) {
        const entries = Array.from({ length: 1 + random(4) }, () => {
          number += 1;
          return random(8) === 0 ? tree(`/tree ${number}`) : file(`/file ${number}`);
        });
        queue.append(entries);
      } else {
        const batch = next(queue, 1 + random(10));
        if (batch) queue.commit(batch.end);
      }
    }
    queue.fullCheckSucceeded(queue.fullCheckDue?.ticket ?? 0);
    queue.flush();
    if (runs === 1 && end === 'killed') {
      const copy = temporaryFolder(context);
      for (const name of readdirSync(folder)) {
        if (!name.endsWith('.lock')) copyFileSync(join(folder, name), join(copy, name));
      }
      pending = drain(queue);
      abandon(queue);
      rmSync(folder, { recursive: true });
      return { folder: copy, pending, end };
    }
    queue.close({ clean: true });
  }
  const copy = temporaryFolder(context);
  for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(copy, name));
  const queue = openQueue(copy);
  pending = drain(queue);
  abandon(queue);
  rmSync(copy, { recursive: true });
  return { folder, pending, end };
}

/** Damages one file of the queue and says how. */
function damage(folder: string, random: Random): string {
  const names = readdirSync(folder);
  if (names.length === 0) return 'nothing is left';
  const name = names[random(names.length)] ?? '';
  const path = join(folder, name);
  const bytes = readFileSync(path);
  const how = damages[random(damages.length)] ?? 'remove';
  const at = random(bytes.length + 1);
  if (how === 'truncate') truncateSync(path, at);
  else if (how === 'empty') truncateSync(path, 0);
  else if (how === 'remove') rmSync(path);
  else if (how === 'flip' && bytes.length > 0) {
    const place = Math.min(at, bytes.length - 1);
    bytes[place] = (bytes[place] ?? 0) ^ (1 << random(8));
    writeFileSync(path, bytes);
  } else if (how === 'cut out') {
    writeFileSync(path, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(200))]));
  } else if (how === 'lengthen') {
    const more = bytes.subarray(at, at + random(200));
    writeFileSync(
      path,
      Buffer.concat([bytes, random(2) === 0 ? more : Buffer.alloc(1 + random(100))]),
    );
  } else if (how === 'duplicate') {
    const other = random(2) === 0 ? names[random(names.length)] : nameOf(folder, random);
    copyFileSync(path, join(folder, other ?? name));
    return `${name} copied to ${other}`;
  } else if (how === 'swap') {
    const other = names[random(names.length)] ?? name;
    const kept = readFileSync(join(folder, other));
    writeFileSync(join(folder, other), bytes);
    writeFileSync(path, kept);
    return `${name} and ${other} swapped`;
  }
  return `${name}: ${how} at ${at} of ${bytes.length}`;
}

/** The name of a segment, one that is there or one behind or before it. */
function nameOf(folder: string, random: Random): string {
  const numbers = segmentsIn(folder).map((name) => Number(name.slice(-6)));
  const number = Math.max(1, (numbers[random(Math.max(1, numbers.length))] ?? 1) + random(4) - 1);
  return `queue.log.${String(number).padStart(6, '0')}`;
}

function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\d{6}$/.test(name))
    .sort();
}

function imageOf(folder: string): string {
  if (!existsSync(folder)) return '';
  return readdirSync(folder)
    .sort()
    .map((name) => `${name} ${readFileSync(join(folder, name), 'latin1')}`)
    .join('\n');
}

function below(random: () => number): Random {
  return (limit) => Math.floor(random() * limit);
}
