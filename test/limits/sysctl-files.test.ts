import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LimitName } from '#src/limits/inotify-limits.js';
import { assignmentsOf, loweringAssignments, readSysctlFiles } from '#src/limits/sysctl-files.js';

const wanted = new Map<LimitName, number>([['max_user_watches', 262_144]]);

test('assignments in all spellings; comments are none', () => {
  const text = [
    '# fs.inotify.max_user_watches = 1',
    'fs.inotify.max_user_watches=2',
    '  fs/inotify/max_user_instances = 3  ',
    '-fs.inotify.max_queued_events = 4',
    ';fs.inotify.max_user_watches = 5',
    'vm.swappiness = 6',
    'fs.inotify.max_user_watches = many',
  ].join('\n');
  assert.deepEqual(
    assignmentsOf({ path: '/x', text }).map(({ name, value, line }) => [name, value, line]),
    [
      ['max_user_watches', 2, 2],
      ['max_user_instances', 3, 3],
      ['max_queued_events', 4, 4],
    ],
  );
});

test('only what is read later, counts in the end and is lower', () => {
  const file = (path: string, value: number) => ({
    path,
    text: `fs.inotify.max_user_watches = ${value}\n`,
  });
  const ours = '/etc/sysctl.d/60-inotify-csync.conf';
  const lowering = (...files: { path: string; text: string }[]) =>
    loweringAssignments(files, ours, wanted).map(({ file: path, line, value }) => [
      path,
      line,
      value,
    ]);
  assert.deepEqual(lowering(file('/etc/sysctl.d/10-a.conf', 1)), []);
  assert.deepEqual(lowering(file(ours, 1)), []);
  assert.deepEqual(lowering(file('/etc/sysctl.d/99-sysctl.conf', 400_000)), []);
  assert.deepEqual(lowering(file('/etc/sysctl.d/99-sysctl.conf', 8192)), [
    ['/etc/sysctl.d/99-sysctl.conf', 1, 8192],
  ]);
  assert.deepEqual(
    lowering(file('/usr/lib/sysctl.d/70-a.conf', 1), file('/etc/sysctl.d/80-b.conf', 400_000)),
    [],
  );
  assert.deepEqual(
    lowering(file('/usr/lib/sysctl.d/70-a.conf', 400_000), file('/etc/sysctl.d/80-b.conf', 1)),
    [['/etc/sysctl.d/80-b.conf', 1, 1]],
  );
});

test('files are read by name, and one hides its namesakes in later directories', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'limits-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const directory of ['etc', 'usr']) mkdirSync(join(folder, directory));
  writeFileSync(join(folder, 'etc/50-a.conf'), 'first');
  writeFileSync(join(folder, 'usr/50-a.conf'), 'hidden');
  writeFileSync(join(folder, 'usr/10-b.conf'), 'second');
  writeFileSync(join(folder, 'usr/README'), 'no');
  symlinkSync('/nonexistent', join(folder, 'etc/99-link.conf'));
  assert.deepEqual(
    readSysctlFiles([join(folder, 'etc'), join(folder, 'missing'), join(folder, 'usr')]).map(
      ({ text }) => text,
    ),
    ['second', 'first'],
  );
});
