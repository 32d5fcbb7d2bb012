import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderStatus } from '#src/cli/commands/status/render.js';
import { assembleStatus } from '#src/observe/assemble-status.js';
import { statusLine } from '#src/observe/status-line.js';
import type { LaneStatus } from '#src/sync/push/lane.js';
import { lane, quiet } from './status-sources.js';

test('nothing wrong: healthy', () => {
  const status = assembleStatus(quiet);
  assert.equal(status.health, 'healthy');
  assert.equal(statusLine(status), 'watching 7 directories');
});

test('directories that are not watched or not readable are said, and make it degraded', () => {
  const status = assembleStatus({ ...quiet, unwatched: 3, unreadable: 2 });
  assert.equal(status.health, 'degraded');
  assert.deepEqual(status.problems, [
    '3 directories are not watched: the watch limit is reached (see inotify-csync watch-limit)',
    "2 directories can't be read",
  ]);
  assert.match(
    statusLine(status),
    /^watching 7 directories; 3 directories are not watched.*; 2 directories/u,
  );
});

const now = 1_000_000;

test('the status has a schema', () => assert.equal(assembleStatus(quiet).schema, 1));

test('a configuration on disk that is not in use is told with its line and remedy', () => {
  const trouble = {
    message: '/etc/csync2.cfg:5: found "inclde"',
    hint: 'fix the line',
    since: now - 5000,
  };
  const status = assembleStatus({ ...quiet, configTroubles: [trouble] }, now);
  assert.equal(status.health, 'degraded');
  assert.deepEqual(status.problems, [
    'invalid, so the previous configuration is still in use: /etc/csync2.cfg:5: found "inclde" (fix the line; see inotify-csync check-config)',
  ]);
  assert.deepEqual(status.config_troubles, [
    { message: trouble.message, hint: trouble.hint, age_s: 5 },
  ]);
});

test('a peer that restarts is retrying, and no trouble, for ten seconds', () => {
  const of = (reason: LaneStatus['reason'], seconds: number) =>
    assembleStatus(
      { ...quiet, lanes: [lane({ reason, failingSince: now - seconds * 1000 })] },
      now,
    );
  const restarting = of('unreachable', 9);
  assert.deepEqual([restarting.health, restarting.peers[0]?.health], ['healthy', 'retrying']);
  const gone = of('unreachable', 10);
  assert.deepEqual([gone.health, gone.peers[0]?.health], ['degraded', 'failing']);
  assert.equal(of('denied', 0).health, 'degraded', 'no restart looks like that');
});

test('a peer that has never been compared with is no healthy one', () => {
  const of = (failingSince: number | undefined) => {
    const newPeers = new Map([['web2', { failingSince, reason: 'the peer cannot be reached' }]]);
    return assembleStatus({ ...quiet, newPeers, lanes: [lane({ state: 'idle' })] }, now);
  };
  const begun = of(undefined);
  assert.deepEqual([begun.health, begun.peers[0]?.health], ['healthy', 'new']);
  const failing = of(now - 11_000);
  assert.deepEqual(failing.problems, [
    'web2: new; initial comparison failed: the peer cannot be reached',
  ]);
});

test('a full check that is due and cannot be completed is a trouble', () => {
  const fullCheckDue = { reason: 'start', since: now - 60_000 };
  assert.equal(
    assembleStatus({ ...quiet, fullCheckDue }, now).health,
    'healthy',
    'it may be under way',
  );
  const fullCheckTries = { failures: 3, nextAt: Date.now() + 30_000 };
  const status = assembleStatus({ ...quiet, fullCheckDue, fullCheckTries }, now);
  assert.match(
    status.problems[0] ?? '',
    /^a full check cannot be completed \(tried 3 times, next try in \d+ s\): start$/,
  );
  assert.equal(status.full_check_due?.failures, 3);
});

