import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { NotedArrivals } from '#src/sync/arrivals/noted-arrivals.js';
import { MountMemory } from '#src/sync/guard/mount-memory.js';
import { NoteHistory } from '#src/sync/memory/note-history.js';

test('what has been noted since a place was last seen is told once, over restarts, too', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'noted-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const rows = ['before', 'seen'];
  const noteTable = {
    lastRow: () => rows.length,
    after: (after: number) =>
      rows.flatMap((name, index) =>
        index >= after ? [{ row: index + 1, name: Buffer.from(name) }] : [],
      ),
  };
  const notes = new NoteHistory();
  const told: string[] = [];
  const start = () => {
    const memory = MountMemory.open(join(folder, 'mounts'));
    const noted = new NotedArrivals({
      noteTable,
      notes,
      memory,
      onNoted: (name) => told.push(name),
    });
    return { memory, noted };
  };
  const first = start();
  first.noted.look();
  notes.sample(2, 1000);
  rows.push('received in the moment of going');
  first.noted.gone(1500);
  first.noted.look();
  first.noted.look();
  assert.deepEqual(told, ['received in the moment of going']);
  first.memory.save();
  first.noted.expectOwn(['noted by us']);
  rows.push('noted by us');
  first.noted.look();
  assert.equal(told.length, 1);
  rows.push('received while nobody looked');
  const second = start();
  second.noted.look();
  assert.deepEqual(told.slice(1), [
    'received in the moment of going',
    'noted by us',
    'received while nobody looked',
  ]);
  second.noted.end();
  second.memory.save();
  rows.push('of no interest');
  start().noted.look();
  assert.equal(told.length, 4);
});
