import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looksTemporary } from '#src/sync/take/temporary-files.js';

test('names like those of csync2 are told from others', () => {
  const looks = (path: string, kind: 'file' | 'tree' = 'file') =>
    looksTemporary({ kind, path: Buffer.from(path) });
  for (const path of ['/a/.file.aB3xY9', '/a/.odd\nname.txt.000000', '/.c..abcdef'])
    assert.ok(looks(path), path);
  for (const path of [
    '/a/file.aB3xY9',
    '/a/.file.aB3x',
    '/a/.aB3xY9',
    '/.a.abcdef/file',
    '/a/.b.abc-ef',
  ])
    assert.ok(!looks(path), path);
  assert.ok(!looks('/a/.file.aB3xY9', 'tree'));
  assert.ok(!looksTemporary({ kind: 'loss', reason: 'overflow' }));
});
