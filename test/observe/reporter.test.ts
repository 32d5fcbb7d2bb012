import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Log, LogFields } from '#src/observe/log.js';
import { type LogEvent, messageIds } from '#src/observe/message-ids.js';
import { createReporter } from '#src/observe/reporter.js';
import { QueueTrouble } from '#src/queue/errors.js';
import { Timeline } from '#src/sync/common/timeline.js';
import type { FullCheckReport } from '#src/sync/full-check/full-check.js';
import type { PushReport } from '#src/sync/push/lane.js';
import { WatchLimitError } from '#src/watch/errors.js';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A reporter, what it says, and a clock that stands still until it is moved. */
function reporting(context: TestContext) {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  const log: Log = { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
  context.mock.timers.enable({ apis: ['Date'], now: new Date(2026, 4, 4, 10, 4).getTime() });
  const take = () => lines.splice(0).filter(({ level }) => level !== 'debug');
  const later = (seconds: number) => context.mock.timers.setTime(Date.now() + seconds * 1000);
  return { reporter: createReporter(log), take, later };
}

const down: PushReport = {
  peer: 'web2',
  sent: 0,
  left: 3,
  outcome: 'unreachable',
  text: 'ERROR: Connection to remote host failed.',
  seconds: 0.1,
  names: [],
  isAboutPeer: true,
};
const sent: PushReport = { ...down, sent: 3, left: 0, outcome: 'done', isAboutPeer: false };

function conflict(name: string): PushReport {
  const diagnosis = { outcome: 'conflict', meaning: 'conflict', detail: '', isTie: false } as const;
  return {
    ...down,
    left: 1,
    names: [Buffer.from(name)],
    isAboutPeer: false,
    outcome: 'conflict',
    diagnosis,
  };
}

const full: FullCheckReport = {
  found: 2,
  doubted: 0,
  paths: [],
  complete: true,
  failed: [],
  heldRoots: [],
  seconds: 1.5,
  steps: 3,
};

test('a peer that is down: said, counted, and its end with how long it lasted', (context) => {
  const { reporter, take, later } = reporting(context);
  for (let time = 0; time < 60; time += 5) {
    reporter.onPush(down);
    later(5);
  }
  const [first, ...others] = take();
  assert.deepEqual(others, []);
  assert.deepEqual(first?.fields, {
    event: 'peerDown',
    peer: 'web2',
    files: 3,
    reason: 'unreachable',
    repeats: 1,
  });
  assert.equal(first.level, 'warn');
  assert.match(
    first.message,
    /^web2: 3 files not sent: the peer cannot be reached: ERROR: .* failed\.$/,
  );
  reporter.onPush(down);
  assert.match(take()[0]?.message ?? '', / \(13 times since 10:04\)$/);
  later(60);
  reporter.onPush(sent);
  reporter.onPush(sent);
  assert.deepEqual(take(), [
    {
      level: 'info',
      message: 'web2 is back (after 2 min, 13 times)',
      fields: { event: 'peerBack', peer: 'web2', milliseconds: 120_000, repeats: 13 },
    },
  ]);
});

test('a peer that refuses whatever it is sent is one trouble, whichever file it was asked about', (context) => {
  const { reporter, take } = reporting(context);
  for (let file = 0; file < 100; file++) {
    const diagnosis = { outcome: 'denied', meaning: 'all', detail: '', isTie: false } as const;
    reporter.onPush({ ...conflict(`/srv/${file}`), outcome: 'denied', text: '', diagnosis });
  }
  const lines = take();
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.fields.event, 'peerDown');
  assert.match(lines[0]?.message ?? '', /that its file system is mounted there$/);
});

