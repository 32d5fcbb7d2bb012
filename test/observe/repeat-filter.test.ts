import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RepeatFilter } from '#src/observe/repeat-filter.js';

const minute = 60_000;

describe('repeat filter', () => {
  test('passes at once, then after 1, 5, 15 and every further 60 minutes, with the times it happened', () => {
    const filter = new RepeatFilter();
    const passed: [number, number | undefined][] = [];
    for (let now = 0; now <= 300; now++) {
      const occurrence = filter.passes('down', '', now * minute);
      if (occurrence) passed.push([now, occurrence.times]);
      assert.equal(occurrence?.since ?? 0, 0);
    }
    assert.deepEqual(passed, [
      [0, 1],
      [1, 2],
      [6, 7],
      [21, 22],
      [81, 82],
      [141, 142],
      [201, 202],
      [261, 262],
    ]);
  });

  test('a thousand times in a minute is once', () => {
    const filter = new RepeatFilter();
    let passed = 0;
    for (let at = 0; at < 1000; at++) if (filter.passes('down', '', at * 59)) passed++;
    assert.equal(passed, 1);
  });

  test('another reason is news; two that alternate are not, each time', () => {
    const filter = new RepeatFilter();
    assert.ok(filter.passes('web2', 'refused', 0));
    assert.ok(filter.passes('web2', 'unreachable', 1));
    assert.ok(!filter.passes('web2', 'unreachable', 2));
    assert.ok(!filter.passes('web2', 'refused', 3));
    assert.deepEqual(filter.passes('web2', 'refused', minute), { times: 5, since: 0 });
  });

  test('keys do not silence each other', () => {
    const filter = new RepeatFilter();
    assert.ok(filter.passes('web2', '', 0));
    assert.ok(filter.passes('web3', '', 0));
    assert.ok(!filter.passes('web2', '', 1));
  });

  test('its end is told once, with how long it lasted and how often it happened', () => {
    const filter = new RepeatFilter();
    assert.equal(filter.ends('down', 0), undefined);
    for (let now = 0; now < 10; now++) filter.passes('down', '', now * 1000);
    assert.ok(filter.goesOn('down'));
    assert.deepEqual(filter.ends('down', 30_000), { seconds: 30, times: 10 });
    assert.ok(!filter.goesOn('down'));
    assert.equal(filter.ends('down', 30_000), undefined);
  });

  test('a new beginning is news, unless it comes soon after the end', () => {
    const filter = new RepeatFilter();
    assert.ok(filter.passes('down', '', 0));
    assert.ok(filter.ends('down', 1000));
    assert.equal(filter.passes('down', '', 2000), undefined, 'it comes and goes');
    assert.equal(
      filter.ends('down', 3000),
      undefined,
      'nothing was said, so nothing is to be ended',
    );
    assert.deepEqual(filter.passes('down', '', minute), { times: 3, since: 0 });
    assert.deepEqual(filter.ends('down', 2 * minute), { seconds: 60, times: 1 });
    assert.deepEqual(filter.passes('down', '', 7 * minute), { times: 1, since: 7 * minute });
  });

  test('a server that dies a thousand times in an hour is a handful of lines', () => {
    const filter = new RepeatFilter();
    let lines = 0;
    for (let now = 0; now < 60 * minute; now += 3600) {
      if (filter.passes('server', 'crashed', now)) lines++;
      if (filter.ends('server', now + 1000)) lines++;
    }
    assert.equal(lines, 8);
  });

  test('what has not come again for hours is forgotten when there is much', () => {
    const filter = new RepeatFilter();
    for (let number = 0; number < 500; number++) filter.passes(`path ${number}`, '', 0);
    assert.equal(filter.count('path '), 500);
    filter.passes('another', '', 180 * minute);
    assert.equal(filter.count('path '), 0);
    assert.ok(filter.goesOn('another'));
  });
});
