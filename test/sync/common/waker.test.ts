import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Waker } from '#src/sync/common/waker.js';

describe('waker', () => {
  test('a wake-up ends the sleep', async () => {
    const waker = new Waker();
    const sleep = waker.sleep(Number.POSITIVE_INFINITY);
    waker.wake();
    await sleep;
  });

  test('a wake-up while nobody sleeps ends the next sleep, and only that', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const waker = new Waker();
    waker.wake();
    waker.wake();
    await waker.sleep(Number.POSITIVE_INFINITY);
    let awake = false;
    const second = waker.sleep(1000).then(() => {
      awake = true;
    });
    await new Promise(setImmediate);
    assert.equal(awake, false);
    context.mock.timers.tick(1000);
    await second;
  });

  test('a wake-up between the end of a sleep and the next is kept', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const waker = new Waker();
    const first = waker.sleep(10);
    context.mock.timers.tick(10);
    // The deadline has passed, whoever slept has not yet gone on.
    waker.wake();
    await first;
    let awake = false;
    void waker.sleep(1000).then(() => {
      awake = true;
    });
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    // Either the first sleep reported the wake-up, or the second one must: whoever slept looks
    // after each.
    context.mock.timers.tick(1000);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    assert.equal(awake, true);
  });

  test('a deadline in the past or very far away is no trouble', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const waker = new Waker();
    await waker.sleep(0);
    await waker.sleep(-5);
    let awake = false;
    const far = waker.sleep(2 ** 40).then(() => {
      awake = true;
    });
    context.mock.timers.tick(1000);
    await new Promise(setImmediate);
    assert.equal(awake, false);
    waker.wake();
    await far;
  });
});