test('a few conflicts are named, many are summed up, and each end is told', (context) => {
  const { reporter, take } = reporting(context);
  for (let file = 0; file < 100; file++) reporter.onPush(conflict(`/srv/${file}`));
  const lines = take();
  assert.equal(lines.length, 11);
  assert.ok(lines.every(({ fields }) => fields.event === 'fileConflict' && fields.peer === 'web2'));
  assert.deepEqual(lines[0]?.fields.path, Buffer.from('/srv/0'));
  assert.match(
    lines[10]?.message ?? '',
    /more files were rejected: `inotify-csync status` lists all/,
  );
  reporter.onPush({ ...sent, taken: [Buffer.from('/srv/0'), Buffer.from('/srv/never-named')] });
  const [over, ...others] = take();
  assert.deepEqual(others, []);
  assert.equal(over?.fields.event, 'fileAccepted');
  assert.match(over.message, /^web2 accepted \/srv\/0 \(after /);
});

test('a full check that can not succeed is tried again in silence, and its success is told', (context) => {
  const { reporter, take, later } = reporting(context);
  const attempt = (report: FullCheckReport) => {
    reporter.onFullCheckBegun('start');
    reporter.onFullCheckEnded(report, 'start');
    later(10);
  };
  attempt({ ...full, complete: false });
  assert.deepEqual(
    take().map(({ fields }) => fields.event),
    ['fullCheckBegun', 'fullCheckIncomplete'],
  );
  for (let times = 0; times < 4; times++) attempt({ ...full, complete: false });
  assert.deepEqual(take(), []);
  attempt(full);
  const [done, ...others] = take();
  assert.deepEqual(others, []);
  assert.equal(done?.fields.event, 'fullCheckDone');
  assert.match(done.message, /succeeded: 2 changes found \(after 50 s, 5 times\)/);
  attempt(full);
  assert.equal(take().length, 2);
});

test('a loss is over when a full check that began afterwards has succeeded', (context) => {
  const { reporter, take } = reporting(context);
  reporter.onLoss("the kernel's event queue overflowed");
  reporter.onFullCheckBegun('x');
  reporter.onLoss("the kernel's event queue overflowed");
  reporter.onFullCheckEnded(full, 'x');
  assert.ok(take().every(({ fields }) => fields.event !== 'watchLossOver'));
  reporter.onFullCheckBegun('x');
  reporter.onFullCheckEnded(full, 'x');
  assert.equal(take().at(-1)?.fields.event, 'watchLossOver');
});

test('every field that the catalog names is there, whenever it shows the entry', (context) => {
  const catalog = readFileSync(
    new URL('../../../systemd/inotify-csync.catalog', import.meta.url),
    'utf8',
  );
  const placeholders = new Map<LogEvent, string[]>();
  for (const event of Object.keys(messageIds) as LogEvent[]) {
    const [, entry = ''] = catalog.split(`-- ${messageIds[event]}\n`);
    const [own = ''] = entry.split('\n-- ');
    placeholders.set(event, [
      ...new Set([...own.matchAll(/@([A-Z]+)@/g)].map(([, name]) => name ?? '')),
    ]);
  }
  const { reporter, take } = reporting(context);
  const [path, root] = [Buffer.from('/srv/f'), Buffer.from('/srv')];
  reporter.onFailedPath({ path, recursive: false, outcome: 'locked', text: '' }, 1);
  reporter.onFailedPath({ path, recursive: false, outcome: 'unreadable', text: 'EIO' }, 1);
  reporter.onNoFailedPath();
  reporter.onUnsupported({ count: 1, more: false, paths: [path] });
  reporter.onUnsupported({ count: 0, more: false, paths: [] });
  reporter.onRoot({ path: root, state: 'missing' });
  reporter.onRoot({ path: root, state: 'present' });
  reporter.onRoot({ path, state: 'unmounted', isMount: true });
  reporter.onRoot({ path, state: 'present', isMount: true });
  reporter.onUnseen(root, [path]);
  reporter.onLoss('overflow');
  reporter.onLoss('the watch limit is reached: new directories are not watched');
  reporter.onFullCheckBegun('start');
  reporter.onFullCheckEnded({ ...full, complete: false }, 'start');
  reporter.onFullCheckBegun('start');
  reporter.onFullCheckEnded(full, 'start');
  reporter.onDetectedLate(['/srv/f']);
  for (const report of [down, sent, conflict('/srv/f'), { ...sent, taken: [path] }])
    reporter.onPush(report);
  const refused = {
    outcome: 'refused',
    meaning: 'compare',
    detail: 'Directory not empty',
    isTie: false,
  } as const;
  reporter.onPush({ ...conflict('/srv/g'), outcome: 'refused', diagnosis: refused });
  reporter.onCompared('web3', { ok: false, pending: 0, reason: 'it is down' });
  reporter.onCompared('web3', { ok: true, pending: 1, reason: '' });
  reporter.onPaused('web2');
  reporter.onResumed('web2');
  reporter.onRejectedConfig(new WatchLimitError(1, 2));
  reporter.onEnded('killed', 0.5);
  reporter.onSilentEnded(3);
  reporter.onShortage(Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }));
  reporter.onEnough();
  reporter.onListening(1);
  const of = { peer: 'web2', count: 1, lastAt: 0, from: '10.0.0.2' };
  for (const cause of ['permission', 'identification', 'tls'] as const)
    reporter.onSessionRefused({ ...of, cause });
  reporter.onSessionAccepted('web2');
  reporter.onQueueTrouble(new QueueTrouble('cursor', 'not saved'));
  reporter.onQueueTrouble(
    new QueueTrouble('write', 'not written', {
      cause: Object.assign(new Error(), { code: 'ENOSPC' }),
    }),
  );
  reporter.onQueueWell('write');
  reporter.onError('sending', new Error('a bug'));
  const seen = new Set<LogEvent>();
  for (const { fields, message } of take()) {
    if (!fields.event) continue;
    seen.add(fields.event);
    const known: Record<string, unknown> = {
      PEER: fields.peer,
      FILES: fields.files,
      REASON: fields.reason,
    };
    for (const name of placeholders.get(fields.event) ?? []) {
      assert.ok(known[name] !== undefined, `@${name}@ of ${fields.event}: ${message}`);
    }
  }
  // These three are written elsewhere, and their explanations name no field.
  const elsewhere: LogEvent[] = ['ready', 'configRead', 'configRejected'];
  for (const event of elsewhere) assert.deepEqual(placeholders.get(event), []);
  assert.deepEqual([...seen, ...elsewhere].sort(), Object.keys(messageIds).sort());
});

