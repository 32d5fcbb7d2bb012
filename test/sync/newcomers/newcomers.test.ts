import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { type FirstComparison, Newcomers } from '#src/sync/newcomers/newcomers.js';

const fine: FirstComparison = { ok: true, pending: 3, reason: '' };
const failed: FirstComparison = { ok: false, pending: 0, reason: 'it does not answer' };

describe('peers that are new', () => {
  test('are compared with once, then known and sent to; those that are known are left alone', async (context) => {
    const world = setUp(context, ['old']);
    world.newcomers.start(['old', 'a', 'b']);
    assert.deepEqual([...world.newcomers.waiting.keys()], ['a', 'b']);
    await settled();
    assert.deepEqual(world.asked(), ['a', 'b']);
    for (const peer of ['a', 'b']) {
      const events = world.events().filter((event) => event.split(' ')[1] === peer);
      assert.deepEqual(events.sort(), [`compared ${peer} 3`, `known ${peer}`, `wake ${peer}`]);
    }
    assert.equal(world.newcomers.waiting.size, 0);
  });

  test('one that does not answer delays no other', async (context) => {
    const world = setUp(context);
    world.answer('silent', untilAborted);
    world.newcomers.start(['silent', 'a']);
    await settled();
    assert.deepEqual(world.known(), ['a']);
    assert.deepEqual(
      [...world.newcomers.waiting],
      [['silent', { failingSince: undefined, reason: '' }]],
    );
  });

  test('a failure is told with its reason, and since when it has failed, until it succeeds', async (context) => {
    const world = setUp(context);
    const began = Date.now();
    world.answer('a', async () => failed);
    world.newcomers.start(['a']);
    await settled();
    assert.deepEqual(world.newcomers.waiting.get('a'), {
      failingSince: began,
      reason: failed.reason,
    });
    world.answer('a', async () => {
      throw new Error('no csync2');
    });
    await world.pass(2);
    assert.deepEqual(world.newcomers.waiting.get('a'), {
      failingSince: began,
      reason: 'Error: no csync2',
    });
    assert.deepEqual([world.asked().length, world.known()], [2, []]);
    assert.ok(!world.events().includes('wake a'));
    world.answer('a', async () => fine);
    await world.pass(10);
    assert.deepEqual([world.known(), world.newcomers.waiting.size], [['a'], 0]);
  });

  test('one that is down for long is tried less and less often, and within five minutes of its healing', async (context) => {
    const world = setUp(context);
    world.answer('a', async () => failed);
    world.newcomers.start(['a']);
    await world.pass(60);
    const inFirstMinute = world.asked().length;
    assert.ok(inFirstMinute >= 5 && inFirstMinute <= 8, `${inFirstMinute} tries`);
    await world.pass(3600);
    assert.ok(world.asked().length - inFirstMinute <= 25, `${world.asked().length} tries`);
    world.answer('a', async () => fine);
    await world.pass(300);
    assert.deepEqual(world.known(), ['a']);
  });

  test('nothing is left behind by its tries', async (context) => {
    const world = setUp(context);
    world.answer('a', async () => failed);
    world.newcomers.start(['a']);
    await world.pass(7200);
    assert.ok(world.asked().length > 20);
    assert.ok(world.listeners() <= 1, `${world.listeners()} wait for its end`);
  });

  test('one that cannot be noted as known is tried again, and no other is disturbed', async (context) => {
    const world = setUp(context);
    world.fillDisk(true);
    world.newcomers.start(['a']);
    await settled();
    assert.match(world.newcomers.waiting.get('a')?.reason ?? '', /ENOSPC/);
    assert.ok(!world.events().includes('wake a'));
    world.fillDisk(false);
    await world.pass(2);
    assert.deepEqual([world.known(), world.newcomers.waiting.size], [['a'], 0]);
  });
});

