import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Batch } from '#src/sync/common/batch.js';
import { Backlog, type Taken } from '#src/sync/take/backlog.js';
import type { Portions } from '#src/sync/take/portions.js';

describe('backlog', () => {
  test('a batch is done when all its portions are', () => {
    const backlog = new Backlog<number>();
    assert.ok(backlog.isEmpty);
    assert.equal(backlog.next, undefined);
    assert.equal(backlog.end, undefined);
    backlog.take(taken(1, ['/a', '/b']));
    assert.equal(backlog.end, 1);
    assert.deepEqual(work(backlog), ['/a', '/b → 1']);
    assert.ok(backlog.isEmpty);
    assert.equal(backlog.end, 1);
  });

  test('what is next stays so until it is done', () => {
    const backlog = new Backlog<number>();
    backlog.take(taken(1, ['/a', '/b']));
    assert.equal(shown(backlog.next?.batch), '/a');
    assert.equal(shown(backlog.next?.batch), '/a');
    assert.equal(backlog.next?.changedAt, 10);
  });

  test('what goes first goes before all that is left of other batches, but is not done before them', () => {
    const backlog = new Backlog<number>();
    backlog.take(taken(1, ['/a', '/b'], '/first-1'));
    assert.deepEqual(work(backlog, 2), ['/first-1', '/a']);
    backlog.take(taken(2, ['/c'], '/first-2'));
    assert.deepEqual(work(backlog), ['/first-2', '/b → 1', '/c → 2']);
  });

  test('a trickle of what goes first does not hold up the rest', () => {
    const backlog = new Backlog<number>();
    backlog.take(taken(1, ['/a', '/b']));
    for (const end of [2, 3, 4]) backlog.take(taken(end, [], `/first-${end}`));
    assert.deepEqual(work(backlog), ['/first-2', '/a', '/first-3', '/b → 3', '/first-4 → 4']);
  });

  test('batches of which nothing is left are passed over', () => {
    const backlog = new Backlog<number>();
    backlog.take(taken(1, []));
    backlog.take(taken(2, [], '/first'));
    backlog.take(taken(3, ['/a']));
    assert.equal(backlog.size, 2);
    assert.deepEqual(work(backlog), ['/first → 2', '/a → 3']);
  });

  test('a portion is looked up when the one before is done', () => {
    const backlog = new Backlog<number>();
    let drawn = 0;
    const rest = (function* () {
      for (; drawn < 5; ) yield batchOf(`/${drawn++}`);
    })();
    backlog.take({ ...taken(1, []), portions: { rest, isSmall: false } });
    assert.equal(drawn, 1);
    backlog.done();
    assert.equal(drawn, 2);
  });

  test('what is left of small batches is taken back, up to the last large one', () => {
    const backlog = new Backlog<number>();
    assert.equal(backlog.recall(), undefined);
    backlog.take(small(taken(1, ['/early'])));
    backlog.take(taken(2, ['/large-1', '/large-2']));
    backlog.take(small(taken(3, ['/a', '/b', '/c'], '/first')));
    backlog.take(small(taken(4, ['/d'])));
    assert.deepEqual(work(backlog, 2), ['/first', '/early → 1']);
    const recalled = backlog.recall();
    assert.deepEqual(recalled?.batches.map(shown), ['/a', '/b', '/c', '/d']);
    assert.equal(recalled?.changedAt, 30);
    assert.equal(backlog.recall(), undefined);
    backlog.take(taken(5, ['/e']));
    assert.deepEqual(work(backlog), ['/large-1', '/large-2 → 2', '/e → 5']);
  });

  test('forgotten, nothing is left, and the end stays known', () => {
    const backlog = new Backlog<number>();
    backlog.take(taken(1, ['/a', '/b']));
    backlog.clear();
    assert.ok(backlog.isEmpty);
    assert.equal(backlog.next, undefined);
    assert.equal(backlog.done(), undefined);
    assert.equal(backlog.end, 1);
  });
});

function taken(end: number, rest: readonly string[], first?: string) {
  const portions: Portions = {
    rest: rest.map((path) => batchOf(path)).values(),
    ...(first ? { first: batchOf(first) } : {}),
    isSmall: false,
  };
  const files = [...rest, ...(first ? [first] : [])].map((path) => Buffer.from(path));
  return {
    batch: { files, trees: [], covered: [], trusted: new Set<string>() },
    portions,
    changedAt: end * 10,
    end,
  };
}

function small(taken: Taken<number>): Taken<number> {
  return { ...taken, portions: { ...taken.portions, isSmall: true } };
}

function batchOf(path: string): Batch {
  return {
    files: [Buffer.from(path)],
    trees: [],
    covered: [],
    trusted: new Set<string>(),
  };
}

/** Does portions, and tells what each was and how far the queue is done with it. */
function work(backlog: Backlog<number>, most = Number.POSITIVE_INFINITY): string[] {
  const seen: string[] = [];
  while (!backlog.isEmpty && seen.length < most) {
    const text = shown(backlog.next?.batch);
    const end = backlog.done();
    if (text) seen.push(end === undefined ? text : `${text} → ${end}`);
  }
  return seen;
}

function shown(batch: Batch | undefined): string {
  return (batch?.files ?? []).join(' ');
}
