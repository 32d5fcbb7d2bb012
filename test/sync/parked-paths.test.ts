import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DirtyRow } from '#src/csync2/ledger.js';
import type { Outcome } from '#src/csync2/result.js';
import { ParkedPaths } from '#src/sync/parked-paths.js';

const row = (name: string, rowid = 1): DirtyRow => ({
  rowid,
  encoded: Buffer.from(name),
  myName: Buffer.from('web1'),
  forced: 0,
});
const minute = 60_000;
const still = () => 'still';

function fail(
  parked: ParkedPaths,
  failed: DirtyRow,
  now: number,
  reason: Outcome = 'refused',
  detail = '',
): void {
  parked.failed(failed, still(), { reason, detail }, now);
}

describe('parked paths', () => {
  test('each failure rests a little longer, then the path is parked: left out, and reported', () => {
    const parked = new ParkedPaths();
    let now = 0;
    for (let failure = 1; failure <= 3; failure++) {
      assert.ok(!parked.has(row('/a'), still, now), `due for its try ${failure}`);
      assert.deepEqual(parked.list(9).first, [], `after ${failure - 1} failures`);
      fail(parked, row('/a'), now, 'refused', 'said so');
      assert.ok(parked.has(row('/a'), still, now));
      now = (parked.nextRelease([row('/a')]) as number) + (failure < 3 ? 0 : -1);
    }
    assert.ok(now >= 5 * minute && now < 60 * minute);
    const { first, count } = parked.list(9);
    assert.equal(count, 1);
    assert.deepEqual(parked.list(0), { count: 1, first: [] });
    const shown = first.map(({ name, reason, detail, failures }) => [String(name), reason, detail, failures]);
    assert.deepEqual(shown, [['/a', 'refused', 'said so', 3]]);
  });

  test('before it is parked it is asked about alone', () => {
    const parked = new ParkedPaths();
    assert.ok(!parked.isSuspect(row('/a')));
    fail(parked, row('/a'), 0, 'refused', '');
    assert.ok(!parked.isSuspect(row('/a')));
    fail(parked, row('/a'), 0, 'refused', '');
    assert.ok(parked.isSuspect(row('/a')));
    fail(parked, row('/a'), 0, 'refused', '');
    assert.ok(!parked.isSuspect(row('/a')));
  });

  test('the others are not left out', () => {
    assert.ok(!parkedAt(0).has(row('/b'), still, 0));
  });

  test('it is tried again, once, later', () => {
    const parked = parkedAt(0);
    const release = parked.nextRelease([row('/a')]) as number;
    assert.ok(parked.has(row('/a'), still, release - 1));
    assert.ok(!parked.has(row('/a'), still, release));
    fail(parked, row('/a'), release, 'refused', '');
    assert.ok(parked.has(row('/a'), still, release + 5 * minute), 'one more failure parks it again');
  });

  test('a file that has changed is not left out, and counted anew', () => {
    const parked = parkedAt(0);
    assert.ok(!parked.has(row('/a'), () => 'changed', 0));
    fail(parked, row('/a'), 0);
    assert.deepEqual(parked.list(9).first, []);
  });

  test('a new row of the debt alone is no change: a peer that pushes in vain makes one each time', () => {
    assert.ok(parkedAt(0).has(row('/a', 2), still, 0));
  });

  test('what was sent is forgotten', () => {
    const parked = parkedAt(0);
    parked.forget([row('/a')]);
    assert.ok(!parked.has(row('/a'), still, 0));
    assert.deepEqual(parked.list(9).first, []);
    assert.equal(parked.nextRelease([row('/a')]), undefined);
  });

  test('forced, it is due at once and no longer called parked', () => {
    const parked = parkedAt(0);
    parked.force(row('/a'));
    assert.ok(parked.isForced(row('/a')));
    assert.ok(!parked.has(row('/a'), still, 0));
    assert.deepEqual(parked.list(9).first, []);
    fail(parked, row('/a'), 0, 'conflict', '');
    assert.ok(!parked.isForced(row('/a')), 'force that did not help is not repeated');
  });

  test('all are released at a word', () => {
    const parked = parkedAt(0);
    parked.release();
    assert.ok(!parked.has(row('/a'), still, 0));
    assert.equal(parked.nextRelease([row('/a')]), undefined);
  });
});

function parkedAt(now: number): ParkedPaths {
  const parked = new ParkedPaths();
  for (let failure = 0; failure < 3; failure++) fail(parked, row('/a'), now, 'refused', '');
  assert.ok(parked.has(row('/a'), still, now));
  return parked;
}
