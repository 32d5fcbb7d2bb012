import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Scheduler, type SchedulerParts } from '#src/sync/scheduler.js';
import type { Noticed } from '#src/sync/take/gathering.js';

test('ended in the middle of a look at files, it ends, and commits nothing', async () => {
  const abort = new AbortController();
  const committed: unknown[] = [];
  const nothing = {
    depth: 0,
    fullCheckDue: undefined,
    setAside() {},
    requireFullCheck() {},
    append() {},
  };
  const queue = { ...nothing, commit: (end: unknown) => committed.push(end) };
  const parts = {
    queue,
    // As a survey does that is under way.
    guard: {
      whole: false,
      look() {
        abort.abort();
        abort.signal.throwIfAborted();
      },
    },
    csync2: { running: 0, started: 0 },
    lanes: [],
    history: { at: undefined },
    events: {},
  } as unknown as SchedulerParts;
  const times = {
    settle: 0,
    checkInterval: 1,
    batchedChangesThreshold: 10,
    fullSyncInterval: 0,
    serverWaitMax: 1,
  };
  const scheduler = new Scheduler(parts, times);
  await scheduler.run(abort.signal);
  assert.deepEqual([scheduler.state, committed], ['stopped', []]);
});

describe('when it checks', () => {
  test('a finished change after a quiet time: at once, without any timer', async (context) => {
    const { change, checks, end } = scheduling(context);
    change('/srv/a');
    await turns();
    assert.deepEqual(checks, [['/srv/a']]);
    await end();
  });

  test('what follows collects while csync2 runs, and settles', async (context) => {
    const { change, checks, clock, end, finish } = scheduling(context, { isSlow: true });
    change('/srv/a');
    await turns();
    for (const path of ['/srv/b', '/srv/c']) {
      clock.tick(10);
      change(path);
    }
    clock.tick(5);
    finish();
    await turns();
    assert.deepEqual(checks, [['/srv/a']]);
    clock.tick(14);
    await turns();
    assert.equal(checks.length, 1);
    clock.tick(1);
    await turns();
    assert.deepEqual(checks, [['/srv/a'], ['/srv/b', '/srv/c']]);
    finish();
    await end();
  });

  test('a name that a program is about to change: after a moment, or with its change', async (context) => {
    const { change, checks, clock, end } = scheduling(context);
    change('/srv/a.tmp', 'draft');
    await turns();
    assert.deepEqual(checks, []);
    change('/srv/a');
    await turns();
    assert.deepEqual(checks, [['/srv/a.tmp', '/srv/a']]);
    clock.tick(1000);
    change('/srv/b~', 'draft');
    await turns();
    clock.tick(2);
    await turns();
    assert.deepEqual(checks[1], ['/srv/b~']);
    await end();
  });

  test('after one that was gone by then it is as quiet as before', async (context) => {
    const { change, checks, end } = scheduling(context, { gone: 1 });
    for (const path of ['/srv/a1b2', '/srv/a']) {
      change(path);
      await turns();
    }
    assert.deepEqual(checks, [['/srv/a1b2'], ['/srv/a']]);
    await end();
  });
});

/** A scheduler that runs on a clock of its own, and the paths of each check that it has begun. */
function scheduling(
  context: TestContext,
  { isSlow = false, gone = 0 }: { isSlow?: boolean; gone?: number } = {},
) {
  context.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const [records, checks]: [string[], string[][]] = [[], []];
  let finish = () => {};
  const place = () => ({ segment: 1, offset: 0, sequence: records.length });
  let [done, read] = [0, 0];
  const queue = {
    get depth() {
      return records.length - done;
    },
    fullCheckDue: undefined,
    setAside() {},
    requireFullCheck() {},
    append() {},
    read() {
      const entries = records
        .slice(read)
        .map((path) => ({ kind: 'file', path: Buffer.from(path) }));
      read = records.length;
      if (entries.length === 0) return undefined;
      return { entries, end: place(), oldestAt: Date.now(), full: false };
    },
    commit(end: { sequence: number }) {
      done = end.sequence;
    },
  };
  const checker = {
    async check({ files }: { files: readonly Buffer[] }) {
      checks.push(files.map(String));
      if (isSlow) await new Promise<void>((resolve) => (finish = resolve));
      const nothing = { failed: [], held: [], postponed: [], halfReceived: [], sockets: [] };
      return { checked: files.length - gone, skipped: gone, gone, ...nothing };
    },
  };
  const parts = {
    ...{ queue, checker },
    guard: { whole: true, look() {} },
    tree: {},
    detectedLate: { reported() {} },
    csync2: { running: 0, started: 0 },
    lanes: [],
    history: { at: undefined },
    events: {},
  } as unknown as SchedulerParts;
  const scheduler = new Scheduler(parts, {
    ...{ settle: 0.02, checkInterval: 0.5, batchedChangesThreshold: 100 },
    ...{ fullSyncInterval: 0, serverWaitMax: 1 },
  });
  const abort = new AbortController();
  const running = scheduler.run(abort.signal);
  return {
    checks,
    clock: context.mock.timers,
    finish: () => finish(),
    change(path: string, what: Noticed = 'change') {
      records.push(path);
      scheduler.wake(what);
    },
    async end() {
      abort.abort();
      await running;
    },
  };
}

/** Lets everything go on that waits for no timer. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
