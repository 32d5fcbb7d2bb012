import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NoteHistory } from '#src/sync/memory/note-history.js';

test('a row is younger than a moment if it was not there at the last look before', () => {
  const notes = new NoteHistory();
  assert.equal(notes.isWrittenAfter(5, 1000), false, 'nothing is known');
  notes.sample(10, 1000);
  notes.sample(12, 2000);
  assert.deepEqual(
    [11, 12, 13].map((row) => notes.isWrittenAfter(row, 1500)),
    [true, true, true],
  );
  assert.deepEqual(
    [10, 12, 13].map((row) => notes.isWrittenAfter(row, 2500)),
    [false, false, true],
  );
  assert.equal(notes.isWrittenAfter(13, 999), false, 'before the first look');
});

test('what is kept is bounded, and a clock that was set back starts over', () => {
  const notes = new NoteHistory();
  for (let at = 0; at < 10_000; at++) notes.sample(at, at);
  assert.equal(notes.isWrittenAfter(9_999, 9_998), true);
  assert.equal(notes.isWrittenAfter(9_999, 9_999), false);
  notes.sample(20_000, 5);
  assert.equal(notes.isWrittenAfter(30_000, 4), false);
});