describe('a new peer that is paused', () => {
  test('is compared with when it is resumed, at once', async (context) => {
    const world = setUp(context);
    world.pause('a', true);
    world.newcomers.start(['a', 'b']);
    await world.pass(600);
    assert.deepEqual([world.asked(), [...world.newcomers.waiting.keys()]], [['b'], ['a']]);
    world.pause('a', false);
    world.newcomers.resumed('a');
    await settled();
    assert.deepEqual(world.known(), ['b', 'a']);
    world.newcomers.resumed('a');
    world.newcomers.resumed('unknown');
    await settled();
    assert.deepEqual(world.asked(), ['b', 'a']);
  });

  test('between two tries is tried no more, and has not failed when it is resumed', async (context) => {
    const world = setUp(context);
    world.answer('a', async () => failed);
    world.newcomers.start(['a']);
    await world.pass(30);
    const tries = world.asked().length;
    world.pause('a', true);
    await world.pass(3600);
    assert.equal(world.asked().length, tries);
    world.pause('a', false);
    world.newcomers.resumed('a');
    await settled();
    assert.equal(world.newcomers.waiting.get('a')?.failingSince, Date.now());
    // Also while it waits for the next try.
    world.answer('a', async () => fine);
    world.newcomers.resumed('a');
    await settled();
    assert.deepEqual(world.known(), ['a']);
  });
});

describe('a stop', () => {
  test('ends a comparison that runs, which counts for nothing', async (context) => {
    const world = setUp(context);
    world.answer('a', untilAborted);
    world.newcomers.start(['a']);
    await settled();
    await world.newcomers.stop();
    assert.deepEqual([world.events(), world.known()], [[], []]);
    assert.ok(world.newcomers.waiting.has('a'));
  });

  test('ends a pause, and nothing is tried any more', async (context) => {
    const world = setUp(context);
    world.answer('a', async () => failed);
    world.newcomers.start(['a']);
    await world.pass(60);
    const tries = world.asked().length;
    await world.newcomers.stop();
    await world.pass(3600);
    assert.equal(world.asked().length, tries);
  });

  test('ends also what nobody has started', async (context) => {
    await setUp(context).newcomers.stop();
  });

  test('from the one that is told of a failure ends it at once', async (context) => {
    const world = setUp(context);
    world.answer('a', async () => failed);
    let stopped: Promise<void> | undefined;
    world.onCompared(() => {
      stopped = world.newcomers.stop();
    });
    world.newcomers.start(['a']);
    await settled();
    await stopped;
    assert.equal(world.asked().length, 1);
  });
});

/** Peers that answer as they are told to, and a clock that stands still. */
function setUp(context: TestContext, present: readonly string[] = []) {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });
  const known = new Set(present);
  const asked: string[] = [];
  const events: string[] = [];
  const answers = new Map<string, (signal: AbortSignal) => Promise<FirstComparison>>();
  let seen: AbortSignal | undefined;
  let isFull = false;
  const paused = new Set<string>();
  let told = () => {};
  const newcomers = new Newcomers({
    known: {
      newOf: (peers) => peers.filter((peer) => !known.has(peer)),
      add(peer) {
        if (isFull) throw new Error('ENOSPC: no space left on device, write');
        known.add(peer);
        events.push(`known ${peer}`);
      },
    },
    compare(peer, signal) {
      seen = signal;
      asked.push(peer);
      return answers.get(peer)?.(signal) ?? Promise.resolve(fine);
    },
    isPaused: (peer) => paused.has(peer),
    onCompared(peer, { ok, pending }) {
      if (ok) events.push(`compared ${peer} ${pending}`);
      told();
    },
    wake: (peer) => events.push(`wake ${peer}`),
  });
  context.after(() => newcomers.stop());
  return {
    newcomers,
    asked: () => asked,
    events: () => events,
    known: () => [...known],
    listeners: () => (seen ? getEventListeners(seen, 'abort').length : 0),
    answer: (peer: string, answer: (signal: AbortSignal) => Promise<FirstComparison>) =>
      answers.set(peer, answer),
    pause: (peer: string, isPaused: boolean) => (isPaused ? paused.add(peer) : paused.delete(peer)),
    fillDisk: (full: boolean) => {
      isFull = full;
    },
    onCompared: (listener: () => void) => {
      told = listener;
    },
    async pass(seconds: number) {
      await settled();
      for (let second = 0; second < seconds; second++) {
        context.mock.timers.tick(1000);
        await settled();
      }
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<FirstComparison> {
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(fine), { once: true }),
  );
}

/** Whatever needs no time is over then. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
