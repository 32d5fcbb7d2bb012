import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RepeatFilter } from '#src/observe/repeat-filter.js';

const minute = 60_000;

describe('repeat filter', () => {
  test('passes at once, then after 1, 5, 15 and every further 60 minutes', () => {
    const filter = new RepeatFilter();
    const passed: number[] = [];
    for (let now = 0; now <= 300; now++) if (filter.passes('down', '', now * minute)) passed.push(now);
    assert.deepEqual(passed, [0, 1, 6, 21, 81, 141, 201, 261]);
  });

  test('a thousand times in a minute is once', () => {
    const filter = new RepeatFilter();
    let passed = 0;
    for (let at = 0; at < 1000; at++) if (filter.passes('down', '', at * 59)) passed++;
    assert.equal(passed, 1);
  });

  test('another reason is news, and so is the first one when it comes back', () => {
    const filter = new RepeatFilter();
    assert.ok(filter.passes('web2', 'refused', 0));
    assert.ok(filter.passes('web2', 'unreachable', 1));
    assert.ok(!filter.passes('web2', 'unreachable', 2));
    assert.ok(filter.passes('web2', 'refused', 3));
  });

  test('keys do not silence each other', () => {
    const filter = new RepeatFilter();
    assert.ok(filter.passes('web2', '', 0));
    assert.ok(filter.passes('web3', '', 0));
    assert.ok(!filter.passes('web2', '', 1));
  });

  test('its end is told once, and a new beginning is news', () => {
    const filter = new RepeatFilter();
    assert.ok(!filter.ends('down'));
    filter.passes('down', '', 0);
    assert.ok(filter.ends('down'));
    assert.ok(!filter.ends('down'));
    assert.ok(filter.passes('down', '', 1));
  });
});
