import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeName } from '#src/csync2/files/name-encoding.js';
import { PendingFiles } from '#src/sync/push/slice/pending-files.js';
import { SentVersions } from '#src/sync/push/versions/sent-versions.js';

test('a peer has a file as it is, if it was taken and has not changed since the push began', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'versions-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  const row = {
    rowid: 1,
    encoded: encodeName(Buffer.from(path)),
    myName: Buffer.from('web1'),
    forced: 0,
    seen: undefined,
  };
  const versions = new SentVersions(new PendingFiles([]));
  writeFileSync(path, 'one');
  assert.ok(!versions.has(row));
  versions.begin([row]);
  assert.ok(!versions.has(row), 'it is under way');
  versions.taken([row]);
  assert.ok(versions.has(row));
  writeFileSync(path, 'two');
  utimesSync(path, 1, 1);
  assert.ok(!versions.has(row));
  versions.begin([row]);
  writeFileSync(path, 'six');
  utimesSync(path, 1, 1);
  versions.taken([row]);
  assert.ok(!versions.has(row), 'either may have been sent');
  versions.begin([row]);
  versions.taken([]);
  assert.ok(!versions.has(row), 'it was refused');
});

test('what was accepted before its file went out of sight counts when it is back', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'versions-'));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'mounted'));
  const path = join(folder, 'mounted', 'file');
  const row = {
    ...{ rowid: 1, encoded: encodeName(Buffer.from(path)) },
    ...{ myName: Buffer.from('web1'), forced: 0, seen: undefined },
  };
  const versions = new SentVersions(new PendingFiles([]));
  writeFileSync(path, 'one');
  versions.begin([row]);
  renameSync(join(folder, 'mounted'), join(folder, 'away'));
  versions.accepted([row]);
  assert.ok(!versions.has(row));
  renameSync(join(folder, 'away'), join(folder, 'mounted'));
  assert.ok(versions.has(row));
  utimesSync(path, 1, 1);
  assert.ok(!versions.has(row), 'it is another version by now');
  rmSync(path);
  versions.begin([row]);
  versions.accepted([row]);
  assert.ok(
    !versions.has(row),
    'it was there while it was sent, and its removal is still to be sent',
  );
});

test('a removal that was taken says nothing of what has come since, and is gone again', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'versions-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  const named = {
    rowid: 1,
    encoded: encodeName(Buffer.from(path)),
    myName: Buffer.from('web1'),
    forced: 0,
  };
  const row = { ...named, seen: undefined };
  let receivedAt: number | undefined;
  const versions = new SentVersions(new PendingFiles([]), () => receivedAt);
  const remove = () => {
    versions.begin([row]);
    versions.taken([row], 1000);
  };
  remove();
  assert.ok(versions.has(row));
  writeFileSync(path, 'made again, and sent, and nobody knows whether it has arrived');
  versions.begin([row]);
  rmSync(path);
  assert.ok(!versions.has(row));
  assert.ok(versions.row(row.encoded), 'that there has been one is known still');
  remove();
  assert.ok(versions.has(row));
  receivedAt = 1001;
  assert.ok(!versions.has(row), 'another host has made it again meanwhile');
});

test('what a run before has sent counts if it has not changed since that push began', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'versions-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const named = (name: string) => ({ encoded: encodeName(Buffer.from(join(folder, name))) });
  for (const name of ['same', 'changed']) writeFileSync(join(folder, name), 'content');
  const ctime = (name: string) =>
    Number(lstatSync(join(folder, name), { bigint: true }).ctimeNs) / 1e6;
  const began = ctime('changed') + 5;
  while (Date.now() < began + 20);
  chmodSync(join(folder, 'changed'), 0o600);
  const versions = new SentVersions(new PendingFiles([]));
  const accepted = ['same', 'changed', 'gone'].map((name) => named(name).encoded);
  versions.recall({ accepted, began, ended: began + 1 }, Buffer.from('web1'));
  assert.deepEqual(
    ['same', 'changed', 'gone', 'other'].map((name) => versions.has(named(name))),
    [true, false, false, false],
  );
});

test('what was sent is uncertain if it was not as noted, or has changed while it was sent', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'versions-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  writeFileSync(path, 'one');
  const files = new PendingFiles([]);
  const versions = new SentVersions(files);
  const named = {
    rowid: 1,
    encoded: encodeName(Buffer.from(path)),
    myName: Buffer.from('web1'),
    forced: 0,
  };
  const seen = files.text(named);
  const row = { ...named, seen };
  versions.begin([row]);
  assert.ok(!versions.isUncertain(row));
  chmodSync(path, 0o600);
  assert.ok(versions.isUncertain(row), 'it has changed meanwhile');
  versions.begin([row]);
  assert.ok(versions.isUncertain(row), 'it was another one already');
  versions.begin([{ ...row, seen: seen?.replace(/mode=\d+%3A/, '') }]);
  assert.ok(!versions.isUncertain(row), 'csync2.cfg has it ignore the mode');
});
