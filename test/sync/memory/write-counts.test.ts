import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteCounts } from '#src/sync/memory/write-counts.js';
import { seededRandom } from '../../support/csync2-random.js';

const path = Buffer.from('/srv/file');
const written = { path, writes: 1, moves: 0, others: 0 };
const moved = { path, writes: 0, moves: 1, others: 0 };
const removed = { path, writes: 0, moves: 0, others: 1 };
const balance = (counts: WriteCounts, ...receivedAt: number[]) => counts.balance(path, receivedAt);

test('a reception accounts for one move and one write', () => {
  const counts = new WriteCounts();
  assert.equal(balance(counts, 999), 'unknown');
  counts.note([moved, written], 1000);
  assert.equal(balance(counts, 999), 'accounted');
  counts.note([written], 1010);
  assert.equal(balance(counts, 999), 'written', 'here');
  assert.equal(balance(counts, 999), 'known', 'that was set off');
  counts.note([moved, written], 1500);
  assert.equal(balance(counts, 999, 1499), 'accounted');
  counts.note([moved], 1600);
  assert.equal(balance(counts, 999, 1499), 'written', 'replaced here');
});

test('events that come late exceed nothing, and those of an earlier spell do not count', () => {
  const counts = new WriteCounts();
  counts.note([moved], 1300);
  assert.equal(balance(counts, 900), 'accounted');
  counts.note([written], 1400);
  assert.equal(balance(counts, 900), 'accounted');
  counts.note([moved, written], 4000);
  assert.equal(balance(counts, 900), 'written');
  counts.note([moved, written], 7000);
  assert.equal(balance(counts, 900, 6990), 'accounted');
});

test('events that could not be read for seconds are of what was received in them', () => {
  const counts = new WriteCounts(0);
  counts.delivered(1000);
  counts.note([moved, written], 8000);
  assert.equal(balance(counts, 5000), 'accounted');
  // What was received before others were read has left no events: nobody watched its directory yet.
  const others = new WriteCounts(0);
  others.delivered(6000);
  others.note([written], 8000);
  assert.equal(balance(others, 5000), 'written');
});

test('after a loss, what is seen may be of receptions before it', () => {
  const counts = new WriteCounts(0);
  counts.note([moved, written], 10_000);
  counts.clear(10_100);
  counts.note([written], 10_200);
  assert.equal(balance(counts, 9_990), 'unknown');
  counts.note([moved, written], 20_000);
  assert.equal(balance(counts, 9_990, 19_990), 'accounted');
  counts.note([written], 20_100);
  assert.equal(balance(counts, 9_990, 19_990), 'written');
});

test('more than all receptions before a start can have done was done here', () => {
  for (const [receivedAt, expected] of [
    [[99_000], 'written'],
    [[10_000, 99_000], 'written'],
    [[98_000, 99_000], 'unknown'],
  ] as const) {
    const counts = new WriteCounts(100_000);
    counts.note([moved, written, written], 100_500);
    assert.equal(balance(counts, ...receivedAt), expected, receivedAt.join());
  }
});

test('where sessions close a file before they move it into its place, every write to it was done here', () => {
  const counts = new WriteCounts(100_000);
  counts.note([moved], 110_000);
  assert.equal(counts.balance(path, [109_990], 0), 'accounted');
  counts.note([written], 110_010);
  assert.ok(counts.isWritten(path, [109_990], 0));
  assert.equal(counts.balance(path, [109_990], 0), 'written');
  // Also where the two are seen as one, or at a start.
  const late = new WriteCounts(100_000);
  late.note([moved, written], 100_500);
  assert.equal(late.balance(path, [98_000, 99_000], 0), 'written');
});

test('what was made or removed meanwhile, or received too often, can not be told', () => {
  const counts = new WriteCounts();
  counts.note([removed, written], 1000);
  assert.equal(balance(counts), 'unknown');
  assert.equal(balance(counts), 'accounted', 'from here on');
  counts.note([written], 1100);
  assert.equal(
    balance(counts, ...Array.from({ length: 64 }, (_, index) => 1000 + index)),
    'unknown',
  );
  counts.note([written], 1200);
  counts.clear(1300);
  assert.equal(balance(counts), 'unknown');
});

test('receptions and writes of our own in random order: ours are found, receptions never are', (context) => {
  const random = seededRandom(context);
  for (let round = 0; round < 500; round++) {
    const counts = new WriteCounts();
    const received: number[] = [];
    let ours = 0;
    for (let at = 10_000; at < 16_000; at += 1 + random.below(400)) {
      const isOurs = random.below(4) === 0;
      if (isOurs) ours++;
      else received.push(at);
      counts.note(isOurs ? [written] : [moved, written], at + random.below(20));
      if (random.below(3) > 0) continue;
      const last = received.slice(-60);
      assert.equal(balance(counts, ...last), ours > 0 ? 'written' : 'accounted', `at ${at}`);
      assert.equal(balance(counts, ...last), ours > 0 ? 'known' : 'accounted', `at ${at}, again`);
      ours = 0;
    }
  }
});

test('whether somebody here has written to it can be asked at any time, and changes nothing', () => {
  const counts = new WriteCounts();
  assert.ok(!counts.isWritten(path, [999]), 'nothing was seen');
  counts.note([moved, written], 1000);
  assert.ok(!counts.isWritten(path, [999]));
  counts.note([written], 1010);
  assert.ok(counts.isWritten(path, [999]));
  assert.equal(balance(counts, 999), 'written');
  assert.ok(counts.isWritten(path, [999]), 'still, when it has been told');
  counts.note([moved, written], 1500);
  assert.ok(!counts.isWritten(path, [999, 1499]), 'received since');
  counts.note([removed], 1600);
  assert.ok(counts.isWritten(path, [999, 1499]));
});

test('what is noted at the start may have happened long before: where that may be of an earlier reception, nobody can tell', () => {
  const fresh = new WriteCounts(2000);
  fresh.note([moved, written, written], 4000);
  assert.equal(balance(fresh, 3900), 'written', 'it has been received once, since');
  const counts = new WriteCounts(2000);
  counts.note([moved, written], 4000);
  assert.equal(balance(counts, 1000), 'unknown');
  assert.ok(!counts.isWritten(path, [1000]));
  counts.note([moved, written], 9000);
  assert.equal(balance(counts, 1000), 'written');
});
