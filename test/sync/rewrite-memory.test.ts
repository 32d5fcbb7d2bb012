import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FileStamp, RewriteMemory } from '#src/sync/rewrite-memory.js';

const path = Buffer.from('/srv/a');
const second = 1_000_000_000n;
/** A stamp `nanoseconds` into second 1000. */
const at = (nanoseconds: bigint, parts: Partial<FileStamp> = {}): FileStamp => ({
  inode: 7n,
  size: 4n,
  mtime: 1000n * second + nanoseconds,
  ...parts,
});
const seen = { size: 4, mtimeSeconds: 1000 };
const now = 1000 * 1000;

describe('rewrites within a second', () => {
  test('a file that was checked and not touched since needs no mark', () => {
    const memory = new RewriteMemory();
    memory.checked(path, at(5n));
    assert.ok(!memory.mustMark(path, at(5n), seen, now));
  });

  test('other nanoseconds in the same second with the same size must be marked', () => {
    const memory = new RewriteMemory();
    memory.checked(path, at(5n));
    assert.ok(memory.mustMark(path, at(6n), seen, now));
  });

  test('another inode in its place must be marked', () => {
    const memory = new RewriteMemory();
    memory.checked(path, at(5n));
    assert.ok(memory.mustMark(path, at(5n, { inode: 8n }), seen, now));
  });

  test('what csync2 can see by itself is left to it', () => {
    const memory = new RewriteMemory();
    memory.checked(path, at(5n));
    assert.ok(!memory.mustMark(path, at(6n, { size: 5n }), seen, now));
    assert.ok(!memory.mustMark(path, at(5n + second), seen, now));
    assert.ok(!memory.mustMark(path, at(6n), undefined, now));
    assert.ok(!memory.mustMark(path, at(6n), {}, now));
  });

  test('times in whole seconds are those of a file that was received: not sent back', () => {
    const memory = new RewriteMemory();
    memory.checked(path, at(5n));
    assert.ok(!memory.mustMark(path, at(0n), seen, now));
  });

  test('seen by csync2 but not through us: marked while fresh, left alone when long still', () => {
    const memory = new RewriteMemory();
    assert.ok(memory.mustMark(path, at(5n), seen, now + 500));
    assert.ok(!memory.mustMark(path, at(5n), seen, now + 60_000));
  });

  test('a change noticed before a restart is as fresh as when it was noticed', () => {
    assert.ok(new RewriteMemory().mustMark(path, at(900_000_000n), seen, now + 100));
  });

  test('paths are told apart, and the oldest is forgotten first', () => {
    const memory = new RewriteMemory(2);
    const others = [Buffer.from('/b'), Buffer.from('/c')];
    memory.checked(path, at(5n));
    memory.checked(others[0] as Buffer, at(5n));
    memory.checked(path, at(5n));
    memory.checked(others[1] as Buffer, at(5n));
    const late = now + 60_000;
    assert.ok(memory.mustMark(path, at(6n), seen, late), 'used last but one');
    assert.ok(!memory.mustMark(others[0] as Buffer, at(6n), seen, late), 'forgotten');
  });
});
