import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Counts } from '#src/observe/counts.js';
import { exposition, type MetricFamily } from '#src/observe/exposition.js';
import { metricsOf, upMetrics } from '#src/observe/metrics.js';
import type { Status } from '#src/observe/status.js';

const status = {
  health: 'degraded',
  problems: ['web3: the peer cannot be reached'],
  uptime_s: 100,
  directories: 7,
  unwatched: 0,
  unreadable: 1,
  queue: { depth: 3, oldest_s: 1.5, resets: 0 },
  full_check_due: { reason: 'start', age_s: 60, failures: 2 },
  config_troubles: [],
  roots: [{ path: '/srv/secret', state: 'missing', text: 'missing' }],
  deferred_count: 0,
  server: {
    state: 'listening',
    sessions: [],
    received: { web2: 5, stranger: 7 },
    refused: { web3: 2 },
    refused_others: { count: 9 },
  },
  peers: [
    {
      name: 'web2',
      health: 'ok',
      failing_s: null,
      pending: 0,
      oldest_pending_s: null,
      on_hold_count: 1,
      last_sent_s: 2,
    },
    {
      name: 'web3',
      health: 'failing',
      failing_s: 9,
      pending: 12,
      oldest_pending_s: 8,
      on_hold_count: 0,
      last_sent_s: null,
    },
    {
      name: 'we"b\\4\n',
      health: 'new',
      failing_s: null,
      pending: null,
      oldest_pending_s: null,
      on_hold_count: 0,
      last_sent_s: null,
    },
  ],
} as unknown as Status;

function families(): MetricFamily[] {
  const counts = new Counts();
  counts.onRun(['-A', '-v', '-u', '-P', 'web2'], 'done');
  counts.onRun(['-A', '-v', '-u', '-P', 'web3'], 'unreachable');
  counts.onRun(['-cr'], 'done');
  counts.onRun(['-cr'], 'done');
  counts.onRun(['-I', '-c'], 'done');
  counts.onSent('web2', 4);
  counts.checkedHere = 9;
  counts.onLeft('link', 1);
  counts.onLeft('link', 2);
  return metricsOf({
    ...{ status, counts, version: '1.2.3', now: 1_000_000 },
    ...{ watches: 8, watchLimit: 1_048_576, events: 123, overflows: 0 },
  });
}

test('metrics are labelled by peer, and never by path', () => {
  const lines = exposition(families()).split('\n');
  for (const line of [
    'inotify_csync_up 1',
    'inotify_csync_watches 8',
    'inotify_csync_watch_limit 1048576',
    'inotify_csync_roots_away 1',
    'inotify_csync_peer_up{peer="web2"} 1',
    'inotify_csync_peer_up{peer="web3"} 0',
    'inotify_csync_peer_pending_files{peer="web3"} 12',
    'inotify_csync_peer_pending_oldest_seconds{peer="web3"} 8',
    'inotify_csync_peer_new{peer="we\\"b\\\\4\\n"} 1',
    'inotify_csync_peer_received_files_total{peer="web2"} 5',
    'inotify_csync_peer_sent_files_total{peer="web2"} 4',
    'inotify_csync_peer_last_sent_timestamp_seconds{peer="web2"} 999998',
    'inotify_csync_csync2_runs_total{stage="update",result="unreachable"} 1',
    'inotify_csync_csync2_runs_total{stage="check",result="done"} 2',
    'inotify_csync_csync2_runs_total{stage="note",result="done"} 1',
    'inotify_csync_full_check_failures 2',
    'inotify_csync_refused_sessions_total{peer="web2"} 0',
    'inotify_csync_refused_sessions_total{peer="web3"} 2',
    'inotify_csync_refused_sessions_total{peer=""} 9',
    'inotify_csync_paths_checked_here_total 9',
    'inotify_csync_paths_left_to_csync2_total{reason="link"} 3',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  const text = lines.join('\n');
  assert.ok(!text.includes('/srv/secret') && !text.includes('stranger'));
  assert.ok(!text.includes('peer_pending_files{peer="we\\"b'), 'what is not known is not told');
});

test('names are unique, counters end in _total, and each line is one of the format', () => {
  const all = families();
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, type, help } of all) {
    assert.match(name, /^inotify_csync_[a-z0-9_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.ok(help.length > 0 && !help.endsWith('.'));
  }
  const value =
    /^[a-z0-9_]+(\{[a-z]+="(\\.|[^"\\])*"(,[a-z]+="(\\.|[^"\\])*")*\})? (-?[0-9.e+-]+|\+Inf|-Inf|NaN)$/;
  for (const line of exposition(all).split('\n').slice(0, -1)) {
    assert.ok(/^# (HELP|TYPE) /.test(line) || value.test(line), line);
  }
  assert.match(exposition(upMetrics(false)), /\ninotify_csync_up 0\n$/);
});

test('docs/monitoring/README.md explains every metric, and no other', () => {
  const text = readFileSync(new URL('../../../docs/monitoring/README.md', import.meta.url), 'utf8');
  const rows = text
    .slice(text.indexOf('\n## Metrics\n'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const listed = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(.+?)`/g)].map(([, name]) => name),
  );
  const names = families().map(({ name }) => name.replace('inotify_csync_', ''));
  assert.deepEqual(listed.sort(), names.sort());
});
