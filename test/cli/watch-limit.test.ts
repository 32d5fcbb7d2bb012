import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AppliedLimit } from '#src/limits/apply.js';
import type { LimitAssessment } from '#src/limits/assess.js';
import { runCommand } from '../support/command.js';

const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));
type Report = LimitAssessment & { readonly applied: readonly AppliedLimit[] | null };

function makeHost(context: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cli-test-')));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data/a/b'), { recursive: true });
  writeFileSync(join(folder, 'key'), 'x'.repeat(64));
  const group = [
    'group g {',
    'host web1 web2;',
    `key ${folder}/key;`,
    `include ${folder}/data;`,
    '}',
  ];
  writeFileSync(join(folder, 'csync2.cfg'), group.join('\n'));
  // What stands in for the kernel's files and for /etc/sysctl.d.
  mkdirSync(join(folder, 'inotify'));
  mkdirSync(join(folder, 'sysctl.d'));
  for (const [name, value] of Object.entries({
    max_user_watches: 2,
    max_queued_events: 999_999,
    max_user_instances: 128,
  })) {
    writeFileSync(join(folder, 'inotify', name), `${value}\n`);
  }
  return folder;
}

const command = (folder: string, ...words: string[]) => [
  process.execPath,
  program,
  'watch-limit',
  '-N',
  'web1',
  '--cfg-path',
  folder,
  '--queue-file',
  join(folder, 'queue.log'),
  ...words,
];
const env = { PATH: process.env.PATH, INOTIFY_CSYNC_CONFIG: '/dev/null' };

/** Runs it where the stand-ins lie over /proc/sys/fs/inotify and /etc/sysctl.d. */
function runThere(folder: string, words: readonly string[], before = '') {
  const script = [
    'set -e',
    `mount --bind ${folder}/inotify /proc/sys/fs/inotify`,
    `mount --bind ${folder}/sysctl.d /etc/sysctl.d`,
    before,
    'exec "$@"',
  ].join('\n');
  return runCommand([...inNamespace, 'sh', '-c', script, '-', ...words], { env });
}
const inNamespace =
  process.getuid?.() === 0 ? ['unshare', '--mount'] : ['unshare', '--mount', '--map-root-user'];

const { code: cannot } = await runCommand([
  ...inNamespace,
  'sh',
  '-c',
  'mount --bind /proc/sys/fs/inotify /proc/sys/fs/inotify && mount --bind /etc/sysctl.d /etc/sysctl.d',
]);
const skip =
  cannot === 0 ? false : 'no mounts of our own can be made here (unshare, /etc/sysctl.d)';

test('shows limits, users, need and cost without a daemon', async (context) => {
  const folder = makeHost(context);
  const { code, stdout, stderr } = await runCommand(command(folder), { env });
  assert.ok(code === 0 || code === 1, stderr);
  assert.match(stdout, /^fs\.inotify\.max_user_watches +[\d,]+ +[\d,]+ +[\d,]+ /m);
  assert.match(stdout, /^watches +\d+ directories are to be watched: \d+ kB of kernel memory$/m);
  assert.match(stdout, /^in use by$/m);
});

test('as an object', async (context) => {
  const folder = makeHost(context);
  const { stdout } = await runCommand(command(folder, '--json'), { env });
  const report = JSON.parse(stdout) as Report;
  assert.deepEqual(
    report.limits.map(({ name }) => name),
    ['max_user_watches', 'max_queued_events', 'max_user_instances'],
  );
  assert.equal(report.memoryBytes, report.directories * 1285);
  assert.equal(report.applied, null);
});

test('too low: says so, and exits with 1', { skip }, async (context) => {
  const folder = makeHost(context);
  const { code, stdout } = await runThere(folder, command(folder));
  assert.match(stdout, /max_user_watches +2 .*TOO LOW: inotify-csync watch-limit --apply$/m);
  assert.equal(code, 1);
});

test(
  '--apply raises what is too low, keeps what is high, and says where',
  { skip },
  async (context) => {
    const folder = makeHost(context);
    const { code, stdout, stderr } = await runThere(folder, command(folder, '--apply'));
    assert.deepEqual([code, stderr], [0, '']);
    // Other programs on this machine count, so that the number is not always the same.
    const raised =
      /max_user_watches raised from 2 to ([\d,]+)/.exec(stdout)?.[1]?.replaceAll(',', '') ?? '';
    assert.ok(Number(raised) >= 65_536, stdout);
    assert.match(stdout, /max_queued_events stays at 999,999/);
    assert.equal(readFileSync(join(folder, 'inotify/max_user_watches'), 'utf8').trim(), raised);
    const kept = readFileSync(join(folder, 'sysctl.d/60-inotify-csync.conf'), 'utf8');
    assert.match(kept, new RegExp(`^fs\\.inotify\\.max_user_watches = ${raised}$`, 'm'));
    assert.match(kept, /^fs\.inotify\.max_queued_events = 999999$/m);
    const again = await runThere(folder, command(folder, '--apply', '--json'));
    const report = JSON.parse(again.stdout) as Report;
    assert.ok(report.applied?.every(({ before, after }) => before <= after));
  },
);

test('names the line that will lower it at the next boot', { skip }, async (context) => {
  const folder = makeHost(context);
  writeFileSync(
    join(folder, 'sysctl.d/99-sysctl.conf'),
    '# old\nfs.inotify.max_user_watches=8192\n',
  );
  const { stdout } = await runThere(folder, command(folder, '--apply'));
  assert.match(
    stdout,
    /\/etc\/sysctl\.d\/99-sysctl\.conf:2 sets fs\.inotify\.max_user_watches to 8,192/,
  );
});

test('--apply in a container, whose /proc/sys is read-only', { skip }, async (context) => {
  const folder = makeHost(context);
  const { code, stderr } = await runThere(
    folder,
    command(folder, '--apply'),
    'mount -o remount,bind,ro /proc/sys/fs/inotify',
  );
  assert.equal(code, 71, stderr);
  assert.match(
    stderr,
    /max_user_watches can't be written: it is read-only here\n {2}this looks like a container/,
  );
  assert.throws(() => readFileSync(join(folder, 'sysctl.d/60-inotify-csync.conf')), /ENOENT/);
});

test('without csync2.cfg there is nothing to count', async () => {
  const { code, stderr } = await runCommand(command('/nonexistent'), { env });
  assert.equal(code, 66);
  assert.match(stderr, /cannot read \/nonexistent\/csync2\.cfg/);
});
