import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirtyRow } from '#src/csync2/ledger.js';
import { CutOffFiles, nameUnderWay } from '#src/sync/cut-off-files.js';

const head = 'Connecting to host web2 (PLAIN) ...\nConnect to 10.77.0.2:30865 (web2).\n';
const updating = (...names: string[]) => names.map((name) => `Updating ${name} on web2 ...\n`).join('');
const stays = 'File stays in dirty state. Try again later...\n';
const end = 'Connection closed.\nFinished with 1 errors.\n';
const row = (name: string): DirtyRow => ({
  rowid: 1,
  encoded: Buffer.from(name),
  myName: Buffer.from('web1'),
  forced: 0,
});

test('killed, or broken by SIGPIPE: the last file that it names', () => {
  assert.equal(nameUnderWay(head + updating('/a', '/b'), ['/b', '/c']), '/b');
  assert.equal(nameUnderWay(head + updating('/a', '/b') + stays, ['/b']), '/b');
});

test('the peer has died and csync2 has ended in order: files were left untried', () => {
  assert.equal(nameUnderWay(head + updating('/a', '/b') + stays + end, ['/b', '/c']), '/b');
});

test('the peer has died at the last file of all: one error more than files that stay', () => {
  const unanswered = 'Connection closed.\nFinished with 2 errors.\n';
  assert.equal(nameUnderWay(head + updating('/b') + stays + unanswered, ['/b']), '/b');
  const resolving = `auto resolving... response = 10${stays}`;
  assert.equal(
    nameUnderWay(head + updating('/a') + resolving + updating('/b') + stays + unanswered, ['/a', '/b']),
    undefined,
  );
});

test('a last file that the peer does not take was not cut off', () => {
  assert.equal(nameUnderWay(head + updating('/a', '/b') + stays + end, ['/b']), undefined);
  assert.equal(nameUnderWay(head + updating('/a') + stays + updating('/b') + end, ['/a']), undefined);
});

test('deletions count, and a text without its beginning tells nothing', () => {
  assert.equal(nameUnderWay(`${head}Deleting /d on web2 ...\n`, ['/d']), '/d');
  assert.equal(nameUnderWay(updating('/b'), ['/b', '/c']), undefined);
  assert.equal(nameUnderWay(head, ['/b']), undefined);
});

test('it is forced for a minute, or until it has been sent', () => {
  const files = new CutOffFiles();
  const cutOff = () => files.pushed(head + updating('/b'), { sent: [], left: [row('/b'), row('/c')] }, 1000);
  cutOff();
  assert.deepEqual([files.isForced(row('/b'), 60_999), files.isForced(row('/c'), 1000)], [true, false]);
  assert.equal(files.isForced(row('/b'), 61_000), false);
  cutOff();
  files.pushed('', { sent: [row('/b')], left: [] }, 2000);
  assert.equal(files.isForced(row('/b'), 2000), false);
});
