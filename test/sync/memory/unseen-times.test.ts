import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unseenTimes } from '#src/sync/memory/unseen-times.js';

const startedAt = 1000;
const gap = { since: 700, covers: (time: number) => time >= 700 && time <= 900 };
const noGap = { since: undefined, covers: () => false };

test('changes may have gone unseen since the last full check, or since nothing watched before this run', () => {
  const since = (at: number | undefined, spans: typeof gap | typeof noGap) =>
    unseenTimes({ at }, spans, startedAt).since();
  assert.equal(since(undefined, noGap), 1000, 'what is older is taken for checked');
  assert.equal(since(undefined, gap), 700);
  assert.equal(since(500, gap), 700);
  assert.equal(since(800, gap), 800, 'what was checked then is not checked again');
  assert.equal(since(1200, noGap), 1200);
});

test('a loss in this run does not move the beginning to a later time', () => {
  const lost = { since: 1500, covers: () => false };
  assert.equal(unseenTimes({ at: undefined }, lost, startedAt).since(), 1000);
});

test('a single change may have gone unseen in this run, and while nothing watched', () => {
  const { includes } = unseenTimes({ at: undefined }, gap, startedAt);
  assert.deepEqual([600, 800, 950, 1000, 1100].map(includes), [false, true, false, true, true]);
});
