import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backoffSeconds } from '#src/sync/backoff.js';
import { DeferredPaths } from '#src/sync/deferred-paths.js';
import { Exclusive } from '#src/sync/exclusive.js';
import { Gathering, gatherUntil } from '#src/sync/gather.js';
import { PostponedPaths } from '#src/sync/postponed-paths.js';
import { SliceSize } from '#src/sync/slice-size.js';
import { looksTemporary } from '#src/sync/temporary-files.js';
import { Waker } from '#src/sync/waker.js';

describe('backoff', () => {
  const options = { first: 1, most: 300 };

  test('doubles from the first up to the most', () => {
    const seconds = [1, 2, 3, 4, 9, 10, 11, 1000].map((failures) => backoffSeconds(failures, options, 0));
    assert.deepEqual(seconds, [1, 2, 4, 8, 256, 300, 300, 300]);
  });

  test('chance takes off a quarter at most and adds nothing', () => {
    for (let failures = 1; failures < 50; failures++) {
      const full = backoffSeconds(failures, options, 0);
      assert.equal(backoffSeconds(failures, options, 1), full * 0.75);
    }
  });

  test('ten thousand failures are still a number', () => {
    assert.equal(backoffSeconds(10_000, options, 0), 300);
  });
});

describe('gathering', () => {
  const options = { settle: 20, most: 500 };
  const busy = (firstAt: number, lastAt: number) => ({ firstAt, lastAt, checkedAt: firstAt - 10 });

  test('closes after quiet, or when the oldest has waited long enough', () => {
    assert.equal(gatherUntil(busy(1000, 1000), options), 1020);
    assert.equal(gatherUntil(busy(1000, 1300), options), 1320);
    assert.equal(gatherUntil(busy(1000, 1490), options), 1500);
    assert.equal(gatherUntil(busy(1000, 9000), options), 1500);
  });

  test('quiet longer than the interval does not hold a change up', () => {
    assert.equal(gatherUntil(busy(1000, 1000), { settle: 900, most: 500 }), 1500);
  });

  test('a change after a long quiet waits less, also the first of all', () => {
    for (const checkedAt of [0, Number.NEGATIVE_INFINITY]) {
      const until = gatherUntil({ firstAt: 100_000, lastAt: 100_000, checkedAt }, options);
      assert.ok(until >= 100_000 && until < 100_020, String(until));
    }
  });

  test('what csync2 leaves behind all the time does not keep a change waiting for quiet', () => {
    const gathering = new Gathering(options);
    assert.equal(gathering.until, undefined);
    gathering.checked(990);
    gathering.note('trace', 1000);
    assert.equal(gathering.until, 1020);
    gathering.note('trace', 1010);
    gathering.note('change', 1015);
    for (let now = 1020; now < 1100; now += 10) gathering.note('trace', now);
    assert.equal(gathering.until, 1035);
    gathering.clear();
    assert.equal(gathering.until, undefined);
  });

  test('names like those of csync2 are told from others', () => {
    const looks = (path: string, kind: 'file' | 'tree' = 'file') =>
      looksTemporary({ kind, path: Buffer.from(path) });
    for (const path of ['/a/.file.aB3xY9', '/a/.odd\nname.txt.000000', '/.c..abcdef'])
      assert.ok(looks(path), path);
    for (const path of ['/a/file.aB3xY9', '/a/.file.aB3x', '/a/.aB3xY9', '/.a.abcdef/file', '/a/.b.abc-ef'])
      assert.ok(!looks(path), path);
    assert.ok(!looks('/a/.file.aB3xY9', 'tree'));
    assert.ok(!looksTemporary({ kind: 'loss', reason: 'overflow' }));
  });
});

