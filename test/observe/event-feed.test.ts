import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventFeed } from '#src/observe/event-feed.js';
import { EventRing } from '#src/observe/event-ring.js';
import type { AcceptedFile } from '#src/sync/push/lane.js';

function feeding() {
  const ring = new EventRing();
  return { feed: new EventFeed(ring), events: () => ring.read({}).events };
}

function file(
  name: string,
  begunAt: number,
  at: number,
  kind: AcceptedFile['kind'] = 'file',
): AcceptedFile {
  return { path: Buffer.from(name), kind, begunAt, at };
}

test('what was sent is told with the time since its change, if that change was sent', () => {
  const { feed, events } = feeding();
  feed.noticed([{ kind: 'file', path: Buffer.from('/a') }], 1000);
  feed.noticed([{ kind: 'touch', path: Buffer.from('/late') }], 1031);
  const accepted = [
    file('/a', 1030, 1044),
    file('/late', 1030, 1050, 'link'),
    file('/b', 1040, 1060, 'removal'),
  ];
  feed.pushed({ peer: 'web2', sent: 3, accepted });
  const sent = { event: 'sent', peer: 'web2' } as const;
  assert.deepEqual(events(), [
    { ...sent, at: 1044, kind: 'file', ms: 44, bytes: '/a' },
    { ...sent, at: 1050, kind: 'link', ms: undefined, bytes: '/late' },
    { ...sent, at: 1060, kind: 'removal', ms: undefined, bytes: '/b' },
  ]);
});

test('where names are not known, their number is told', () => {
  const { feed, events } = feeding();
  feed.pushed({ peer: 'web2', sent: 3 });
  feed.pushed({ peer: 'web2', sent: 0 });
  assert.deepEqual(
    events().map(({ files, bytes }) => [files, bytes]),
    [[3, undefined]],
  );
});

test('a peer that fails is told once for each reason, and so is its return', () => {
  const { feed, events } = feeding();
  feed.back('web2');
  for (let time = 0; time < 5; time++) feed.failing('web2', 'unreachable');
  feed.failing('web3', 'denied');
  feed.failing('web2', 'stalled');
  for (let time = 0; time < 5; time++) feed.back('web2');
  feed.failing('web2', 'unreachable');
  assert.deepEqual(
    events().map(({ peer, state }) => [peer, state]),
    [
      ['web2', 'unreachable'],
      ['web3', 'denied'],
      ['web2', 'stalled'],
      ['web2', 'back'],
      ['web2', 'unreachable'],
    ],
  );
});

test('rejections, conflicts, losses and full checks', () => {
  const { feed, events } = feeding();
  feed.rejected(Buffer.from('/a'), 'web2', { outcome: 'refused' });
  feed.rejected(Buffer.from('/b'), 'web2', { outcome: 'conflict' });
  feed.received(Buffer.from('/c'), 'web2', 5);
  feed.lost('an overflow');
  feed.fullCheckBegun('an overflow');
  const report = { found: 2, doubted: 0, paths: [], failed: [], heldRoots: [], steps: 1 };
  feed.fullCheckEnded({ ...report, complete: true, seconds: 1.5 });
  feed.fullCheckEnded({ ...report, complete: false, seconds: 1.5 });
  assert.deepEqual(
    events().map(({ event, bytes, reason, state, files, ms }) => [
      event,
      bytes,
      reason ?? state,
      files,
      ms,
    ]),
    [
      ['rejected', '/a', 'refused', undefined, undefined],
      ['conflict', '/b', undefined, undefined, undefined],
      ['received', '/c', undefined, undefined, undefined],
      ['loss', 'an overflow', undefined, undefined, undefined],
      ['full-check', 'an overflow', 'begun', undefined, undefined],
      ['full-check', undefined, 'finished', 2, 1500],
      ['full-check', undefined, 'incomplete', 2, 1500],
    ],
  );
});
