import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { MountMemory, MountMemoryError } from '#src/sync/guard/mount-memory.js';

describe('what was mounted', () => {
  test('is known to the next run, bytes and all, and nobody else can read it', (context) => {
    const file = place(context);
    const point = Buffer.from([0x2f, 0xff, 0x0a, 0x22, 0xc3, 0xa4]).toString('latin1');
    const memory = MountMemory.open(file);
    assert.deepEqual(memory.points, []);
    memory.remember(point, '["ext4"]');
    memory.remember('/srv/up', '["tmpfs"]');
    memory.accept('/srv/up');
    memory.save();
    const next = MountMemory.open(file);
    assert.deepEqual(next.points, [point, '/srv/up']);
    assert.equal(next.mounted(point), '["ext4"]');
    assert.ok(next.isAccepted('/srv/up') && !next.isAccepted(point));
    next.forget(point);
    next.endAcceptance('/srv/up');
    next.save();
    assert.deepEqual(MountMemory.open(file).points, ['/srv/up']);
    assert.ok(!MountMemory.open(file).isAccepted('/srv/up'));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(file, '..')), ['queue.log.mounts']);
  });

  test('is only written when it has changed', (context) => {
    const file = place(context);
    const memory = MountMemory.open(file);
    memory.save();
    assert.ok(!existsSync(file));
    memory.remember('/srv', 'x');
    memory.save();
    rmSync(file);
    memory.remember('/srv', 'x');
    memory.forget('/elsewhere');
    memory.endAcceptance('/srv');
    memory.save();
    assert.ok(!existsSync(file));
  });

  test('what could not be written is written the next time', (context) => {
    const file = join(place(context), 'not yet', 'queue.log.mounts');
    const memory = MountMemory.open(file);
    memory.remember('/srv', 'x');
    assert.throws(() => memory.save(), { code: /ENOENT|ENOTDIR/ });
    const later = place(context);
    const other = MountMemory.open(later);
    other.remember('/srv', 'x');
    mkdirSync(`${later}.new`);
    assert.throws(() => other.save());
    rmdirSync(`${later}.new`);
    other.save();
    assert.equal(MountMemory.open(later).mounted('/srv'), 'x');
  });

  test('a file that is damaged, unreadable or a link is no empty one', (context) => {
    const file = place(context);
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"version":1}',
      '{"version":2,"mounts":[],"accepted":[],"received":[]}',
      '{"version":1,"mounts":[["/srv"]],"accepted":[],"received":[]}',
      '{"version":1,"mounts":[],"accepted":[7],"received":[]}',
      '{"version":1,"mounts":[],"accepted":[]}',
    ]) {
      writeFileSync(file, text);
      assert.throws(() => MountMemory.open(file), MountMemoryError, text);
    }
    rmSync(file);
    symlinkSync('/etc/hostname', file);
    assert.throws(() => MountMemory.open(file), /ICS_MOUNT_MEMORY|cannot read/);
  });

  test('a crash between the two files leaves the one before', (context) => {
    const file = place(context);
    const memory = MountMemory.open(file);
    memory.remember('/srv', 'x');
    memory.save();
    writeFileSync(`${file}.new`, '{"version":1,"mou');
    assert.equal(MountMemory.open(file).mounted('/srv'), 'x');
    chmodSync(`${file}.new`, 0o666);
    memory.forget('/srv');
    memory.save();
    assert.equal(statSync(file).mode & 0o777, 0o600);
    symlinkSync('/nowhere/at/all', `${file}.new`);
    memory.remember('/elsewhere', 'x');
    memory.save();
    memory.forget('/elsewhere');
    memory.save();
    assert.equal(JSON.parse(readFileSync(file, 'utf8')).mounts.length, 0);
  });
});

function place(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mount-memory-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'queue.log.mounts');
}
