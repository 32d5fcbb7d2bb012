import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLimits, recommendedWatches, watchMemory } from '#src/limits/plan.js';

const defaults = { max_user_watches: 65_536, max_queued_events: 16_384, max_user_instances: 128 };

test('what is enough, and what is recommended', () => {
  const [watches, events, instances] = planLimits(defaults, {
    directories: 171_856,
    othersWatches: 2000,
    othersInstances: 20,
  });
  assert.deepEqual(watches, {
    name: 'max_user_watches',
    current: 65_536,
    others: 2000,
    needed: 173_856,
    recommended: 262_144,
    enough: false,
  });
  assert.deepEqual([events?.enough, events?.recommended], [true, 131_072]);
  assert.deepEqual([instances?.enough, instances?.recommended], [true, 512]);
});

test('nothing is ever lowered', () => {
  const high = {
    max_user_watches: 1_048_576,
    max_queued_events: 1_000_000,
    max_user_instances: 8192,
  };
  for (const { current, recommended } of planLimits(high, {
    directories: 10,
    othersWatches: 0,
    othersInstances: 0,
  })) {
    assert.equal(recommended, current);
  }
});

test('the others count: their watches and instances are of the same budget', () => {
  const demand = { directories: 60_000, othersWatches: 6000, othersInstances: 1000 };
  const [watches, , instances] = planLimits(defaults, demand);
  assert.deepEqual([watches?.enough, watches?.recommended], [false, 131_072]);
  assert.deepEqual([instances?.enough, instances?.recommended], [false, 2048]);
});

test('headroom: half as many again, and never a small number', () => {
  assert.equal(recommendedWatches(0), 65_536);
  assert.equal(recommendedWatches(43_690), 65_536);
  assert.equal(recommendedWatches(43_691), 131_072);
  for (const needed of [1, 1000, 99_999, 171_856, 1_000_000]) {
    assert.ok(recommendedWatches(needed) >= needed * 1.5, String(needed));
  }
});

test('memory of the watches', () => {
  assert.equal(watchMemory(170_000), 218_450_000);
});
