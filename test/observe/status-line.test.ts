import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerStatus, Status } from '#src/observe/status.js';
import { peerText, statusLine } from '#src/observe/status-line.js';
import { grouped } from '#src/text/counted.js';

function peer(name: string, fields: Partial<PeerStatus> = {}): PeerStatus {
  return {
    name,
    health: 'ok',
    state: 'idle',
    state_text: '',
    reason: null,
    reason_text: null,
    failing_s: null,
    paused_since: null,
    paused_s: null,
    next_attempt_s: null,
    pending: 0,
    oldest_pending_s: null,
    sent_per_second: null,
    eta_s: null,
    unreadable: 0,
    sent: 0,
    last_sent_s: null,
    on_hold: [],
    on_hold_count: 0,
    conflicts: 0,
    ...fields,
  };
}

test('a peer that fails shows when it is tried next, and one thing is one', () => {
  const failing = {
    health: 'failing',
    reason: 'unreachable',
    reason_text: 'no route',
    failing_s: 3,
  } as const;
  const text = peerText(peer('web2', { ...failing, next_attempt_s: 3.2, pending: 1 }));
  assert.equal(text, 'failing for 3 s (no route), 1 file pending, next try in 4 s');
  assert.equal(peerText(peer('web2', { pending: 2 })), 'ok, 2 files pending');
});

test('one line tells how many directories are watched and how each peer is', () => {
  const status = {
    directories: 171_856,
    roots: [
      { path: '/srv/www', state: 'present', text: 'there' },
      { path: '/srv/disk', state: 'missing', text: 'missing' },
    ],
    peers: [
      peer('web1'),
      peer('web2', { last_sent_s: 0.062 }),
      peer('web3', {
        health: 'failing',
        reason: 'unreachable',
        reason_text: 'cannot be reached',
        failing_s: 240,
        pending: 12,
      }),
      peer('web4', {
        health: 'failing',
        reason: 'conflict',
        reason_text: 'a conflict',
        failing_s: 5,
        pending: 1200,
      }),
      peer('web5', {
        health: 'retrying',
        reason: 'unreachable',
        reason_text: 'x',
        failing_s: 2,
        pending: 1,
      }),
      peer('web6', { health: 'new' }),
    ],
    full_check_due: { reason: 'overflow', age_s: 1, failures: 0 },
    refused_sessions: [{ peer: 'web5' }],
    config_troubles: [{ message: 'csync2.cfg:5: found "inclde"', hint: 'fix it', age_s: 1 }],
  } as unknown as Status;
  assert.equal(
    statusLine(status),
    'watching 171,856 directories; invalid, so the previous configuration is still in use: csync2.cfg:5: found "inclde" ' +
      '(fix it; see inotify-csync check-config); /srv/disk is missing; sessions from web5 are refused; web1 ok; web2 ok 62 ms ago; ' +
      'web3 down 4 min, 12 files pending; web4 failing 5 s (a conflict), 1,200 files pending; web5 retrying, 1 file pending; ' +
      'web6 new, not yet compared; full check due: overflow',
  );
});

test('thousands are apart', () => {
  assert.deepEqual([0, 999, 1000, 1048576].map(grouped), ['0', '999', '1,000', '1,048,576']);
});

test('a paused peer is told with how to resume it', () => {
  const paused_since = new Date(2026, 10, 27, 21, 6).toISOString();
  const told = peer('web7', { health: 'paused', paused_since, paused_s: 60, pending: 3 });
  assert.equal(
    peerText(told),
    'paused since 2026-11-27 21:06, 3 files pending (to resume: inotify-csync resume web7)',
  );
});
