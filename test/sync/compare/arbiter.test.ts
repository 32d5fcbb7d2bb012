import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Arbiter } from '#src/sync/compare/arbiter.js';

const text = (seconds: number) =>
  `v1%3Amtime=${seconds}%3Amode=33188%3Auid=0%3Agid=0%3Atype=reg%3Asize=1`;

describe('arbiter', () => {
  test('has a peer get what it lacks, and is done when it has it', async (context) => {
    const { arbiter, here, there, won, listings } = setUp(context);
    here.set('/a', text(1));
    here.set('/b', text(1));
    arbiter.contested('/a');
    await until(() => won.length > 0);
    assert.deepEqual(won, ['/a'], 'nobody has contested the other one');
    there.set('/a', text(1));
    const before = listings();
    await until(() => listings() > before);
    const done = listings();
    await later(100);
    assert.equal(listings(), done, 'nothing is left to be compared');
  });

  test('leaves to the peer what the peer wins', async (context) => {
    const { arbiter, here, there, won, listings } = setUp(context);
    here.set('/a', text(1));
    there.set('/a', text(2));
    there.set('/b', text(1));
    arbiter.contested('/a');
    arbiter.contested('/b');
    await until(() => listings() > 3);
    assert.deepEqual(won, []);
  });

  test('sends what `auto` finds the same as what the peer has, if the peer does not', async (context) => {
    const { arbiter, here, there, won, listings } = setUp(context);
    here.set('/link', 'v1%3Atype=lnk%3Atarget=a');
    there.set('/link', 'v1%3Atype=lnk%3Atarget=b');
    arbiter.contested('/link');
    await until(() => listings() === 2);
    await later(1);
    assert.deepEqual(won, [], 'it is the peer that wins');
    await until(() => won.length > 0);
    assert.ok(listings() >= 6, 'it was given the time');
  });

  test('decides nothing that something comes of meanwhile: it may be removed on the peer just now', async (context) => {
    const { arbiter, here, won, listings } = setUp(context);
    here.set('/d', 'v1%3Atype=dir');
    here.set('/d/a', text(1));
    arbiter.contested('/d');
    for (let comparison = 1; comparison < 6; comparison++) {
      const before = listings();
      await until(() => listings() > before);
      arbiter.received('/d/b');
    }
    assert.deepEqual(won, []);
    here.clear();
  });

  test('nor what changes between two looks, is pending, is out of sight, of another group, or may only not have been shown', async (context) => {
    const { arbiter, here, won, listings, cut, pending, hidden } = setUp(context);
    cut.push('/long');
    for (const name of ['/changes', '/pending', '/hidden', '/long/name', '/other/group']) {
      here.set(name, text(1));
      arbiter.contested(name);
    }
    pending.add('/pending');
    hidden.add('/hidden');
    for (let comparison = 1; comparison < 6; comparison++) {
      const before = listings();
      await until(() => listings() > before);
      here.set('/changes', text(comparison + 1));
    }
    assert.deepEqual(won, []);
  });

  test('is not put off by what is refused again and again', async (context) => {
    const { arbiter, here, won } = setUp(context);
    here.set('/a', text(1));
    const begun = performance.now();
    while (won.length === 0 && performance.now() - begun < 5000) {
      arbiter.contested('/b');
      arbiter.contested('/a');
      await new Promise(setImmediate);
    }
    assert.ok(won.includes('/a'));
  });

  test('is not put off by a peer that tries again and again what a directory is in the way of', async (context) => {
    const { arbiter, here, there, won } = setUp(context);
    here.set('/d', 'v1%3Atype=dir');
    there.set('/d', 'v1%3Atype=lnk%3Atarget=a');
    arbiter.occupied('/d');
    const begun = performance.now();
    while (won.length === 0 && performance.now() - begun < 5000) {
      // csync2's server says that it has received it.
      arbiter.received('/d');
      await later(1);
    }
    assert.deepEqual(won, ['/d']);
  });

  test('waits for the peer to be at rest, and to answer', async (context) => {
    const { arbiter, here, state, won, listings } = setUp(context);
    here.set('/a', text(1));
    Object.assign(state, { isAtRest: false });
    arbiter.contested('/a');
    await later(50);
    assert.equal(listings(), 0);
    Object.assign(state, { isAtRest: true, answers: false });
    await until(() => listings() > 1);
    assert.deepEqual(won, []);
    state.answers = true;
    await until(() => won.length > 0);
  });

  test('leaves a paused peer alone until it is resumed', async (context) => {
    const { arbiter, here, state, won, listings } = setUp(context);
    here.set('/a', text(1));
    state.isPaused = true;
    arbiter.contested('/a');
    await later(50);
    assert.equal(listings(), 0);
    state.isPaused = false;
    arbiter.resumed('unknown');
    arbiter.resumed('web2');
    await until(() => won.length > 0);
  });

  test('has nothing to do where csync2.cfg has conflicts wait for somebody', async (context) => {
    const { arbiter, here, listings } = setUp(context, 'none');
    here.set('/a', text(1));
    arbiter.contested('/a');
    await later(50);
    assert.equal(listings(), 0);
  });
});

function setUp(context: TestContext, method: 'younger' | 'none' = 'younger') {
  const [here, there] = [new Map<string, string>(), new Map<string, string>()];
  const [pending, hidden] = [new Set<string>(), new Set<string>()];
  const [cut, won] = [[] as string[], [] as string[]];
  const state = { isAtRest: true, isPaused: false, answers: true };
  let listings = 0;
  const arbiter = new Arbiter({
    peers: [
      {
        name: 'web2',
        sides: { method, isSlaveHere: false, isSlaveThere: false, isLeftThere: false },
        shares: (name) => !name.startsWith('/other'),
        isAtRest: () => state.isAtRest,
        isPaused: () => state.isPaused,
        tryAgain: () => {},
        isOnItsWay: (name) => pending.has(name),
        sendForced: (name) => won.push(name),
      },
    ],
    notes: (name, isDeep) =>
      [...here].filter(([each]) => each === name || (isDeep && each.startsWith(`${name}/`))),
    async list(_, { onCut, onNote }) {
      listings++;
      for (const beginning of cut) onCut(beginning);
      for (const [name, note] of there) onNote(name, note);
      return state.answers;
    },
    lookForArrivals: () => {},
    mayDecide: (name) => !hidden.has(name),
    onError: (error) => assert.fail(String(error)),
    pace: 0.005,
  });
  context.after(() => arbiter.stop());
  return { arbiter, here, there, won, cut, pending, hidden, state, listings: () => listings };
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await later(1);
}
