/** The scheduler's loop over parts that do as they are told, a real queue and a clock by hand. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { QueueEntry } from '#src/queue/entry.js';
import { Queue } from '#src/queue/queue.js';
import type { CheckReport } from '#src/sync/check/checker.js';
import type { FailedPath } from '#src/sync/check/failed-path.js';
import type { Batch } from '#src/sync/common/batch.js';
import type { FullCheckReport } from '#src/sync/full-check/full-check.js';
import { Scheduler, type SchedulerEvents, type SchedulerParts } from '#src/sync/scheduler.js';

const done: CheckReport = {
  ...{ checked: 1, skipped: 0, failed: [], held: [], postponed: [], halfReceived: [], sockets: [] },
};
const whole: FullCheckReport = {
  ...{ complete: true, found: 0, doubted: 0, paths: [], failed: [], seconds: 0, steps: 1 },
  ...{ isWaiting: false, heldRoots: [] },
};
const refused: FailedPath = {
  ...{ path: Buffer.from('/srv/a'), recursive: false, outcome: 'unreadable', text: 'EIO' },
};
const file = (path: string): QueueEntry => ({ kind: 'file', path: Buffer.from(path) });

/** What is known and done around a scheduler. */
interface World {
  readonly scheduler: Scheduler;
  readonly queue: Queue;
  /** What was checked, in its order; `*` for a step of a full check. */
  readonly log: string[];
  /** What the next checks come to; all that follow are done. */
  readonly answers: (CheckReport | ((signal: AbortSignal) => Promise<CheckReport>))[];
  /** Puts entries into the queue, as the watcher does. */
  readonly change: (...paths: readonly string[]) => void;
  /** Lets so many milliseconds pass. */
  readonly pass: (milliseconds: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

function worldWith(
  context: TestContext,
  { threshold = 100, ...told }: Partial<SchedulerParts> & { threshold?: number } = {},
): World {
  context.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1e12 });
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-'));
  const queue = Queue.open({
    ...{ file: join(folder, 'queue.log'), unwritten: 'none' },
    linesUntilReset: Number.POSITIVE_INFINITY,
  });
  // That of a first start.
  if (queue.fullCheckDue) queue.fullCheckSucceeded(queue.fullCheckDue.ticket);
  const log: string[] = [];
  const answers: World['answers'] = [];
  const events: SchedulerEvents = told.events ?? {};
  const parts: SchedulerParts = {
    ...{ queue, lanes: [], csync2: { running: 0, started: 0 }, history: noHistory() },
    checker: {
      async check(batch: Batch, { signal }) {
        log.push([...batch.files, ...batch.trees].map(String).join(' '));
        const answer = answers.shift() ?? done;
        return typeof answer === 'function' ? await answer(signal) : answer;
      },
    },
    guard: { whole: true, look() {}, forbids: () => false },
    tree: { weigh: () => 1, children: () => [], isEntered: () => true },
    detectedLate: { begin() {}, end: () => [], reported() {} },
    unsupported: { look() {}, add() {} },
    unseen: { forgetBefore() {} },
    memory: { fullCheckBegun() {}, fullCheckDone() {} },
    beginFullCheck: () => ({
      async step() {
        log.push('*');
        return whole;
      },
      close() {},
    }),
    ...told,
    events,
  };
  const times = {
    ...{ settle: 0.05, checkInterval: 1, fullSyncInterval: 0, serverWaitMax: 1 },
    batchedChangesThreshold: threshold,
  };
  const scheduler = new Scheduler(parts, times);
  const abort = new AbortController();
  const running = scheduler.run(abort.signal);
  const stop = async () => {
    abort.abort();
    await running;
  };
  context.after(async () => {
    await stop();
    queue.close({ clean: true });
    rmSync(folder, { recursive: true });
  });
  return {
    ...{ scheduler, queue, log, answers, stop },
    change(...paths) {
      queue.append(paths.map(file));
      scheduler.wake();
    },
    async pass(milliseconds) {
      for (let passed = 0; passed < milliseconds; passed += 10) {
        context.mock.timers.tick(10);
        for (let turn = 0; turn < 5; turn++) await othersTurn();
      }
    },
  };
}

function noHistory(): SchedulerParts['history'] {
  return { at: undefined, note() {} };
}

