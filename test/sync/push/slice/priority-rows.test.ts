import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PendingRow } from '#src/csync2/database/pending-table.js';
import { priorityRows } from '#src/sync/push/slice/priority-rows.js';

describe('files that overtake the others', () => {
  test('those that became pending since the last push was prepared', () => {
    const rows = pendingRows(many('/bulk', 1000), ['/bulk/fresh-1', '/bulk/fresh-2']);
    assert.deepEqual(namesOf(priorityRows(rows, 1000)), ['/bulk/fresh-2', '/bulk/fresh-1']);
  });

  test('not if they are many themselves', () => {
    assert.deepEqual(priorityRows(pendingRows(many('/bulk', 1000)), 900), []);
  });

  test('those that are alone in their directory, wherever they stand in the queue', () => {
    const rows = pendingRows(many('/bulk/a', 400), ['/etc/fresh'], many('/bulk/b', 400), [
      '/fresh',
    ]);
    assert.deepEqual(namesOf(priorityRows(rows, 10_000)), ['/fresh', '/etc/fresh']);
  });

  test('the newest of them, if all are alone', () => {
    const rows = pendingRows(Array.from({ length: 1000 }, (_, index) => `/${index}/file`));
    const first = namesOf(priorityRows(rows, 10_000));
    assert.equal(first.length, 50);
    assert.deepEqual(first.slice(0, 2), ['/999/file', '/998/file']);
  });

  test('a file counts once', () => {
    const rows = pendingRows(many('/bulk', 1000), ['/fresh']);
    assert.deepEqual(namesOf(priorityRows(rows, 1000)), ['/fresh']);
  });

  test('nothing is pending', () => {
    assert.deepEqual(priorityRows([], 0), []);
  });
});

function many(directory: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${directory}/${index}`);
}

/** Pending in this order; the newest first. */
function pendingRows(...names: readonly (readonly string[])[]): PendingRow[] {
  const rows = names.flat().map((name, index) => ({
    rowid: index + 1,
    encoded: Buffer.from(name),
    myName: Buffer.from('web1'),
    forced: 0,
  }));
  return rows.reverse();
}

function namesOf(rows: readonly PendingRow[]): string[] {
  return rows.map(({ encoded }) => encoded.toString());
}
