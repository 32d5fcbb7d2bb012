import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { MountReader } from '#src/sync/guard/mount-reader.js';
import { type MountTable, parseMounts } from '#src/sync/guard/mount-table.js';
import { toKey } from '#src/text/path-bytes.js';

describe('the mount table', () => {
  test('a line with and without optional fields', () => {
    const table = parse(
      '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
      '30 22 0:25 / /srv rw shared:1 master:2 propagate_from:3 unbindable - tmpfs store rw,size=4k',
      '31 30 254:0 /data/a /srv/a rw - ext4 /dev/vda rw',
    );
    assert.deepEqual(shown(table), [
      '/ ext4 /dev/vda /',
      '/srv tmpfs store /',
      '/srv/a ext4 /dev/vda /data/a',
    ]);
    assert.equal(table.get('/srv/a')?.id, 31);
  });

  test('names are bytes: escapes, other alphabets, what is no UTF-8, and names that look like fields', () => {
    const text = Buffer.concat([
      Buffer.from('22 1 254:0 / / rw - ext4 /dev/vda rw\n'),
      Buffer.from('23 22 0:1 / /a\\040b\\011c\\012d\\134e\\043 rw - tmpfs so\\040urce rw\n'),
      Buffer.from('24 22 0:2 /ro\\040ot /\xc3\xa4 rw - fuse.sshfs me@host:/x rw\n', 'latin1'),
      Buffer.from('25 22 0:3 / /'),
      Buffer.of(0xff, 0xfe),
      Buffer.from(' rw - tmpfs t rw\n'),
      Buffer.from('26 22 0:4 / /-\\040-\\040ext4 rw - overlay - rw\n'),
      Buffer.from('27 22 0:5 / /x\\0401\\0400:6\\040/\\040/srv rw shared:7 - tmpfs  rw\n'),
    ]);
    const table = parseMounts(text);
    assert.deepEqual(
      [...table.values()].map(({ point }) => point.toString('latin1')).sort(),
      ['/', '/a b\tc\nd\\e#', '/\xc3\xa4', '/\xff\xfe', '/- - ext4', '/x 1 0:6 / /srv'].sort(),
    );
    assert.equal(table.get('/a b\tc\nd\\e#')?.source, 'so urce');
    assert.deepEqual(
      [table.get('/\xc3\xa4')?.type, table.get('/\xc3\xa4')?.root],
      ['fuse.sshfs', '/ro ot'],
    );
    assert.deepEqual(
      [table.get('/- - ext4')?.type, table.get('/- - ext4')?.source],
      ['overlay', '-'],
    );
    assert.equal(table.get('/x 1 0:6 / /srv')?.source, '');
  });

  test('of mounts upon each other the topmost counts, whichever was made last', () => {
    const lines = [
      '1 0 254:0 / / rw - ext4 /dev/vda rw',
      '2 1 0:1 / /srv rw - tmpfs first rw',
      '3 2 0:2 / /srv rw - tmpfs second rw',
      '4 3 0:3 / /srv rw - tmpfs third rw',
    ];
    assert.deepEqual(shown(parse(...lines)), ['/ ext4 /dev/vda /', '/srv tmpfs third /']);
    assert.deepEqual(shown(parse(...lines.reverse())), ['/ ext4 /dev/vda /', '/srv tmpfs third /']);
    // Mounted beneath the one that stood there (move_mount(2), MOVE_MOUNT_BENEATH).
    const beneath = parse(
      '1 0 254:0 / / rw - ext4 /dev/vda rw',
      '2 5 0:1 / /srv rw - tmpfs above rw',
      '5 1 0:2 / /srv rw - tmpfs beneath rw',
    );
    assert.equal(beneath.get('/srv')?.source, 'above');
  });

  test('what a later mount covers is not seen', () => {
    const table = parse(
      '1 0 254:0 / / rw - ext4 /dev/vda rw',
      '2 1 0:1 / /srv rw - tmpfs covered rw',
      '3 2 0:2 / /srv/data rw - tmpfs covered rw',
      '4 2 0:3 / /srv rw - tmpfs seen rw',
      '5 4 0:4 / /srv/data/deep rw - tmpfs seen rw',
      // Made before /srv was mounted, so that it hangs on the root.
      '6 1 0:5 / /srv/data rw - tmpfs covered rw',
    );
    assert.deepEqual(shown(table), [
      '/ ext4 /dev/vda /',
      '/srv tmpfs seen /',
      '/srv/data/deep tmpfs seen /',
    ]);
  });

  test('without the root of the namespace, and with names that begin alike', () => {
    const table = parse(
      '2 99 0:1 / /srv rw - tmpfs a rw',
      '3 99 0:2 / /srv-2 rw - tmpfs b rw',
      '4 2 0:3 / /srv/x rw - tmpfs c rw',
      '5 2 0:3 / /srv/xx rw - tmpfs d rw',
    );
    assert.deepEqual(shown(table), [
      '/srv tmpfs a /',
      '/srv-2 tmpfs b /',
      '/srv/x tmpfs c /',
      '/srv/xx tmpfs d /',
    ]);
  });

  test('what is no mountinfo has no mounts', () => {
    for (const text of [
      '',
      '\n',
      'x',
      '1 2 3',
      '1 2 0:1 / /srv',
      '1 2 0:1 / /srv rw -',
      '1 2 0:1 / /srv rw - ext4',
    ]) {
      assert.deepEqual(shown(parseMounts(Buffer.from(text))), []);
    }
  });

  test('this machine: the kernel agrees about each mount that is seen', () => {
    const table = new MountReader().read();
    assert.ok(table.has('/'));
    for (const { id, point } of table.values()) {
      const { stdout, status } = spawnSync('stat', ['-f', '-c', '%T', point.toString()], {
        encoding: 'utf8',
      });
      // Others may unmount meanwhile, and some may not be looked at.
      if (status === 0) assert.notEqual(stdout, '', `${id} ${point}`);
    }
  });

  test('it is parsed only when it has changed', () => {
    const text = readFileSync('/proc/self/mountinfo');
    const file = `/dev/shm/mount-table-test-${process.pid}`;
    spawnSync('cp', ['/proc/self/mountinfo', file]);
    try {
      const reader = new MountReader(file);
      const first = reader.read();
      assert.equal(reader.read(), first);
      spawnSync('bash', ['-c', `echo '9999 1 0:1 / /nowhere/at/all rw - tmpfs t rw' >> ${file}`]);
      assert.notEqual(reader.read(), first);
      assert.ok(text.length > 0);
    } finally {
      spawnSync('rm', [file]);
    }
  });
});

function parse(...lines: readonly string[]): MountTable {
  return parseMounts(Buffer.from(`${lines.join('\n')}\n`));
}

function shown(table: MountTable): string[] {
  const lines = [...table].map(([key, { point, type, source, root }]) => {
    assert.equal(key, toKey(point));
    return `${point} ${type} ${source} ${root}`;
  });
  return lines.sort();
}
