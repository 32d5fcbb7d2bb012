import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig, selectionOf } from '#src/csync2/cfg/index.js';
import { countDirectories } from '#src/limits/count-directories.js';
import { readPseudoMounts } from '#src/limits/pseudo-mounts.js';
import { Watcher } from '#src/watch/watcher.js';

function selectionFor(context: TestContext, statements: (folder: string) => readonly string[]) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'limits-test-')));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'key'), 'x'.repeat(64));
  const group = ['group g {', 'host a b;', `key ${folder}/key;`, ...statements(folder), '}'];
  writeFileSync(join(folder, 'csync2.cfg'), group.join('\n'));
  const config = loadConfig({ systemDirectory: folder, hostName: 'a' });
  return { folder, selection: selectionOf(config) };
}

test('counts exactly the directories that the watcher watches', async (context) => {
  const { folder, selection } = selectionFor(context, (own) => [
    `include ${own}/data;`,
    `exclude ${own}/data/cache;`,
    'exclude .git;',
    `include ${own}/more*/deep;`,
  ]);
  for (const path of [
    'data/a/b/c',
    'data/cache/x/y',
    'data/.git/objects',
    'data/a/.git/objects',
    'more1/deep/er',
    'more2/shallow/x',
    'other/x',
  ]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  mkdirSync(Buffer.concat([Buffer.from(`${folder}/data/`), Buffer.from([0xff, 0x0a])]));
  writeFileSync(join(folder, 'data/file'), '');
  symlinkSync('/usr', join(folder, 'data/link'));
  let told = 0;
  const pseudo = readPseudoMounts();
  const count = countDirectories(selection, { pseudo, onDirectory: () => (told += 1) });
  const watcher = Watcher.open({ selection });
  try {
    const { directories } = await watcher.ready;
    assert.equal(count.directories, directories);
  } finally {
    await watcher.close();
  }
  assert.equal(told, count.directories);
  assert.equal(count.unreadable, 0);
});

test('a pseudo file system is passed by', (context) => {
  const { folder, selection } = selectionFor(context, (own) => [`include ${own}/data;`]);
  mkdirSync(join(folder, 'data/proc/1/task'), { recursive: true });
  const all = countDirectories(selection).directories;
  const pseudo = new Set([`${folder}/data/proc`]);
  assert.equal(countDirectories(selection, { pseudo }).directories, all - 3);
});

test('mount points are read with their escapes', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'limits-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mountinfo');
  writeFileSync(
    file,
    [
      '22 1 0:21 / /proc rw,nosuid shared:12 - proc proc rw',
      '23 1 8:1 / / rw - ext4 /dev/sda1 rw',
      '24 1 0:30 / /srv/a\\040b\\134 rw - tracefs none rw',
      '25 1 0:31 / /srv/both rw - proc none rw',
      '26 1 8:2 / /srv/both rw - ext4 /dev/sdb rw',
      '',
    ].join('\n'),
  );
  assert.deepEqual([...readPseudoMounts(file)], ['/proc', '/srv/a b\\']);
});
