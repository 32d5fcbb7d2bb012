import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UncertainRows } from '#src/sync/push/versions/uncertain-rows.js';

const path = Buffer.from('/t/file');

test('a file that was sent in an uncertain version rests for a moment and is sent again, but not for ever', () => {
  const rows = new UncertainRows();
  assert.ok(!rows.rests(path, 0));
  let [now, times] = [0, 0];
  while (rows.sent(path, now)) {
    assert.ok(rows.rests(path, now));
    const due = rows.nextDue(now) as number;
    assert.ok(due > now && due <= now + 1000);
    assert.ok(!rows.rests(path, due));
    now = due;
    assert.ok(++times < 10);
  }
  assert.ok(times >= 3);
  assert.equal(rows.nextDue(now), undefined);
});

test('sent as it is noted, it is started again', () => {
  const rows = new UncertainRows();
  for (let round = 0; round < 50; round++) {
    assert.ok(rows.sent(path, 0));
    rows.certain(path);
    assert.ok(!rows.rests(path, 0));
  }
});
