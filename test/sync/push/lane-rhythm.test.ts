import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { LaneRhythm } from '#src/sync/push/lane-rhythm.js';

describe('rhythm of a lane', () => {
  test('of a peer that is paused: it looks what is pending, and nothing counts as failed', async (context) => {
    const clock = mockClock(context);
    let [isPaused, runs] = [false, 0];
    const rhythm = new LaneRhythm(
      async () => {
        runs++;
        if (!rhythm.isHeldBack) rhythm.updating();
        rhythm.failed('unreachable');
      },
      () => isPaused,
    );
    rhythm.wake();
    await rhythm.rest();
    assert.equal(rhythm.status.state, 'waiting');
    isPaused = true;
    rhythm.renew();
    await rhythm.rest();
    const paused = {
      state: 'paused',
      reason: undefined,
      failingSince: undefined,
      nextAttemptAt: undefined,
    };
    assert.deepEqual([runs, rhythm.status], [2, paused]);
    rhythm.wake();
    await rhythm.rest();
    assert.deepEqual([runs, rhythm.status], [3, paused]);
    // It could not look: once more after a second, and never sooner.
    clock(1001);
    await turns(3);
    assert.equal(runs, 4);
    isPaused = false;
    rhythm.renew();
    await rhythm.rest();
    assert.deepEqual([runs, rhythm.status.state], [5, 'waiting']);
    await rhythm.stop();
  });

  test('a pause waits for the update that goes on, and has it ended when it takes seconds', async () => {
    let [isPaused, ends] = [false, 0];
    let finish = () => {};
    const rhythm = new LaneRhythm(
      async () => {
        if (rhythm.isHeldBack) return;
        rhythm.updating();
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      },
      () => isPaused,
    );
    const end = () => {
      ends++;
      finish();
    };
    rhythm.wake();
    await turns(1);
    isPaused = true;
    rhythm.renew();
    assert.equal(rhythm.status.state, 'updating');
    const ended = rhythm.silence(end);
    finish();
    await ended;
    assert.deepEqual([ends, rhythm.status.state], [0, 'paused']);
    isPaused = false;
    rhythm.renew();
    await turns(1);
    isPaused = true;
    await rhythm.silence(end, 0.001);
    assert.deepEqual([ends, rhythm.status.state], [1, 'paused']);
    isPaused = false;
    rhythm.renew();
    await turns(1);
    await rhythm.silence(() => assert.fail('it is not paused'), 0);
    finish();
    await rhythm.stop();
  });

  test('woken, it works and rests', async () => {
    let runs = 0;
    const rhythm = new LaneRhythm(async () => {
      runs++;
      rhythm.updating();
      await turns(3);
      rhythm.succeeded();
    });
    assert.equal(rhythm.status.state, 'idle');
    rhythm.wake();
    await turns(1);
    assert.equal(rhythm.status.state, 'updating');
    await rhythm.rest();
    assert.equal(runs, 1);
    assert.equal(rhythm.status.state, 'idle');
    await rhythm.stop();
  });

  test('many wake-ups while it works are one more run, none is lost', async () => {
    let runs = 0;
    const rhythm = new LaneRhythm(async () => {
      runs++;
      await turns(5);
    });
    rhythm.wake();
    await turns(2);
    rhythm.wake();
    rhythm.wake();
    await rhythm.rest();
    assert.equal(runs, 2);
    await rhythm.stop();
  });

  test('a wake-up at any moment of a run is followed by a look for work', async () => {
    for (let moment = 0; moment < 12; moment++) {
      let pending = 1;
      const rhythm = new LaneRhythm(async () => {
        pending = 0;
        await turns(4);
      });
      rhythm.wake();
      for (let at = 0; at < moment; at++) await Promise.resolve();
      if (moment % 2) await turns(moment);
      pending = 1;
      rhythm.wake();
      await turns(30);
      assert.equal(pending, 0, `woken at moment ${moment}`);
      await rhythm.stop();
    }
  });

  test('after a failure it waits, says why, and comes back by itself', async (context) => {
    const clock = mockClock(context);
    let runs = 0;
    let up = false;
    const rhythm = new LaneRhythm(async () => {
      runs++;
      rhythm.updating();
      if (up) rhythm.succeeded();
      else rhythm.failed('unreachable');
    });
    rhythm.wake();
    await rhythm.rest();
    const { state, reason, failingSince, nextAttemptAt } = rhythm.status;
    assert.deepEqual([state, reason], ['waiting', 'unreachable']);
    assert.equal(failingSince, Date.now());
    assert.ok(nextAttemptAt !== undefined && nextAttemptAt > Date.now());
    rhythm.wake();
    await turns(3);
    assert.equal(runs, 1, 'a wake-up does not shorten the wait');
    up = true;
    clock(nextAttemptAt - Date.now() + 1);
    await turns(3);
    assert.equal(runs, 2);
    assert.deepEqual(rhythm.status, {
      state: 'idle',
      reason: undefined,
      failingSince: undefined,
      nextAttemptAt: undefined,
    });
    await rhythm.stop();
  });

  test('the waits grow from a second to five minutes, and start over after a success', async (context) => {
    const clock = mockClock(context);
    let up = false;
    const rhythm: LaneRhythm = new LaneRhythm(async () => {
      if (up) rhythm.succeeded();
      else rhythm.failed('stalled');
    });
    const wait = () => (rhythm.status.nextAttemptAt ?? 0) - Date.now();
    const since = Date.now();
    rhythm.wake();
    await rhythm.rest();
    const waits: number[] = [];
    for (let failure = 0; failure < 15; failure++) {
      waits.push(wait());
      assert.equal(rhythm.status.failingSince, since);
      clock(wait() + 1);
      await turns(3);
    }
    assert.ok(
      waits.every((milliseconds) => milliseconds >= 750 && milliseconds <= 300_000),
      String(waits),
    );
    assert.ok((waits[0] as number) <= 1000);
    assert.ok((waits[14] as number) >= 225_000);
    up = true;
    clock(wait() + 1);
    await turns(3);
    up = false;
    rhythm.wake();
    await rhythm.rest();
    assert.ok(wait() <= 1000);
    await rhythm.stop();
  });

  test('a retry ends the wait now, also when it comes while the failing run is not over', async (context) => {
    mockClock(context);
    let runs = 0;
    const rhythm = new LaneRhythm(async () => {
      runs++;
      rhythm.failed('refused');
      await turns(3);
    });
    rhythm.wake();
    await turns(1);
    rhythm.retry();
    await turns(20);
    assert.equal(runs, 2);
    rhythm.retry();
    await turns(20);
    assert.equal(runs, 3);
    await rhythm.stop();
  });

  test('stopped, it ends the running work through the signal and never works again', async (context) => {
    const clock = mockClock(context);
    let runs = 0;
    const rhythm = new LaneRhythm(async () => {
      runs++;
      await new Promise<void>((resolve) =>
        rhythm.signal.addEventListener('abort', () => resolve()),
      );
      rhythm.failed('stalled');
    });
    rhythm.wake();
    await turns(2);
    const stopped = rhythm.stop(8);
    clock(7999);
    await turns(2);
    assert.ok(!rhythm.signal.aborted, 'work that goes on has its time to end');
    clock(1);
    await stopped;
    assert.equal(rhythm.status.state, 'stopped');
    rhythm.wake();
    rhythm.retry();
    rhythm.wakeAt(Date.now());
    clock(600_000);
    await turns(5);
    assert.equal(runs, 1);
    assert.equal(rhythm.status.state, 'stopped');
  });

  test('it can be told to wake at a time', async (context) => {
    const clock = mockClock(context);
    let runs = 0;
    const rhythm = new LaneRhythm(async () => {
      runs++;
    });
    rhythm.wakeAt(Date.now() + 5000);
    clock(4999);
    await turns(3);
    assert.equal(runs, 0);
    clock(1);
    await turns(3);
    assert.equal(runs, 1);
    await rhythm.stop();
  });

  test('a later time to wake at replaces the earlier one', async (context) => {
    const clock = mockClock(context);
    let runs = 0;
    const rhythm = new LaneRhythm(async () => {
      runs++;
    });
    rhythm.wakeAt(Date.now() + 1000);
    rhythm.wakeAt(Date.now() + 86_400_000);
    clock(10_000);
    await turns(3);
    assert.equal(runs, 0);
    await rhythm.stop();
  });
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

/** Stops the clock; the function returned moves it on, by milliseconds. */
function mockClock(context: TestContext): (milliseconds: number) => void {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  return (milliseconds) => context.mock.timers.tick(milliseconds);
}