test('tells where the milliseconds of a single change have gone, at level debug', () => {
  const lines: [string, LogFields | undefined][] = [];
  const ignore = () => {};
  const debug = (message: string, fields?: LogFields) => void lines.push([message, fields]);
  const reporter = createReporter({ error: ignore, warn: ignore, info: ignore, debug });
  const path = Buffer.from('/srv/a');
  const timeline = new Timeline(path, 10);
  timeline.mark('kernel', 10.5);
  timeline.mark('push', 30.75);
  reporter.onAccepted('web2', timeline);
  const [text, fields] = lines[0] ?? [];
  assert.match(
    text ?? '',
    /^timeline: 20\.75 ms from \S+Z until web2 accepted \/srv\/a: kernel 0\.50, push 20\.25$/,
  );
  assert.deepEqual(fields, { peer: 'web2', path, milliseconds: 20.75 });
});

test('why csync2 checks files nevertheless is said once for each reason that lasts', (context) => {
  const { reporter, take } = reporting(context);
  reporter.onLeftToCsync2('commands', 2);
  reporter.onLeftToCsync2('link', 1);
  reporter.onLeftToCsync2('commands', 1);
  const [line, ...others] = take();
  assert.equal(line?.level, 'info');
  assert.match(line?.message ?? '', /checker is "auto": csync2 may have to run commands/);
  assert.deepEqual(others, []);
});
