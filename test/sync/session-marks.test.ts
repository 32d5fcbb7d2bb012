import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionMarks } from '#src/sync/session-marks.js';

test('what a session has marked is remembered for some seconds, and no more than so many names', () => {
  const marks = new SessionMarks();
  marks.note('/t/a', 0);
  assert.ok(marks.has('/t/a', 5000));
  assert.ok(!marks.has('/t/b', 5000));
  assert.ok(!marks.has('/t/a', 60_000));
  for (let name = 0; name < 30_000; name++) marks.note(`/t/${name}`, 0);
  assert.ok(marks.has('/t/29999', 0));
  assert.ok(!marks.has('/t/0', 0));
});
