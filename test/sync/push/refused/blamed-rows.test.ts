import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PendingRow } from '#src/csync2/database/pending-table.js';
import { encodeName } from '#src/csync2/files/name-encoding.js';
import { PushTranscript } from '#src/csync2/run/push-transcript.js';
import { blamedRows } from '#src/sync/push/refused/blamed-rows.js';

describe('who is blamed for a push in which rows were left', () => {
  test('each file that was tried, where the session has ended in order', () => {
    assert.deepEqual(blamed(['/a', '/b', '/c', '/d'], { left: ['/b', '/d'], isClosed: true }), [
      '/b',
      '/d',
    ]);
  });

  test('the first alone, where it has not: what follows was not tried, or asked out of step', () => {
    assert.deepEqual(
      blamed(['/a', '/b', '/c'], { left: ['/b', '/c', '/d', '/e'], isClosed: false }),
      ['/b'],
    );
  });

  test('nobody, where the first has vanished here', () => {
    const vanished = { left: ['/b', '/c', '/d'], gone: ['/b'] };
    assert.deepEqual(blamed(['/a', '/b', '/c'], { ...vanished, isClosed: false }), []);
    assert.deepEqual(blamed(['/a', '/b', '/c'], { ...vanished, isClosed: true }), ['/c']);
  });

  test('a removal that the peer refuses, though nothing is there', () => {
    assert.deepEqual(blamed([], { left: ['/a'], gone: ['/a'], deleted: ['/a'], isClosed: true }), [
      '/a',
    ]);
  });

  test('nobody, where the peer was not asked about anything', () => {
    assert.deepEqual(blamed([], { left: ['/a', '/b'], isClosed: false }), []);
  });
});

interface Push {
  readonly left: readonly string[];
  readonly gone?: readonly string[];
  readonly deleted?: readonly string[];
  readonly isClosed: boolean;
}

function blamed(
  updated: readonly string[],
  { left, gone = [], deleted = [], isClosed }: Push,
): string[] {
  const transcript = new PushTranscript();
  const say = (text: string) => transcript.add({ at: 0, kind: 'said', text });
  for (const name of updated) say(`Updating ${name} on web2 ...`);
  for (const name of deleted) say(`Deleting ${name} on web2 ...`);
  if (isClosed) say('Connection closed.');
  const rows = left.map((name, rowid): PendingRow => {
    return {
      rowid,
      encoded: encodeName(Buffer.from(name)),
      myName: Buffer.from('web1'),
      forced: 0,
    } as PendingRow;
  });
  const isGone = (row: PendingRow) => gone.includes(row.encoded.toString());
  return blamedRows({ left: rows, transcript, isGone }).map(({ encoded }) => encoded.toString());
}
