import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PostponedPaths } from '#src/sync/check/postponed-paths.js';

describe('paths that were being received', () => {
  const path = Buffer.from('/a');

  test('are handed out shortly, once, as trees if any of their reports was of a tree', () => {
    const postponed = new PostponedPaths(10_000);
    postponed.set([{ path, recursive: true }], 0);
    postponed.set([{ path, recursive: false }], 0);
    assert.deepEqual(postponed.takeDue(postponed.dueAt - 1), []);
    assert.deepEqual(postponed.takeDue(postponed.dueAt), [
      { path, recursive: true, isTrusted: false },
    ]);
    assert.equal(postponed.dueAt, Number.POSITIVE_INFINITY);
  });

  test('are not doubted for having waited, unless a report speaks against their content', () => {
    const postponed = new PostponedPaths(10_000);
    const handedOut = () =>
      postponed.takeDue(Number.POSITIVE_INFINITY).map(({ isTrusted }) => isTrusted);
    for (let round = 0; round < 2; round++) {
      postponed.set([{ path, recursive: false, isTrusted: true }], round);
    }
    assert.deepEqual(handedOut(), [true]);
    for (const isTrusted of [true, false, true])
      postponed.set([{ path, recursive: false, isTrusted }], 10);
    assert.deepEqual(handedOut(), [false]);
  });

  test('again and again for too long: overdue, until there is an end', () => {
    const postponed = new PostponedPaths(1000);
    for (let now = 0; now <= 1500; now += 250) {
      assert.equal(postponed.isOverdue(now), now > 1000);
      postponed.set([{ path, recursive: false }], now);
      postponed.takeDue(Number.POSITIVE_INFINITY);
    }
    postponed.set([], 1500);
    assert.equal(postponed.isOverdue(9000), false);
  });
});
