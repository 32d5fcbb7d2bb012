import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueEntry } from '#src/queue/entry.js';
import { hasTemporaryName, noticedIn } from '#src/sync/take/temporary-files.js';

const file = (path: string): QueueEntry => ({ kind: 'file', path: Buffer.from(path) });
const tree = (path: string): QueueEntry => ({ kind: 'tree', path: Buffer.from(path) });

test('names like those of csync2 are told from others', () => {
  const looks = (path: string) => hasTemporaryName(Buffer.from(path));
  for (const path of ['/a/.file.aB3xY9', '/a/.odd\nname.txt.000000', '/.c..abcdef', '/a/#1']) {
    assert.ok(looks(path), path);
    assert.equal(noticedIn([file(path)]), 'trace');
  }
  for (const path of [
    '/a/file.aB3xY9',
    '/a/.file.aB3x',
    '/a/.aB3xY9',
    '/.a.abcdef/file',
    '/a/.b.abc-ef',
  ]) {
    assert.ok(!looks(path), path);
    assert.equal(noticedIn([file(path)]), 'change');
  }
  assert.equal(noticedIn([tree('/a/.file.aB3xY9')]), 'change');
  assert.equal(noticedIn([{ kind: 'loss', reason: 'overflow' }]), 'change');
});

test('names of files that are about to be renamed or removed are told from others', () => {
  const drafts = [
    ...['notes~', '4913', '.notes.swp', '.notes.swx', '#notes#', '.#notes', 'sedQ8cN1a'],
    ...[
      '.goutputstream-5XK3F2',
      '.~lock.table.ods#',
      'notes.tmp',
      'movie.part',
      '.tmp1a2b',
      'tmpq7',
    ],
  ];
  for (const name of drafts) assert.equal(noticedIn([file(`/a/${name}`)]), 'draft', name);
  for (const name of ['notes', '.profile', '~notes', '49130', 'sedate', 'partner', 'x.swp.txt'])
    assert.equal(noticedIn([file(`/a/${name}`)]), 'change', name);
  assert.equal(noticedIn([tree('/a/notes~')]), 'change');
});

test('one change among them is a change', () => {
  const [trace, draft, change] = [file('/a/.file.aB3xY9'), file('/a/file~'), file('/a/file')];
  assert.equal(noticedIn([trace, trace]), 'trace');
  assert.equal(noticedIn([trace, draft]), 'draft');
  assert.equal(noticedIn([draft, change, trace]), 'change');
});
