import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBatch } from '#src/watch/decode.js';
import { WatchLimitError } from '#src/watch/errors.js';
import {
  defaultFileEvents,
  parseFileEvents,
  UnknownFileEventError,
} from '#src/watch/file-events.js';

test('the names of inotifywait become a mask', () => {
  assert.equal(parseFileEvents('move,delete,attrib,create,close_write,modify'), 0x3ce);
  assert.equal(parseFileEvents(defaultFileEvents), 0x3cc);
  assert.equal(parseFileEvents(' MOVED_TO  moved_from,,delete_self '), 0x0c0);
});

test('an unknown name is refused with the nearest one', () => {
  assert.throws(
    () => parseFileEvents('create,close_wirte'),
    (error) =>
      error instanceof UnknownFileEventError &&
      error.hint === 'did you mean "close_write"?' &&
      error.exitCode === 78,
  );
  assert.throws(() => parseFileEvents('everything'), /not an inotify event/u);
});

test('a batch is decoded record by record, an unknown kind is refused', () => {
  const record = (kind: string, bytes: Buffer, count = 1) => {
    const head = Buffer.alloc(6);
    head.write(kind);
    head.writeUInt8(count, 1);
    head.writeUInt32LE(bytes.length, 2);
    return Buffer.concat([head, bytes]);
  };
  const path = Buffer.from('/a\xff\n', 'latin1');
  const records = ['F', 'T', 'R', 'A'].map((kind) => record(kind, path));
  assert.deepEqual(
    decodeBatch(Buffer.concat([...records, record('W', path, 3), record('V', path)])),
    {
      entries: [
        { kind: 'file', path },
        { kind: 'touch', path },
        { kind: 'tree', path },
        { kind: 'loss', reason: '/a\\xff\\x0a' },
        { kind: 'file', path },
        { kind: 'file', path },
      ],
      changes: [
        { path, writes: 0, moves: 0, others: 1 },
        { path, writes: 3, moves: 0, others: 0 },
        { path, writes: 0, moves: 1, others: 0 },
      ],
    },
  );
  assert.throws(() => decodeBatch(record('X', path)), RangeError);
});

test('the watch limit error names a limit with headroom', () => {
  const error = new WatchLimitError(8192, 170_000);
  assert.ok(error.recommended >= 170_000 * 1.5);
  assert.match(error.hint, /sysctl fs\.inotify\.max_user_watches=\d+/u);
});
