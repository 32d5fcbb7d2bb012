import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scheduler, type SchedulerParts } from '#src/sync/scheduler.js';

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
