import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PausedPeers, PauseNotKeptError } from '#src/sync/push/paused-peers.js';

test('a pause survives a restart, with its time, and a second one changes nothing', (context) => {
  const file = fileOf(context);
  const paused = PausedPeers.open(file, ['a', 'b']);
  assert.deepEqual(paused.pause(['a', 'a'], 1000), ['a']);
  assert.deepEqual(paused.pause(['a', 'b'], 2000), ['b']);
  const next = PausedPeers.open(file, ['a', 'b'], 3000);
  assert.deepEqual([next.since('a'), next.since('b'), next.isDamaged], [1000, 2000, false]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(next.resume(['a', 'c']), ['a']);
  const last = PausedPeers.open(file, ['a', 'b']);
  assert.deepEqual([last.since('a'), last.since('b')], [undefined, 2000]);
});

test('a peer that is no longer configured is forgotten, also while the service is down', (context) => {
  const file = fileOf(context);
  const paused = PausedPeers.open(file, ['a', 'b', '__proto__']);
  paused.pause(['a', 'b', '__proto__'], 1000);
  paused.keep(['b', '__proto__']);
  assert.deepEqual([paused.since('a'), paused.since('__proto__')], [undefined, 1000]);
  PausedPeers.open(file, ['__proto__']);
  const back = PausedPeers.open(file, ['a', 'b', '__proto__']);
  assert.deepEqual(
    [back.since('a'), back.since('b'), back.since('__proto__')],
    [undefined, undefined, 1000],
  );
});

test('if the list is damaged, all peers are paused until they are resumed', (context) => {
  for (const damage of ['', '{}', '[["a"]]', '[["a","x"]]', '[[1,2]]', '["a"]', 'null', '\0\0']) {
    const file = fileOf(context);
    writeFileSync(file, damage);
    const paused = PausedPeers.open(file, ['a', 'b'], 5000);
    assert.deepEqual(
      [paused.isDamaged, paused.since('a'), paused.since('b')],
      [true, 5000, 5000],
      damage,
    );
    paused.resume(['a', 'b']);
    assert.equal(PausedPeers.open(file, ['a', 'b']).since('a'), undefined);
  }
});

test('what cannot be written has not happened; to forget a peer never fails', (context) => {
  const folder = join(fileOf(context), '..', 'gone');
  mkdirSync(folder);
  const paused = PausedPeers.open(join(folder, 'paused'), ['a', 'b']);
  paused.pause(['a'], 1000);
  rmSync(folder, { recursive: true });
  assert.throws(() => paused.pause(['b']), PauseNotKeptError);
  assert.throws(() => paused.resume(['a']), PauseNotKeptError);
  assert.deepEqual([paused.since('a'), paused.since('b')], [1000, undefined]);
  paused.keep(['b']);
  assert.equal(paused.since('a'), undefined);
});

test('nobody pauses: there is no file', (context) => {
  const file = fileOf(context);
  const paused = PausedPeers.open(file, ['a']);
  paused.resume(['a']);
  paused.keep([]);
  assert.throws(() => readFileSync(file), { code: 'ENOENT' });
});

function fileOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'paused-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o700);
  return join(folder, 'paused');
}
