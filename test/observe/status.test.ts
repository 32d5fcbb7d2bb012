import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembleStatus, type StatusSources } from '#src/observe/status.js';
import { statusLine } from '#src/observe/status-line.js';

const quiet: StatusSources = {
  host: 'web1',
  strategy: 'each peer by itself',
  startedAt: 0,
  scheduler: 'idle',
  directories: 7,
  unwatched: 0,
  unreadable: 0,
  queue: { depth: 0, oldestAt: undefined, resets: 0 },
  fullCheckOwed: undefined,
  misses: { count: 0, paths: [] },
  roots: [],
  lanes: [],
  deferred: { count: 0, first: [] },
  unsupported: { count: 0, more: false, paths: [] },
  server: 'external',
  sessions: new Map(),
  received: new Map(),
};

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
