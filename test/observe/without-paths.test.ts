import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderStatus } from '#src/cli/commands/status/render.js';
import { assembleStatus } from '#src/observe/assemble-status.js';
import type { StatusSources } from '#src/observe/status-sources.js';
import { withoutPaths } from '#src/observe/without-paths.js';
import { lane, quiet } from './status-sources.js';

const path = '/srv/payroll/secret';
const bytes = Buffer.from(path);

/** A status in which every text that can hold a path does. */
const sources: StatusSources = {
  ...quiet,
  unwatched: 2,
  unreadable: 1,
  fullCheckDue: { reason: `changes below ${path}`, since: 0 },
  fullCheckTries: { failures: 2, nextAt: 0 },
  configTroubles: [{ message: `/etc/csync2.cfg:5: ${path}`, hint: `fix ${path}`, since: 0 }],
  newPeers: new Map([['web3', { failingSince: 0, reason: `Error: ENOSPC: open '${path}'` }]]),
  detectedLate: { count: 12, paths: [path] },
  roots: [
    { path: bytes, state: 'present' },
    { path: bytes, state: 'missing', isMount: true },
  ],
  lanes: [
    lane({
      reason: 'conflict',
      pending: 3,
      onHold: [
        { name: bytes, reason: 'conflict', detail: `'${path}' differs`, failures: 2, until: 0 },
      ],
      onHoldCount: 40,
    }),
    lane({ peer: 'web3' }),
  ],
  deferred: {
    count: 5,
    first: [{ path: bytes, recursive: false, outcome: 'unreadable', text: `EIO ${path}` }],
  },
  unsupported: { count: 2, more: false, paths: [bytes] },
};

test('no path is shown to readers, and all counts and states are', () => {
  const full = assembleStatus(sources, 1000);
  const status = assembleStatus(withoutPaths(sources), 1000);
  const texts = [JSON.stringify(status), renderStatus(status)];
  for (const text of texts) assert.ok(!/srv|payroll|secret|csync2\.cfg:5/.test(text), text);
  // So the test looks at all of it.
  assert.ok(JSON.stringify(full).split('payroll').length > 10);
  assert.equal(status.health, 'degraded');
  assert.equal(status.problems.length, full.problems.length);
  assert.deepEqual(
    status.roots.map(({ state, text }) => [state, text]),
    full.roots.map(({ state, text }) => [state, text]),
  );
  const [web2] = status.peers;
  assert.deepEqual([web2?.pending, web2?.on_hold, web2?.on_hold_count], [3, [], 40]);
  assert.deepEqual([status.deferred, status.deferred_count], [[], 5]);
  assert.deepEqual([status.detected_late.count, status.unsupported.count], [12, 2]);
});

test('how many paths are left out is said, and root is told of none', () => {
  const status = assembleStatus(withoutPaths(sources), 1000);
  assert.equal(status.paths_left_out, 2 + 40 + 5 + 12 + 2);
  assert.match(renderStatus(status), /^web1: degraded, .*, version 1\.2\.3\n/);
  assert.match(renderStatus(status), /\nmore: journalctl -x -u inotify-csync -p warning\n$/);
  assert.match(renderStatus(status), /\nhidden {5}61 paths, which only root may see\n/);
  const full = assembleStatus(sources, 1000);
  assert.ok(!('paths_left_out' in full) && !renderStatus(full).includes('hidden'));
});

test('a reason without a path stays as it is', () => {
  const plain = { ...sources, fullCheckDue: { reason: 'start', since: 0 } };
  assert.equal(assembleStatus(withoutPaths(plain), 1000).full_check_due?.reason, 'start');
});
