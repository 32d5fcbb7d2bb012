import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '#src/csync2/server-log/session-traces.js';
import { RefusedSessions } from '#src/csync2/sessions/refused-sessions.js';

const minute = 60_000;
const isPeer = (name: string) => name === 'web2' || name === 'web3';

function setting() {
  const sessions = new RefusedSessions(1000);
  const note = (verdict: Verdict, peer: string, at: number, from = '10.0.0.2') =>
    sessions.note({ verdict, peer, at, from }, isPeer);
  const refused = (now: number) =>
    sessions.list(now, isPeer).map(({ peer, count }) => `${peer} ${count}`);
  return { sessions, note, refused };
}

test('sessions of a peer that are refused are counted until one is accepted', () => {
  const { sessions, note, refused } = setting();
  note('permission', 'web2', 2000);
  assert.deepEqual(note('tls', 'web2', 3000, '10.0.0.9'), {
    peer: 'web2',
    cause: 'tls',
    count: 2,
    lastAt: 3000,
    from: '10.0.0.9',
  });
  note('identification', 'web3', 3000);
  assert.equal(note('accepted', 'web2', 4000), 'accepted');
  assert.deepEqual(refused(4000), ['web3 1']);
  note('permission', 'web2', 5000);
  assert.deepEqual(refused(5000), ['web3 1', 'web2 1']);
  assert.deepEqual(
    [...sessions.counts],
    [
      ['web2', 3],
      ['web3', 1],
    ],
  );
});

test('nothing is told of peers that were never refused', () => {
  const { note, refused } = setting();
  assert.equal(note('accepted', 'web2', 2000), undefined);
  assert.deepEqual(refused(2000), []);
});

test('half an hour after the last one, or when it is no peer any more, it is over', () => {
  const { sessions, note, refused } = setting();
  note('permission', 'web2', 2000);
  note('permission', 'web2', 2000 + 29 * minute);
  assert.deepEqual(refused(2000 + 58 * minute), ['web2 2']);
  assert.deepEqual(refused(2000 + 59 * minute), []);
  note('permission', 'web2', 2000 + 60 * minute);
  assert.deepEqual(refused(2000 + 60 * minute), ['web2 1']);
  assert.deepEqual(
    sessions.list(2000 + 60 * minute, () => false),
    [],
  );
});

test('who is no peer is counted with others, of whom little is kept', () => {
  const { sessions, note, refused } = setting();
  for (let index = 0; index < 1000; index++)
    note('permission', `web2\nweb3 ${index}`, 2000 + index, `10.0.0.${index % 7}`);
  assert.deepEqual(refused(3000), []);
  assert.deepEqual([...sessions.counts], []);
  const { count, from, lastAt, name } = sessions.others;
  assert.deepEqual([count, lastAt, name], [1000, 2999, 'web2\nweb3 999']);
  assert.deepEqual(from, ['10.0.0.5', '10.0.0.4', '10.0.0.3', '10.0.0.2', '10.0.0.1']);
});

test('what came before the start does not count', () => {
  const { note, refused } = setting();
  note('permission', 'web2', 999);
  assert.deepEqual(refused(1000), []);
});