test('changes that come together are checked together, and done', async (context) => {
  const { change, log, pass, queue } = worldWith(context);
  change('/srv/a');
  change('/srv/b');
  await pass(200);
  assert.deepEqual(log, ['/srv/a /srv/b']);
  assert.equal(queue.depth, 0);
});

test('ended in the middle of a check, it leaves the entries in the queue', async (context) => {
  const { answers, change, pass, queue, scheduler, stop } = worldWith(context);
  answers.push(async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return { ...done, failed: [refused] };
  });
  change('/srv/a');
  await pass(200);
  await stop();
  assert.deepEqual([scheduler.state, queue.depth], ['stopped', 1]);
});

test('ended in the middle of a look at files, it ends, and commits nothing', async (context) => {
  const guard = {
    whole: false,
    forbids: () => false,
    look() {
      throw Object.assign(new Error('ended'), { name: 'AbortError' });
    },
  };
  const { queue, scheduler, stop } = worldWith(context, { guard });
  queue.append([file('/srv/a')]);
  await stop();
  assert.deepEqual([scheduler.state, queue.depth], ['stopped', 1]);
});

test('more changes than the threshold give way to a full check', async (context) => {
  const { change, log, pass, queue } = worldWith(context, { threshold: 3 });
  change('/srv/a', '/srv/b', '/srv/c');
  await pass(300);
  assert.deepEqual([log, queue.depth, queue.fullCheckDue], [['*'], 0, undefined]);
});

test('fresh changes go between two steps of a full check', async (context) => {
  let steps = 0;
  const world = worldWith(context, {
    beginFullCheck: () => ({
      async step() {
        world.log.push('*');
        if (++steps === 1) world.change('/srv/fresh');
        // Some time passes, in which what has come settles.
        await new Promise((resolve) => setTimeout(resolve, 100));
        return steps < 3 ? undefined : whole;
      },
      close() {},
    }),
  });
  world.queue.requireFullCheck('a test wants it');
  world.scheduler.wake();
  await world.pass(1000);
  assert.deepEqual(world.log, ['*', '/srv/fresh', '*', '*']);
  assert.equal(world.queue.fullCheckDue, undefined);
});

test('a path that cannot be checked is tried again, and is failing until it does not fail', async (context) => {
  const said: string[] = [];
  const events: SchedulerEvents = {
    onFailedPath: (_, attempts) => said.push(`failed ${attempts}`),
    onNoFailedPath: () => said.push('well'),
  };
  const { answers, change, log, pass, scheduler } = worldWith(context, { events });
  let goOn = () => {};
  answers.push({ ...done, failed: [refused] }, async () => {
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return { ...done, failed: [refused] };
  });
  change('/srv/a');
  await pass(200);
  assert.deepEqual([scheduler.deferred.count, said], [1, ['failed 1']]);
  await pass(2000);
  assert.deepEqual(log, ['/srv/a', '/srv/a'], 'it is being tried');
  assert.deepEqual([scheduler.deferred.count, said], [1, ['failed 1']]);
  goOn();
  await pass(100);
  assert.deepEqual([scheduler.deferred.count, said], [1, ['failed 1', 'failed 2']]);
  await pass(5000);
  assert.deepEqual([scheduler.deferred.count, said], [0, ['failed 1', 'failed 2', 'well']]);
});

test('ended, it puts back into the queue what could not be checked', async (context) => {
  const { answers, change, pass, queue, stop } = worldWith(context);
  answers.push({ ...done, failed: [refused] });
  change('/srv/a');
  await pass(200);
  assert.equal(queue.depth, 0);
  await stop();
  assert.equal(queue.depth, 1);
});

test('what lies below a root that is away is not checked, and a full check is due', async (context) => {
  const held: string[] = [];
  const guard = {
    whole: false,
    look() {},
    forbids: (path: Buffer) => String(path).startsWith('/srv/away'),
  };
  const events: SchedulerEvents = { onHeld: (paths) => held.push(...paths.map(String)) };
  const steps = { step: async () => ({ ...whole, complete: false, isWaiting: true }), close() {} };
  const world = worldWith(context, { guard, events, beginFullCheck: () => steps });
  world.change('/srv/away/a', '/srv/b');
  await world.pass(300);
  assert.deepEqual([world.log, held], [['/srv/b'], ['/srv/away/a']]);
  assert.equal(world.queue.fullCheckDue?.reason, 'changes below a root that is not there');
});
