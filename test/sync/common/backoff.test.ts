import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backoffSeconds } from '#src/sync/common/backoff.js';

describe('backoff', () => {
  const options = { first: 1, most: 300 };

  test('doubles from the first up to the most', () => {
    const seconds = [1, 2, 3, 4, 9, 10, 11, 1000].map((failures) =>
      backoffSeconds(failures, options, 0),
    );
    assert.deepEqual(seconds, [1, 2, 4, 8, 256, 300, 300, 300]);
  });

  test('chance takes off a quarter at most and adds nothing', () => {
    for (let failures = 1; failures < 50; failures++) {
      const full = backoffSeconds(failures, options, 0);
      assert.equal(backoffSeconds(failures, options, 1), full * 0.75);
    }
  });

  test('ten thousand failures are still a number', () => {
    assert.equal(backoffSeconds(10_000, options, 0), 300);
  });
});
