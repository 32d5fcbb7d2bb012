import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { KeptTime } from '#src/state/kept-time.js';
import { FullCheckDuty, type FullCheckDutyParts } from '#src/sync/full-check/full-check-duty.js';
import { FileMemory } from '#src/sync/memory/file-memory.js';

const hour = 3600_000;

/**
 * A duty on a queue that only knows what is due; `complete`: what each full check comes to;
 * `onStep`: given what ends a step.
 */
function dutyWith(
  context: TestContext,
  complete = true,
  file?: string,
  onStep: (end: () => void) => void = (end) => end(),
  isWritable = () => true,
  droppedAt: () => number | undefined = () => undefined,
) {
  const folder = mkdtempSync(join(tmpdir(), 'full-check-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const history = new KeptTime(file ?? join(folder, 'checked'));
  const due: string[] = [];
  const reasons: string[] = [];
  const report = {
    ...{ complete, found: 0, doubted: 0, paths: [], failed: [], seconds: 0, steps: 0 },
    ...{ isWaiting: false, heldRoots: [] },
  };
  const parts: FullCheckDutyParts = {
    queue: {
      get fullCheckDue() {
        return due[0] === undefined ? undefined : { reason: due[0], ticket: 1, since: 0 };
      },
      requireFullCheck: (reason: string) => due.push(reason),
      fullCheckSucceeded: () => due.splice(0),
      depth: 0,
      isWritable,
      get droppedAt() {
        return droppedAt();
      },
    },
    lanes: [],
    detectedLate: { begin: () => {}, end: () => [] },
    unsupported: { look: () => {} },
    history,
    unseen: { forgetBefore() {} },
    memory: new FileMemory(),
    beginFullCheck: () => ({
      step: () => new Promise((resolve) => onStep(() => resolve(report))),
      close() {},
    }),
    events: { onFullCheckBegun: (reason) => void reasons.push(reason) },
  };
  const duty = new FullCheckDuty(parts, { fullSyncInterval: 3600, serverWaitMax: 30 });
  return { duty, history, due, reasons };
}

test('a regular one is due an hour after the last, however often the service has started since', async (context) => {
  const first = dutyWith(context);
  const now = Date.now();
  assert.ok(!first.duty.isDue(now));
  first.history.note(now - 2 * hour);
  assert.equal(Math.round((now - (first.history.at ?? 0)) / hour), 2);
  const { duty, reasons, due } = dutyWith(context, true, fileOf(context, now - 2 * hour));
  assert.ok(duty.isDue(now), 'a new run');
  await duty.step(new AbortController().signal);
  assert.deepEqual([reasons, due], [['the regular interval has passed'], []]);
  assert.ok(!duty.isDue(Date.now()), 'done');
  duty.judgeDetectedLate(Date.now() + hour);
  assert.ok(duty.dueAt >= now + 0.9 * hour && duty.dueAt <= Date.now() + 1.1 * hour);
});

test('a time in the future is not believed', (context) => {
  assert.equal(new KeptTime(fileOf(context, Date.now() + hour)).at, undefined);
});

test('one that is incomplete stays due, and waits unless it is asked for', async (context) => {
  const { duty, history, due } = dutyWith(context, false);
  due.push('start');
  assert.ok(duty.isDue(Date.now()));
  await duty.step(new AbortController().signal);
  assert.deepEqual([due, history.at], [['start'], undefined]);
  assert.ok(!duty.isDue(Date.now()));
  duty.retry();
  assert.ok(duty.isDue(Date.now()));
});

test('one that was under way when a place came back may have left it out, and is started again at once', async (context) => {
  const steps: (() => void)[] = [];
  const { duty, due } = dutyWith(context, false, undefined, (step) => steps.push(step));
  due.push('start');
  for (let incomplete = 0; incomplete < 4; incomplete++) {
    const step = duty.step(new AbortController().signal);
    if (incomplete === 3) duty.retry();
    steps.pop()?.();
    await step;
  }
  assert.ok(duty.isDue(Date.now()));
  const step = duty.step(new AbortController().signal);
  steps.pop()?.();
  await step;
  assert.ok(!duty.isDue(Date.now()), 'nothing has come back since');
});

function fileOf(context: TestContext, time: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'full-check-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'checked');
  new KeptTime(file).note(Date.now());
  utimesSync(file, time / 1000, time / 1000);
  return file;
}

test('while changes are dropped none begins, but one now and then if that takes long', (context) => {
  const { dropped, duty, now } = droppingDuty(context);
  dropped.at = now - 5000;
  assert.ok(!duty.isDue(now));
  assert.equal(duty.dueAt, now + 1000, 'it looks again');
  assert.ok(!duty.isDue(now + 59_000));
  assert.ok(duty.isDue(now + 60_000), 'what is dropped must not wait for ever');
  assert.ok(!duty.isDue(now + 61_000));
  assert.ok(!duty.isDue(now + 359_000));
  assert.ok(duty.isDue(now + 360_000));
  dropped.isOver = true;
  assert.ok(duty.isDue(now + 361_000));
});

test('one begins when nothing was dropped for a moment, which grows with each time', (context) => {
  const { dropped, duty, now } = droppingDuty(context);
  dropped.isOver = true;
  let at = now;
  for (const calm of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
    dropped.at = at;
    assert.ok(!duty.isDue(at + calm - 1000), String(calm));
    assert.ok(duty.isDue(at + calm), String(calm));
    at += calm;
  }
  dropped.at = at + 300_000;
  assert.ok(duty.isDue(at + 301_000), 'the last was long ago');
});

/** One that is due, since changes were dropped. */
function droppingDuty(context: TestContext) {
  const dropped: { at?: number; isOver: boolean } = { isOver: false };
  const { duty, due } = dutyWith(
    context,
    true,
    undefined,
    (end) => end(),
    () => dropped.isOver,
    () => dropped.at,
  );
  due.push('changes were dropped');
  return { dropped, duty, now: Date.now() };
}
