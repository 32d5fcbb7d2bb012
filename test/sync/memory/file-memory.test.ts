import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileMemory } from '#src/sync/memory/file-memory.js';
import type { FileStamp } from '#src/sync/memory/file-stamp.js';
import { seededRandom } from '../../support/csync2-random.js';

const stamp = (number: number): FileStamp => ({
  type: 'file',
  inode: BigInt(number),
  size: 5n,
  mtimeNs: 7n,
  ctimeNs: 9n,
});
const path = (number: number) => Buffer.from(`/srv/${number}`);

test('every part of a stamp counts', () => {
  const memory = new FileMemory();
  memory.remember(path(1), stamp(1));
  assert.equal(memory.isSame(path(1), stamp(1)), true);
  for (const part of ['inode', 'size', 'mtimeNs', 'ctimeNs'] as const) {
    assert.equal(memory.isSame(path(1), { ...stamp(1), [part]: 100n }), false, part);
  }
  assert.equal(memory.isSame(path(2), stamp(1)), undefined);
});

test('as a Map of all that was remembered, in random order', (context) => {
  const random = seededRandom(context);
  const memory = new FileMemory();
  const model = new Map<number, number>();
  for (let step = 0; step < 50_000; step++) {
    const [file, version] = [random.below(20_000), random.below(5)];
    memory.remember(path(file), stamp(version));
    model.set(file, version);
  }
  for (let file = 0; file < 20_000; file++) {
    const version = model.get(file);
    const expected = version === undefined ? undefined : true;
    assert.equal(memory.isSame(path(file), stamp(version ?? 0)), expected);
    if (version !== undefined) assert.equal(memory.isSame(path(file), stamp(version + 1)), false);
  }
  assert.equal(memory.size, model.size);
});

test('more than the limit is not kept, and what is known stays', () => {
  const memory = new FileMemory(100);
  for (let file = 0; file < 200; file++) memory.remember(path(file), stamp(file));
  memory.remember(path(5), stamp(500));
  assert.deepEqual(
    [memory.size, memory.isSame(path(5), stamp(500)), memory.isSame(path(150), stamp(150))],
    [100, true, undefined],
  );
});

test('what was remembered before a full check began goes when it has succeeded', () => {
  const memory = new FileMemory();
  memory.remember(path(1), stamp(1));
  memory.fullCheckBegun();
  memory.remember(path(2), stamp(2));
  assert.equal(memory.isSame(path(1), stamp(1)), true);
  memory.fullCheckBegun();
  assert.equal(memory.isSame(path(1), stamp(1)), true, 'one that failed, and is begun again');
  memory.fullCheckDone();
  assert.equal(memory.isSame(path(1), stamp(1)), undefined);
  assert.equal(memory.isSame(path(2), stamp(2)), true);
});

test('whether a file was written to since it was marked is told by its times, unless it was marked within their tick', () => {
  const memory = new FileMemory();
  const mine = stamp(1);
  const ctime = Number(mine.ctimeNs / 1_000_000n);
  memory.rememberMarked(path(1), mine, ctime + 15);
  assert.equal(memory.isSameAsMarked(path(1), mine), false);
  memory.rememberMarked(path(1), mine, ctime + 25);
  assert.equal(memory.isSameAsMarked(path(1), mine), true);
  assert.equal(memory.isSameAsMarked(path(1), { ...mine, ctimeNs: mine.ctimeNs + 1n }), false);
  assert.deepEqual(
    [memory.isSame(path(1), mine), memory.isSameAsTouched(path(1), mine)],
    [undefined, false],
  );
});
