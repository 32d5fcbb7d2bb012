import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventLine, eventObject, leftOutLine } from '#src/cli/commands/events/render.js';
import type { ReadEvent } from '#src/observe/event-ring.js';

const now = new Date(2026, 4, 4, 22, 0);
const at = new Date(2026, 4, 4, 21, 46, 22, 914).getTime();
const line = (event: Omit<ReadEvent, 'at'>) => eventLine({ ...event, at }, now);
const sent = {
  event: 'sent',
  peer: 'node2',
  kind: 'file',
  ms: 44,
  bytes: '/srv/data/big/3980',
} as const;
/**
 * A newline, an escape sequence, a byte that is no UTF-8, a mark that turns text around, and a
 * backslash.
 */
const hostile = Buffer.from('/srv/a\n21:46:22.914  -> x\x1b[2J\u202e\\')
  .toString('latin1')
  .concat('\xff');

describe('events, shown', () => {
  test('for people', () => {
    assert.equal(line(sent), '21:46:22.914  -> node2  /srv/data/big/3980   44 ms');
    assert.equal(
      line({ ...sent, ms: 7_200_000 }),
      '21:46:22.914  -> node2  /srv/data/big/3980   2 h',
    );
    assert.equal(
      line({ ...sent, kind: 'removal' }),
      '21:46:22.914  -> node2  /srv/data/big/3980   removed, 44 ms',
    );
    assert.equal(
      line({ ...sent, kind: 'directory', ms: undefined }),
      '21:46:22.914  -> node2  /srv/data/big/3980   directory',
    );
    assert.equal(
      line({ event: 'sent', peer: 'node2', files: 3 }),
      '21:46:22.914  -> node2  3 files',
    );
    const about = { peer: 'node2', bytes: '/a' };
    assert.equal(line({ event: 'received', ...about }), '21:46:22.914  <- node2  /a');
    assert.equal(
      line({ event: 'rejected', reason: 'refused', ...about }),
      '21:46:22.914  !  node2  /a   rejected (refused)',
    );
    assert.equal(line({ event: 'conflict', ...about }), '21:46:22.914  !  node2  /a   conflict');
    assert.equal(
      line({ event: 'peer', peer: 'node3', state: 'unreachable' }),
      '21:46:22.914  !  node3  unreachable',
    );
    assert.equal(
      line({ event: 'peer', peer: 'node3', state: 'back' }),
      '21:46:22.914  *  node3  back',
    );
    assert.equal(
      line({ event: 'full-check', state: 'begun', bytes: 'on request' }),
      '21:46:22.914  *  full check begun: on request',
    );
    assert.equal(
      line({ event: 'full-check', state: 'finished', files: 3, ms: 90 }),
      '21:46:22.914  *  full check finished: 3 changes found   90 ms',
    );
    assert.equal(
      line({ event: 'loss', bytes: 'an overflow' }),
      '21:46:22.914  !  changes may have gone unnoticed: an overflow',
    );
    assert.equal(leftOutLine(12), '… 12 events left out');
    assert.match(
      eventLine({ ...sent, at: at - 86_400_000 }, now),
      /^2026-05-03 21:46:22\.914 {2}->/,
    );
  });

  test('for scripts', () => {
    assert.equal(
      JSON.stringify(eventObject({ ...sent, at })),
      JSON.stringify({
        at: new Date(at).toISOString(),
        event: 'sent',
        peer: 'node2',
        path: '/srv/data/big/3980',
        kind: 'file',
        ms: 44,
      }),
    );
    const object = eventObject({ event: 'full-check', at, state: 'begun', bytes: 'on request' });
    assert.deepEqual([object.text, 'path' in object, object.state], ['on request', false, 'begun']);
  });

  test('no name can begin a line or drive a terminal', () => {
    const names: Omit<ReadEvent, 'at'>[] = [
      { ...sent, bytes: hostile },
      { ...sent, peer: hostile },
      { event: 'loss', bytes: hostile },
      { event: 'full-check', state: 'begun', bytes: hostile },
    ];
    for (const event of names) assert.doesNotMatch(line(event), /\p{C}/u);
    assert.ok(line({ ...sent, bytes: hostile }).includes('/srv/a\\x0a21:46'));
  });

  test('a name that is escaped comes with its bytes, and no other', () => {
    const { path, path_base64: base64 } = eventObject({ ...sent, at, bytes: hostile });
    assert.match(String(path), /\\xff$/);
    assert.deepEqual(Buffer.from(String(base64), 'base64'), Buffer.from(hostile, 'latin1'));
    const umlaut = Buffer.from('/srv/ä …').toString('latin1');
    const object = eventObject({ ...sent, at, bytes: umlaut });
    assert.deepEqual([object.path, 'path_base64' in object], ['/srv/ä …', false]);
    assert.ok('path_base64' in eventObject({ ...sent, at, bytes: '/a\\x0a' }));
  });
});
