import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readCheckText } from '#src/csync2/files/check-text.js';
import { isAsNoted, isUnchangedSince } from '#src/sync/arrivals/as-noted.js';

/** A file of five bytes that was changed at 1000 s. */
function makeFile(context: TestContext): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'as-noted-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'file');
  writeFileSync(file, '12345');
  utimesSync(file, 1000, 1000);
  return Buffer.from(file);
}

const noting = (text: string) => ({ of: () => readCheckText(text.replaceAll(':', '%3A'), 1) });

test('a file is as noted if size and time are', (context) => {
  const file = makeFile(context);
  const text = (size: number, seconds: number) =>
    noting(`v1:mtime=${seconds}:mode=33188:uid=0:gid=0:type=reg:size=${size}`);
  assert.equal(isAsNoted(file, text(5, 1000)), true);
  assert.equal(isAsNoted(file, text(4, 1000)), false);
  assert.equal(isAsNoted(file, text(5, 1001)), false);
});

test('what is absent, or not noted, is not as noted', (context) => {
  const file = makeFile(context);
  const any = noting('v1:mtime=1000:mode=33188:uid=0:gid=0:type=reg:size=5');
  assert.equal(isAsNoted(Buffer.concat([file, Buffer.from('x')]), any), false);
  assert.equal(isAsNoted(file, { of: () => undefined }), false);
  assert.equal(isAsNoted(file, undefined), false);
});

test('a file that has just been made has changed since now, and not since the next minute', (context) => {
  const file = makeFile(context);
  assert.equal(isUnchangedSince(file, Date.now()), false);
  assert.equal(isUnchangedSince(file, Date.now() + 60_000), true);
  assert.equal(isUnchangedSince(Buffer.from('/nowhere/at all'), Date.now() + 60_000), false);
});