describe('exclusive', () => {
  test('one at a time, in the order of asking', async () => {
    const exclusive = new Exclusive();
    const seen: string[] = [];
    let running = 0;
    const task = (name: string, turns: number) => async () => {
      assert.equal(++running, 1);
      seen.push(`${name} begins`);
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      seen.push(`${name} ends`);
      running--;
      return name;
    };
    const results = await Promise.all([
      exclusive.run(task('a', 5)),
      exclusive.run(task('b', 0)),
      exclusive.run(task('c', 2)),
    ]);
    assert.deepEqual(results, ['a', 'b', 'c']);
    assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('an error reaches who asked, and nobody else', async () => {
    const exclusive = new Exclusive();
    const failing = exclusive.run(async () => {
      throw new Error('mine');
    });
    const next = exclusive.run(async () => 'fine');
    await assert.rejects(failing, /mine/);
    assert.equal(await next, 'fine');
  });

  test('what throws before it waits is an error too', async () => {
    const exclusive = new Exclusive();
    const throws = (): Promise<void> => {
      throw new Error('at once');
    };
    await assert.rejects(exclusive.run(throws), /at once/);
    assert.equal(await exclusive.run(async () => 1), 1);
  });
});

describe('waker', () => {
  test('a wake-up ends the sleep', async () => {
    const waker = new Waker();
    const sleep = waker.sleep(Number.POSITIVE_INFINITY);
    waker.wake();
    await sleep;
  });

  test('a wake-up while nobody sleeps ends the next sleep, and only that', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const waker = new Waker();
    waker.wake();
    waker.wake();
    await waker.sleep(Number.POSITIVE_INFINITY);
    let awake = false;
    const second = waker.sleep(1000).then(() => {
      awake = true;
    });
    await new Promise(setImmediate);
    assert.equal(awake, false);
    context.mock.timers.tick(1000);
    await second;
  });

  test('a wake-up between the end of a sleep and the next is kept', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const waker = new Waker();
    const first = waker.sleep(10);
    context.mock.timers.tick(10);
    // The deadline has passed, whoever slept has not yet gone on.
    waker.wake();
    await first;
    let awake = false;
    void waker.sleep(1000).then(() => {
      awake = true;
    });
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    // Either the first sleep reported the wake-up, or the second one must: whoever slept looks after each.
    context.mock.timers.tick(1000);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    assert.equal(awake, true);
  });

  test('a deadline in the past or very far away is no trouble', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const waker = new Waker();
    await waker.sleep(0);
    await waker.sleep(-5);
    let awake = false;
    const far = waker.sleep(2 ** 40).then(() => {
      awake = true;
    });
    context.mock.timers.tick(1000);
    await new Promise(setImmediate);
    assert.equal(awake, false);
    waker.wake();
    await far;
  });
});

describe('slice size', () => {
  test('somewhat less than a second of work at the rate last seen, within its bounds', () => {
    const slice = new SliceSize();
    for (let push = 0; push < 20; push++) slice.measured(1000, 1);
    assert.ok(Math.abs(slice.rows - 700) < 20, String(slice.rows));
    for (let push = 0; push < 20; push++) slice.measured(100, 10);
    assert.equal(slice.rows, 50);
    for (let push = 0; push < 40; push++) slice.measured(5000, 0.01);
    assert.equal(slice.rows, 5000);
  });

  test('a few files tell nothing of the rate, and no time is no rate', () => {
    const slice = new SliceSize();
    const before = slice.rows;
    slice.measured(1, 10);
    slice.measured(49, 0.001);
    slice.measured(1000, 0);
    slice.measured(1000, -1);
    slice.measured(0, 0);
    assert.equal(slice.rows, before);
  });

  test('one push that was very fast is soon forgotten', () => {
    const slice = new SliceSize();
    slice.measured(5000, 0.5);
    for (let push = 0; push < 4; push++) slice.measured(slice.rows, slice.rows / 100);
    // At 100 files a second, 5000 files keep a fresh change waiting for 50 s.
    assert.ok(slice.rows <= 1000, `${slice.rows} rows after four slow pushes`);
  });
});

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
    assert.equal(deferred.list(10).length, 10);
    assert.ok(deferred.dueAt > 0 && deferred.dueAt <= 1000);
    assert.equal(deferred.takeDue(5000).length, 200_000);
    assert.equal(deferred.count, 0);
  });
});

describe('paths that were being received', () => {
  const path = Buffer.from('/a');

  test('are handed out shortly, once, as trees if any of their reports was of a tree', () => {
    const postponed = new PostponedPaths(10_000);
    postponed.set([{ path, recursive: true }], 0);
    postponed.set([{ path, recursive: false }], 0);
    assert.deepEqual(postponed.takeDue(postponed.dueAt - 1), []);
    assert.deepEqual(postponed.takeDue(postponed.dueAt), [{ path, recursive: true, isTrusted: false }]);
    assert.equal(postponed.dueAt, Number.POSITIVE_INFINITY);
  });

  test('are not doubted for having waited, unless a report speaks against their content', () => {
    const postponed = new PostponedPaths(10_000);
    const handedOut = () => postponed.takeDue(Number.POSITIVE_INFINITY).map(({ isTrusted }) => isTrusted);
    for (let round = 0; round < 2; round++) {
      postponed.set([{ path, recursive: false, isTrusted: true }], round);
    }
    assert.deepEqual(handedOut(), [true]);
    for (const isTrusted of [true, false, true]) postponed.set([{ path, recursive: false, isTrusted }], 10);
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
