import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SessionTraces } from '#src/csync2/server-log/session-traces.js';
import { Activity } from '#src/csync2/sessions/activity.js';
import { SessionProbe } from '#src/csync2/sessions/session-probe.js';

const path = Buffer.from('/t/a');

test('of a session that ends while it is looked for them, all that it has noted is known', (context) => {
  const { activity, note, onLive } = setting(context);
  onLive(() => {
    note('M 7 1000.000000000 5 /t/a');
    note('T 7 1000.500000000 /t/a');
  });
  activity.receiving();
  assert.equal(activity.movedLast(path)?.inode, 5n);
  assert.deepEqual(activity.movedAt(path, []), [1_000_000]);
  assert.equal(activity.timeSetAt(path), 1_000_500);
});

test('what one has removed that begins while it is looked for them is not left empty', (context) => {
  const { activity, note, onLive } = setting(context);
  const now = Date.now();
  const later = ((now + 60_000) / 1000).toFixed(9);
  onLive(() => note(`R 7 ${later} /t/a`));
  assert.deepEqual(
    activity.takeEmptied(() => []),
    [],
  );
  assert.ok(activity.isEmptied(path));
});

/** A server that leaves traces, and keeps its log. */
function setting(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'activity-test-'));
  const traces = join(folder, 'traces');
  const log = join(folder, 'log');
  let look = () => {};
  const live = () => {
    look();
    look = () => {};
    return [];
  };
  const probe = new SessionProbe({ database: undefined, managed: true });
  const activity = new Activity(log, live, probe, new SessionTraces(traces));
  context.after(() => {
    activity.dispose();
    rmSync(folder, { recursive: true });
  });
  const note = (record: string) => appendFileSync(traces, `${record}\0`);
  note('L 9 1.000000000 /');
  appendFileSync(log, `2026-11-26T10:00:00.000Z <${process.pid}>+keeper for 9\n`);
  const onLive = (task: () => void) => {
    look = task;
  };
  return { activity, note, onLive };
}
