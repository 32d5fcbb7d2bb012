import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { applyLimits, LimitsFileError, LimitsReadOnlyError } from '#src/limits/apply.js';
import type { LimitName } from '#src/limits/inotify-limits.js';

const wanted = new Map<LimitName, number>([
  ['max_user_watches', 262_144],
  ['max_queued_events', 131_072],
  ['max_user_instances', 512],
]);

function host(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'limits-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const procSys = join(folder, 'proc-sys');
  mkdirSync(join(procSys, 'fs/inotify'), { recursive: true });
  mkdirSync(join(folder, 'sysctl.d'));
  const set = (name: LimitName, value: number) =>
    writeFileSync(join(procSys, 'fs/inotify', name), `${value}\n`);
  const get = (name: LimitName) => Number(readFileSync(join(procSys, 'fs/inotify', name), 'ascii'));
  set('max_user_watches', 65_536);
  set('max_queued_events', 16_384);
  set('max_user_instances', 128);
  const file = join(folder, 'sysctl.d/60-inotify-csync.conf');
  const options = { file, shippedFile: join(folder, 'shipped.conf'), procSys };
  return { folder, file, options, set, get };
}

test('raises now and for the next boot', (context) => {
  const { folder, file, options, get } = host(context);
  const mask = process.umask(0o077);
  const applied = applyLimits(wanted, options);
  process.umask(mask);
  assert.deepEqual(applied[0], { name: 'max_user_watches', before: 65_536, after: 262_144 });
  assert.deepEqual(
    [...wanted.keys()].map((name) => get(name)),
    [...wanted.values()],
  );
  const text = readFileSync(file, 'utf8');
  for (const [name, value] of wanted)
    assert.match(text, new RegExp(`^fs\\.inotify\\.${name} = ${value}$`, 'm'));
  assert.equal(statSync(file).mode & 0o777, 0o644);
  assert.deepEqual(
    readdirSync(join(folder, 'sysctl.d')),
    ['60-inotify-csync.conf'],
    'no temporary file is left',
  );
});

test('lowers neither what the kernel has, nor what the files say', (context) => {
  const { file, options, set, get } = host(context);
  set('max_user_watches', 1_000_000);
  writeFileSync(file, '# by hand\nfs/inotify/max_user_instances=4096\n');
  writeFileSync(options.shippedFile, 'fs.inotify.max_queued_events = 999999\n');
  applyLimits(wanted, options);
  assert.deepEqual(
    [get('max_user_watches'), get('max_queued_events'), get('max_user_instances')],
    [1_000_000, 999_999, 4096],
  );
  const text = readFileSync(file, 'utf8');
  assert.match(text, /max_user_watches = 1000000\n/);
  assert.match(text, /max_queued_events = 999999\n/);
  assert.match(text, /max_user_instances = 4096\n/);
});

test('twice is as once', (context) => {
  const { file, options } = host(context);
  applyLimits(wanted, options);
  const text = readFileSync(file, 'utf8');
  const again = applyLimits(wanted, options);
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.ok(again.every(({ before, after }) => before === after));
});

test('a link in the place of the file is replaced, not followed', (context) => {
  const { folder, file, options } = host(context);
  writeFileSync(join(folder, 'victim'), 'untouched\n');
  symlinkSync(join(folder, 'victim'), file);
  applyLimits(wanted, options);
  assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'untouched\n');
  assert.match(readFileSync(file, 'utf8'), /max_user_watches = 262144/);
});

test('where the limits are not there to be changed, nothing is written', (context) => {
  const { folder, options } = host(context);
  rmSync(join(options.procSys, 'fs/inotify/max_user_instances'));
  assert.throws(() => applyLimits(wanted, options), LimitsReadOnlyError);
  assert.deepEqual(readdirSync(join(folder, 'sysctl.d')), []);
});

test('a directory that is missing, or not ours to write', (context) => {
  const { folder, options } = host(context);
  rmSync(join(folder, 'sysctl.d'), { recursive: true });
  assert.throws(
    () => applyLimits(wanted, options),
    (error) => error instanceof LimitsFileError && error.exitCode === 73,
  );
  if (process.getuid?.() === 0) {
    context.diagnostic('the check of permissions is left out: root may write everywhere');
    return;
  }
  mkdirSync(join(folder, 'sysctl.d'));
  chmodSync(join(folder, 'sysctl.d'), 0o500);
  assert.throws(
    () => applyLimits(wanted, options),
    (error) => error instanceof LimitsFileError && error.exitCode === 77,
  );
});
