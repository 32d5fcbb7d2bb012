import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PendingRow } from '#src/csync2/database/pending-table.js';
import type { Diagnosis } from '#src/csync2/refusals/diagnosis.js';
import type { Meaning } from '#src/csync2/refusals/refusals.js';
import { RejectedRows } from '#src/sync/push/refused/rejected-rows.js';

const row = (name: string, rowid = 1): PendingRow => ({
  rowid,
  encoded: Buffer.from(name),
  myName: Buffer.from('web1'),
  forced: 0,
});
const minute = 60_000;
const still = () => 'still';

function because(meaning: Meaning, detail = ''): Diagnosis {
  return {
    outcome: meaning === 'conflict' ? 'conflict' : 'refused',
    meaning,
    detail,
    isTie: false,
  };
}

describe('rows that a peer has refused', () => {
  test('what was left of a push of several is asked about alone, at once, and not listed', () => {
    const rejected = new RejectedRows();
    assert.ok(!rejected.isSuspect(row('/a')));
    rejected.refused(row('/a'), still(), undefined, 1000);
    assert.ok(rejected.isSuspect(row('/a')));
    assert.ok(!rejected.stillRests(row('/a'), still, 1000));
    assert.equal(rejected.list(9).count, 0);
  });

  test('conflicts are listed when they are settled, since their first refusal, and not when forced', () => {
    const rejected = new RejectedRows();
    for (let at = 1; at <= 6; at++) rejected.refused(row('/a'), still(), because('conflict'), at);
    assert.deepEqual(rejected.conflicts(), []);
    rejected.refused(row('/a'), still(), because('conflict'), 7);
    rejected.refused(row('/b'), still(), because('later'), 7);
    assert.deepEqual(rejected.conflicts(), [{ name: Buffer.from('/a'), since: 1 }]);
    assert.equal(rejected.list(0).conflicts, 1);
    rejected.force(row('/a'));
    assert.deepEqual(rejected.conflicts(), []);
  });

  test('conflicts are tried again when the peer has looked, but not all the time', () => {
    const rejected = new RejectedRows();
    const again = () => {
      for (let at = 0; at < 7; at++)
        rejected.refused(row('/a'), still(), because('conflict'), minute);
    };
    const rests = (at: number) => rejected.stillRests(row('/a'), still, at);
    assert.ok(!rejected.retryConflicts(minute));
    again();
    assert.ok(rests(minute));
    assert.ok(rejected.retryConflicts(minute));
    assert.ok(!rests(minute));
    again();
    for (const at of [1, 2, 3]) rejected.retryConflicts(minute + at);
    assert.deepEqual([rests(minute + 4999), rests(minute + 5000)], [true, false]);
  });

  test('a directory that was not empty is tried when something below it was taken', () => {
    const rejected = new RejectedRows();
    for (let at = 0; at < 7; at++)
      rejected.refused(row('/d'), still(), because('compare', 'Directory not empty'), 0);
    assert.ok(rejected.stillRests(row('/d'), still, 1000));
    rejected.takenBelow([row('/d-1/x'), row('/e')], 500);
    assert.ok(rejected.stillRests(row('/d'), still, 1000));
    rejected.takenBelow([row('/d/x/y')], 500);
    assert.ok(!rejected.stillRests(row('/d'), still, 1000));
  });

  test('refused once more for the same reason is no news, for another or after a change it is', () => {
    const rejected = new RejectedRows();
    const full = because('later', 'No space left on device');
    assert.ok(!rejected.isOnHold(row('/a'), full));
    rejected.refused(row('/a'), still(), full, 0);
    assert.ok(rejected.isOnHold(row('/a'), full));
    assert.ok(!rejected.isOnHold(row('/a'), because('later', 'Read-only file system')));
    rejected.stillRests(row('/a', 2), () => 'changed', 0);
    assert.ok(!rejected.isOnHold(row('/a', 2), full));
  });

  test('one that was left of a push of several has not been refused itself', () => {
    const rejected = new RejectedRows();
    rejected.refused(row('/d/b'), still(), undefined, 0);
    rejected.refused(row('/d/a'), still(), because('later', 'full'), 0);
    assert.ok(!rejected.isOnHold(row('/d/b'), because('later', 'full')));
  });

  test('the others do not rest', () => {
    assert.ok(!refusedAt(0, 'later').stillRests(row('/b'), still, 0));
  });

  test('what may be taken later is tried again within a minute, always, and listed', () => {
    const rejected = new RejectedRows();
    for (let [now, failure] = [0, 0]; failure < 20; failure++) {
      rejected.refused(row('/a'), still(), because('later', 'No space left on device'), now);
      const { first, count } = rejected.list(9);
      const shown = first.map(({ name, reason, detail, failures }) => [
        String(name),
        reason,
        detail,
        failures,
      ]);
      assert.deepEqual(shown, [['/a', 'refused', 'No space left on device', failure + 1]]);
      assert.deepEqual([count, rejected.list(0)], [1, { count: 1, conflicts: 0, first: [] }]);
      const release = rejected.nextRelease([row('/a')]) as number;
      assert.ok(release > now && release <= now + minute);
      assert.ok(rejected.stillRests(row('/a'), still, release - 1));
      assert.ok(!rejected.stillRests(row('/a'), still, release));
      now = release;
    }
  });

  test('what has not been answered is tried again in a moment, and listed only when that has come to nothing often', () => {
    const rejected = new RejectedRows();
    let now = 0;
    for (let failure = 0; failure < 5; failure++) {
      rejected.refused(row('/a'), still(), because('unanswered'), now);
      assert.equal(rejected.list(9).count, 0);
      now = rejected.nextRelease([row('/a')]) as number;
    }
    assert.ok(now < 15_000, `${now} ms`);
    rejected.refused(row('/a'), still(), because('unanswered'), now);
    assert.equal(rejected.list(9).count, 1);
  });

  test('of many that are refused alike in one directory one is tried at a time, another one each time', () => {
    const rejected = new RejectedRows();
    const rows = Array.from({ length: 50 }, (_, index) => row(`/full/${index}`, index));
    for (const each of rows) rejected.refused(each, still(), undefined, 0);
    rejected.refused(
      rows[7] as PendingRow,
      still(),
      because('later', 'No space left on device'),
      0,
    );
    assert.equal(rejected.list(99).count, 50, 'nobody has to ask about the others');
    const tried = new Set<PendingRow>();
    for (let now = 0, tries = 0; tries < 50; tries++) {
      now = rejected.nextRelease(rows) as number;
      const due = rows.filter((each) => !rejected.stillRests(each, still, now));
      const next = rejected.longestWaiting(due) as PendingRow;
      tried.add(next);
      rejected.refused(next, still(), because('later', 'No space left on device'), now);
      assert.ok(rows.every((each) => rejected.stillRests(each, still, now)));
    }
    assert.ok(tried.size > 40, `${tried.size} of 50`);
  });

  test('what lies below a directory that was refused waits for that, unasked, and is not listed', () => {
    const rejected = new RejectedRows();
    const below = ['/d/1', '/d/e/2', '/d/e/3'].map((name) => row(name));
    for (const each of [...below, row('/else')]) rejected.refused(each, still(), undefined, 0);
    rejected.refused(row('/d'), still(), because('conflict'), 0);
    assert.ok(
      below.every((each) => !rejected.stillRests(each, still, 0)),
      'nobody knows yet that the directory is missing there',
    );
    rejected.refused(below[1] as PendingRow, still(), because('parent-first'), 0);
    assert.ok(below.every((each) => rejected.stillRests(each, still, 1000 * minute)));
    assert.ok(!rejected.stillRests(row('/else'), still, 0));
    // One that was pushed along with others later, too; but none that has not been refused.
    rejected.refused(row('/d/4'), still(), undefined, 0);
    assert.ok(rejected.stillRests(row('/d/4'), still, minute));
    assert.ok(!rejected.stillRests(row('/d/5'), still, 0));
    while (rejected.list(9).count === 0)
      rejected.refused(row('/d'), still(), because('conflict'), 0);
    assert.deepEqual(
      rejected.list(9).first.map(({ name }) => String(name)),
      ['/d'],
    );
    // Whatever has become of it there, it is one conflict.
    rejected.refused(row('/d/6'), still(), because('conflict'), 0);
    assert.ok(rejected.stillRests(row('/d/6'), still, 1000 * minute));
    // It is changed: it may be something else now.
    assert.ok(!rejected.stillRests(row('/d/4'), () => 'changed', minute));
    rejected.taken([row('/d')]);
    for (const each of below)
      assert.ok(!rejected.hasFailed(each), 'sent with the others, not asked about one by one');
  });

  test('a directory that waits for another one is waited for along with that', () => {
    const rejected = new RejectedRows();
    rejected.refused(row('/d'), still(), because('conflict'), 0);
    rejected.refused(row('/d/e'), still(), because('parent-first'), 0);
    rejected.refused(row('/d/e/f'), still(), because('parent-first'), 0);
    assert.ok(rejected.stillRests(row('/d/e/f'), still, minute));
    rejected.forget(Buffer.from('/d'));
    assert.ok(!rejected.hasFailed(row('/d/e')) && !rejected.hasFailed(row('/d/e/f')));
  });

  test('what waits for a directory that waits for another one itself goes when that has been taken', () => {
    const rejected = new RejectedRows();
    rejected.refused(row('/a/b'), still(), because('later'), 0);
    rejected.refused(row('/a/b/c'), still(), because('parent-first'), 0);
    rejected.refused(row('/a'), still(), because('later'), 0);
    rejected.refused(row('/a/b'), still(), because('parent-first'), 0);
    assert.ok(rejected.stillRests(row('/a/b/c'), still, 1));
    rejected.taken([row('/a')]);
    for (const name of ['/a/b', '/a/b/c'])
      assert.ok(!rejected.stillRests(row(name), still, 1), name);
  });

  test('what waits for a directory that is held for another reason goes on waiting', () => {
    const rejected = new RejectedRows();
    rejected.refused(row('/a'), still(), because('later'), 0);
    rejected.refused(row('/a/b'), still(), because('parent-first'), 0);
    const isPending = (encoded: Buffer) => encoded.toString() === '/a';
    assert.equal(rejected.nextRelease([row('/a/b')], isPending), Number.POSITIVE_INFINITY);
    assert.ok(rejected.stillRests(row('/a/b'), still, 1));
    assert.equal(rejected.list(9).count, 1);
  });

  test('what waits for a directory that is no longer pending is due in a moment', () => {
    const rejected = new RejectedRows();
    rejected.refused(row('/a'), still(), because('later'), 0);
    rejected.refused(row('/a/b'), still(), because('parent-first'), 0);
    assert.ok(rejected.stillRests(row('/a/b'), still, 1));
    assert.ok((rejected.nextRelease([row('/a/b')]) as number) <= Date.now() + 1000);
    assert.ok(!rejected.stillRests(row('/a/b'), still, 1));
  });

  test('what was left by a push that ended below a missing directory waits for that, too', () => {
    const rejected = new RejectedRows();
    while (rejected.list(9).count === 0)
      rejected.refused(row('/d'), still(), because('conflict'), 0);
    const below = ['/d/2', '/d/deep/3'].map((name) => row(name));
    const left = [...below, row('/dd')];
    rejected.left(left, still);
    assert.ok(left.every((each) => !rejected.stillRests(each, still, 1)));
    rejected.refused(row('/d/1'), still(), because('parent-first'), 0);
    rejected.left(left, still);
    assert.deepEqual(
      left.map((each) => rejected.stillRests(each, still, 1)),
      [true, true, false],
    );
    assert.equal(rejected.list(9).count, 1);
    rejected.taken([row('/d')]);
    assert.ok(left.every((each) => !rejected.stillRests(each, still, 1)));
  });

  test('conflicts are known by what lies around them', () => {
    const rejected = new RejectedRows();
    rejected.refused(row('/a/b'), still(), because('conflict'), 0);
    rejected.refused(row('/c'), still(), because('later'), 0);
    const around = (name: string) => rejected.hasConflictAround(Buffer.from(name));
    assert.ok(around('/a') && around('/a/b') && around('/a/b/c'));
    assert.ok(!around('/a/bc') && !around('/a/c') && !around('/c'));
  });

  test('when one is taken, all are free that were refused for the same reason, and no other', () => {
    const rejected = new RejectedRows();
    for (const name of ['/a/1', '/b/2'])
      rejected.refused(row(name), still(), because('later', 'Read-only'), 0);
    rejected.refused(row('/c/3'), still(), because('later', 'Operation not permitted'), 0);
    while (rejected.list(9).count < 4)
      rejected.refused(row('/d/4'), still(), because('conflict'), 0);
    rejected.taken([row('/a/1')]);
    assert.deepEqual(
      ['/a/1', '/b/2', '/c/3', '/d/4'].map((name) => rejected.stillRests(row(name), still, 1)),
      [false, false, true, true],
    );
  });

  test('a conflict waits for somebody, but not for ever', () => {
    const rejected = refusedAt(0, 'conflict');
    const release = rejected.nextRelease([row('/a')]) as number;
    assert.ok(release >= 5 * minute && release < 60 * minute);
    assert.ok(rejected.stillRests(row('/a'), still, release - 1));
    assert.equal(rejected.list(9).count, 1);
  });

  test('where some of a directory are in conflict, the others wait along with them, and are told with them', () => {
    const rejected = new RejectedRows();
    const names = Array.from({ length: 1000 }, (_, index) => `/d/${index}`);
    for (const name of [...names, '/e/1']) rejected.refused(row(name), still(), undefined, 0);
    const tries = (from: number, to: number) => {
      let count = 0;
      for (let now = from; now < to; now += 100) {
        const due = names.filter((name) => !rejected.stillRests(row(name), still, now)).slice(0, 1);
        for (const name of due) rejected.refused(row(name), still(), because('conflict'), now);
        count += due.length;
      }
      return count;
    };
    assert.ok(tries(0, minute) < 50);
    assert.equal(rejected.list(9).count, 1000);
    assert.ok(tries(minute, 10 * minute) < 20);
    assert.ok(
      !rejected.stillRests(row('/e/1'), still, minute),
      'those of another directory do not wait',
    );
    rejected.taken([row('/d/999')]);
    assert.ok(
      names.slice(10, -1).every((name) => !rejected.stillRests(row(name), still, 10 * minute)),
    );
  });

  test('what may be in conflict, since others beside it are, is not told before one of them is', () => {
    const rejected = new RejectedRows();
    for (const name of ['/d/1', '/d/2', '/d/3', '/d/4', '/d/5', '/d/6'])
      rejected.refused(row(name), still(), undefined, 0);
    for (const name of ['/d/1', '/d/2', '/d/3', '/d/4', '/d/5'])
      rejected.refused(row(name), still(), because('conflict'), 0);
    assert.ok(rejected.stillRests(row('/d/6'), still, 1000));
    assert.equal(rejected.list(9).count, 0);
    rejected.taken([row('/d/1')]);
    assert.ok(
      !rejected.stillRests(row('/d/6'), still, 1000),
      'the first of them was none after all',
    );
  });

  for (const [meaning, times] of [
    ['parent-first', 5],
    ['compare', 5],
    ['conflict', 6],
  ] as const) {
    test(`${meaning}: it is tried again in a moment, some times, and then waits`, () => {
      const rejected = new RejectedRows();
      let [now, failures] = [0, 0];
      while (rejected.list(9).count === 0) {
        assert.equal(rejected.isTriedAgain(row('/a'), because(meaning)), failures < times);
        rejected.refused(row('/a'), still(), because(meaning), now);
        now = rejected.nextRelease([row('/a')]) as number;
        assert.ok(++failures < 10);
      }
      assert.ok(now < 15 * minute);
    });
  }

  test('a file that has changed is due, and asked about alone', () => {
    const rejected = refusedAt(0, 'conflict');
    assert.ok(!rejected.stillRests(row('/a'), () => 'changed', 1000));
    assert.ok(rejected.isSuspect(row('/a')));
  });

  test('a file that changes on and on is not tried on and on', () => {
    const rejected = refusedAt(0, 'later');
    for (let time = 0; time < 100; time++)
      assert.ok(rejected.stillRests(row('/a'), () => `changed ${time}`, 100));
  });

  test('a new pending row alone is no change: a peer that pushes in vain makes one each time', () => {
    assert.ok(refusedAt(0, 'conflict').stillRests(row('/a', 2), still, 0));
  });

  test('what was taken is forgotten, and so is what is no longer pending', () => {
    const rejected = refusedAt(0, 'later');
    rejected.taken([row('/a')]);
    assert.ok(!rejected.stillRests(row('/a'), still, 0));
    assert.equal(rejected.nextRelease([row('/a')]), undefined);
    const other = refusedAt(0, 'later');
    assert.equal(other.nextRelease([]), undefined);
    assert.ok(!other.hasFailed(row('/a')));
  });

  test('forced, it is due at once and no longer listed', () => {
    const rejected = refusedAt(0, 'conflict');
    rejected.force(row('/a'));
    assert.ok(rejected.isForced(row('/a')));
    assert.ok(!rejected.stillRests(row('/a'), still, 0));
    assert.deepEqual(rejected.list(9).first, []);
    rejected.refused(row('/a'), still(), because('conflict'), 0);
    assert.ok(!rejected.isForced(row('/a')), 'force that did not help is not repeated');
  });

  test('forced, one that waits along with others is due at once, too', () => {
    const rejected = new RejectedRows();
    const names = ['/d/1', '/d/2', '/d/3', '/d/4', '/d/5', '/d/6'];
    for (const name of names) rejected.refused(row(name), still(), undefined, 0);
    for (const name of names.slice(0, -1))
      rejected.refused(row(name), still(), because('conflict'), 0);
    for (const name of ['/d/5', '/d/6']) {
      assert.ok(rejected.stillRests(row(name), still, 1000), name);
      rejected.force(row(name));
      assert.ok(!rejected.stillRests(row(name), still, 1000), name);
    }
  });

  test('all are tried when somebody asks for it, and told of if they fail again', () => {
    for (const meaning of ['later', 'conflict'] as const) {
      const rejected = refusedAt(0, meaning);
      rejected.tryNow();
      assert.ok(!rejected.stillRests(row('/a'), still, 0));
      rejected.refused(row('/a'), still(), because(meaning), 0);
      assert.equal(rejected.list(9).count, 1);
    }
  });

  test('all are forgotten when the peer takes something again', () => {
    const rejected = refusedAt(0, 'later');
    rejected.release();
    assert.ok(!rejected.stillRests(row('/a'), still, 0));
    assert.equal(rejected.nextRelease([row('/a')]), undefined);
  });
});

function refusedAt(now: number, meaning: Meaning): RejectedRows {
  const rejected = new RejectedRows();
  while (rejected.list(9).count === 0) rejected.refused(row('/a'), still(), because(meaning), now);
  assert.ok(rejected.stillRests(row('/a'), still, now));
  return rejected;
}
