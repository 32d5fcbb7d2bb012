import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Gathering, gatherUntil } from '#src/sync/take/gathering.js';

describe('gathering', () => {
  const options = { settle: 20, most: 500 };
  const busy = (firstAt: number, lastAt: number) => ({
    ...{ firstAt, lastAt, checkedAt: firstAt - 10, isFinished: false },
  });

  test('closes after quiet, or when the oldest has waited long enough', () => {
    assert.equal(gatherUntil(busy(1000, 1000), options), 1020);
    assert.equal(gatherUntil(busy(1000, 1300), options), 1320);
    assert.equal(gatherUntil(busy(1000, 1490), options), 1500);
    assert.equal(gatherUntil(busy(1000, 9000), options), 1500);
  });

  test('quiet longer than the interval does not hold a change up', () => {
    assert.equal(gatherUntil(busy(1000, 1000), { settle: 900, most: 500 }), 1500);
  });

  test('a finished change after a quiet time waits for nothing, also the first of all', () => {
    for (const checkedAt of [0, Number.NEGATIVE_INFINITY]) {
      const gathering = new Gathering(options);
      gathering.checked(checkedAt);
      gathering.note('change', 100_000);
      assert.equal(gathering.until, 100_000);
    }
  });

  test('gathering begins with the second, for a moment', () => {
    const gathering = new Gathering(options);
    gathering.note('change', 100_000);
    gathering.note('change', 100_001);
    const until = gathering.until ?? 0;
    assert.ok(until > 100_001 && until < 100_020, String(until));
  });

  test('a flood settles', () => {
    const gathering = new Gathering(options);
    gathering.note('change', 100_000);
    gathering.clear();
    // While csync2 checks the first:
    for (let now = 100_001; now < 100_030; now++) gathering.note('change', now);
    gathering.checked(100_030);
    assert.equal(gathering.until, 100_049);
    for (let now = 100_031; now < 101_000; now += 10) gathering.note('change', now);
    assert.equal(gathering.until, 100_501);
  });

  test('one that follows soon after a check settles, too', () => {
    const gathering = new Gathering(options);
    gathering.checked(99_900);
    gathering.note('change', 100_000);
    assert.equal(gathering.until, 100_020);
  });

  test('what is about to get another name waits for that, which waits for nothing', () => {
    const gathering = new Gathering(options);
    gathering.note('draft', 100_000);
    const until = gathering.until ?? 0;
    assert.ok(until > 100_000 && until < 100_020, String(until));
    gathering.note('change', 100_001);
    assert.equal(gathering.until, 100_001);
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
});