test('a paused peer is no problem, whatever it was before, and is told with its time', () => {
  const pausedSince = now - 240_000;
  const newPeers = new Map([
    ['web2', { failingSince: now - 60_000, reason: 'the peer cannot be reached' }],
  ]);
  for (const sources of [quiet, { ...quiet, newPeers }]) {
    const lanes = [lane({ state: 'paused', pausedSince, pending: 12, pendingSince: now - 5000 })];
    const status = assembleStatus({ ...sources, lanes }, now);
    assert.deepEqual([status.health, status.problems], ['healthy', []]);
    const [peer] = status.peers;
    assert.deepEqual(
      [peer?.health, peer?.paused_s, peer?.paused_since, peer?.reason_text, peer?.failing_s],
      ['paused', 240, new Date(pausedSince).toISOString(), null, null],
    );
    assert.match(statusLine(status), /; web2 paused 4 min, 12 files pending$/);
  }
});

test('a peer whose sessions are refused is told with the reason; a stranger is not', () => {
  const at = new Date(2026, 10, 27, 12, 34, 56).getTime();
  const others = { count: 7, lastAt: at, name: 'web2\n\xff', from: ['10.0.0.9'] };
  const refusal = { peer: 'web2', cause: 'permission', count: 3, lastAt: at } as const;
  const refused = { peers: [], counts: new Map([['web2', 5]]), others };
  const strange = assembleStatus({ ...quiet, refused }, at + 2000);
  assert.equal(strange.health, 'healthy');
  assert.deepEqual(strange.server.refused, { web2: 5 });
  assert.deepEqual(strange.server.refused_others, {
    count: 7,
    last: new Date(at).toISOString(),
    name: 'web2\\x0a\\xff',
    from: ['10.0.0.9'],
  });
  const peers = [{ ...refusal, from: '10.0.0.2' }];
  const status = assembleStatus({ ...quiet, refused: { ...refused, peers } }, at + 2000);
  assert.match(
    status.problems.join(),
    /^refused 3 sessions from web2 \(last .*12:34:56\): its key or csync2\.cfg differs; copy/,
  );
  assert.deepEqual(status.refused_sessions, [
    {
      peer: 'web2',
      reason: 'permission',
      count: 3,
      last: new Date(at).toISOString(),
      last_s: 2,
      from: '10.0.0.2',
    },
  ]);
  assert.equal(statusLine(status), 'watching 7 directories; sessions from web2 are refused');
});

test('a full disk of the queue is a problem while it lasts, and told afterwards', () => {
  const [since, until] = [10, 12].map((second) =>
    new Date(2026, 10, 27, 21, 45, second).getTime(),
  ) as [number, number];
  const of = (end: number | undefined) =>
    assembleStatus({
      ...quiet,
      recentTroubles: [{ kind: 'queue-disk-full', since, until: end }],
    });
  assert.match(of(undefined).problems.join(), /^the queue's disk is full, since .*21:45:10: make/);
  const over = of(until);
  assert.equal(over.health, 'healthy');
  assert.equal(over.recent_troubles[0]?.until, new Date(until).toISOString());
  assert.match(
    over.recent_troubles[0]?.text ?? '',
    /^the queue's disk was full, .*21:45:10 to .*21:45:12, over$/,
  );
});

test('who checks files is told where it is not csync2 alone', () => {
  const left = new Map([
    ['link', 2],
    ['commands', 1],
  ]);
  const status = assembleStatus({ ...quiet, checks: { checker: 'auto', here: 7, left } });
  assert.deepEqual(status.checks, {
    ...{ checker: 'auto', here: 7, left: { link: 2, commands: 1 } },
    reasons: ['csync2 may have to run commands (do-local)'],
  });
  assert.match(
    renderStatus(status),
    /\nchecks {5}7 paths checked without csync2, 3 paths left to csync2\n {2}left to csync2: csync2 may/,
  );
  assert.doesNotMatch(renderStatus(assembleStatus(quiet)), /\nchecks/);
});
