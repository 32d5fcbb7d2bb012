import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DeferredPaths } from '#src/sync/check/deferred-paths.js';

describe('paths that csync2 could not check', () => {
  const failed = { path: Buffer.from('/a'), recursive: true, outcome: 'failed', text: '' } as const;

  test("each is handed out when its time has come, and is in nobody's list while it is tried", () => {
    const deferred = new DeferredPaths();
    assert.equal(deferred.add(failed, 0), 1);
    assert.deepEqual(deferred.list(), [failed]);
    assert.deepEqual(deferred.takeDue(0), []);
    assert.deepEqual(deferred.takeDue(1000), [failed]);
    assert.deepEqual(deferred.list(), []);
    assert.equal(deferred.add(failed, 1000), 2, 'it has failed again');
    assert.deepEqual(deferred.list(), [failed]);
  });

  test('one that is being tried again counts as failing until that is done', () => {
    const deferred = new DeferredPaths();
    const other = { ...failed, path: Buffer.from('/b') };
    assert.deepEqual(deferred.failing(10), { count: 0, first: [] });
    deferred.add(failed, 0);
    deferred.add(other, 0);
    deferred.takeDue(1500);
    assert.deepEqual(deferred.failing(1), { count: 2, first: [failed] });
    deferred.add(other, 1600);
    assert.equal(deferred.settle(), false, 'one has failed again');
    assert.deepEqual(deferred.failing(10), { count: 1, first: [other] });
    deferred.takeDue(1e5);
    assert.equal(deferred.settle(), true);
    assert.deepEqual(deferred.failing(10), { count: 0, first: [] });
    assert.equal(deferred.settle(), false, 'that has been said');
  });

  test('a tree that fails by itself in between is still one', () => {
    const deferred = new DeferredPaths();
    deferred.add({ ...failed, recursive: true }, 0);
    deferred.add({ ...failed, recursive: false }, 100);
    assert.deepEqual(
      deferred.takeDue(1e6).map(({ recursive }) => recursive),
      [true],
    );
  });

  test('one that did not fail again is forgotten', () => {
    const deferred = new DeferredPaths();
    deferred.add(failed, 0);
    deferred.takeDue(1000);
    assert.deepEqual(deferred.takeDue(1e9), []);
    assert.equal(deferred.dueAt, Number.POSITIVE_INFINITY);
    assert.equal(deferred.add(failed, 1e9), 1);
  });

  test('a bounded number, and 200,000 at once are no trouble', () => {
    const deferred = new DeferredPaths(200_000);
    const add = (index: number) => deferred.add({ ...failed, path: Buffer.from(`/${index}`) }, 0);
    for (let index = 0; index < 200_000; index++) assert.equal(add(index), 1);
    assert.equal(add(200_000), undefined, 'there is no room');
    assert.equal(add(7), 2, 'but for what is there');
    assert.equal(deferred.count, 200_000);
    assert.equal(deferred.failing(10).first.length, 10);
    assert.ok(deferred.dueAt > 0 && deferred.dueAt <= 1000);
    assert.equal(deferred.takeDue(5000).length, 200_000);
    assert.equal(deferred.count, 0);
  });
});
