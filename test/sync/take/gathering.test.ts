import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Gathering, gatherUntil } from '#src/sync/take/gathering.js';

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
});
