import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keyFilesOf, redactedConfig, withoutSecrets } from '#src/cli/commands/doctor/redact.js';
import { auditWatches } from '#src/cli/commands/doctor/watch-audit.js';
import { seededRandom } from '../../support/csync2-random.js';

const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));

function folderFor(context: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'doctor-test-')));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function run(words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, INOTIFY_CSYNC_CONFIG: '/dev/null' };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test('a configuration is shown without what is secret, and with its lines', () => {
  const text = [
    'nossl * *; # the password is hunter2',
    'database "pgsql://csync2:hunter2@db/csync2";',
    'group g {',
    '  host web1 web2;',
    '  key "/etc/csync2 hunter2.key"; key',
    '    hunter2;',
    '  include "/srv/a#b";',
    '  action { pattern /srv/*; exec "curl -u me:hunter2 x"; logfile /var/log/x; }',
    '}',
  ].join('\n');
  const shown = redactedConfig(text);
  assert.ok(!shown.includes('hunter2'), shown);
  assert.equal(shown.split('\n').length, text.split('\n').length);
  for (const kept of [
    'host web1 web2;',
    'include "/srv/a#b";',
    'pgsql://csync2:',
    '@db/csync2',
    'logfile /var/log/x',
  ]) {
    assert.ok(shown.includes(kept), kept);
  }
  assert.deepEqual(keyFilesOf(text, '/etc'), ['/etc/csync2 hunter2.key', '/etc/hunter2']);
});

test('wherever a secret stands, it is not shown', (context) => {
  const random = seededRandom(context);
  const secret = 'S3cretS3cretS3cretS3cretS3cret42';
  const places: readonly ((text: string) => string)[] = [
    (text) => `key ${text};`,
    (text) => `key\n\t"${text}";`,
    (text) => `# ${text}`,
    (text) => `host a; # "${text}"`,
    (text) => `exec "x ${text} y";`,
    (text) => `exec ${text};`,
    (text) => `database mysql://u:${text}@h/d;`,
    (text) => `database "pgsql://u:${text}@h/d";`,
    () => 'include "/srv/#x";',
    () => 'exclude *~ "a b";',
    () => 'group g {',
    () => '}',
  ];
  for (let run = 0; run < 2000; run++) {
    const lines = Array.from({ length: 1 + random.below(8) }, () => random.pick(places)(secret));
    const text = lines.join(random.pick(['\n', ' \n', '\n\n']));
    assert.ok(!redactedConfig(text).includes(secret), JSON.stringify(text));
  }
  const message = `Command: AUTH ${secret}\u001b[2J password=${secret.slice(4)}x`;
  const shown = withoutSecrets(message, [secret, '']);
  assert.equal(shown, 'Command: AUTH <key removed>\\x1b[2J password=<removed>');
});

test('the audit finds directories without a watch, and only those', (context) => {
  const folder = folderFor(context);
  for (const name of ['a/b', 'c', 'd/e']) mkdirSync(join(folder, name), { recursive: true });
  symlinkSync(folder, join(folder, 'link'));
  const isAbove = (path: string) => folder.startsWith(path === '/' ? '/' : `${path}/`);
  const isWithin = (path: string) => path === folder || path.startsWith(`${folder}/`);
  const selection = {
    explain: (path: Buffer) => (isWithin(String(path)) ? 2 : isAbove(String(path)) ? 1 : 0),
  } as Parameters<typeof auditWatches>[1];
  const parts = dirname(folder).split('/').slice(1);
  const above = ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
  const watched = [...above, folder, ...['a', 'a/b', 'd'].map((name) => join(folder, name))];
  const watchers = watched.map((path) => watch(path));
  context.after(() => {
    for (const watcher of watchers) watcher.close();
  });
  const audit = auditWatches(process.pid, selection, new Set(['/proc', '/sys']));
  assert.deepEqual([...audit.missing.first].sort(), [join(folder, 'c'), join(folder, 'd/e')]);
  assert.deepEqual([audit.missing.count, audit.directories], [2, watched.length + 2]);
});

test('a report is made whatever is missing or broken, and holds no key', async (context) => {
  const folder = folderFor(context);
  const key = 'k'.repeat(40);
  writeFileSync(join(folder, 'key'), `${key}\n`);
  writeFileSync(join(folder, 'log'), `said ${key}\n`);
  const where = [
    '--cfg-path',
    folder,
    '-N',
    'web1',
    '--csync-log',
    `${folder}/log`,
    '--runtime-directory',
    folder,
  ];
  const empty = await run(['doctor', ...where]);
  assert.deepEqual([empty.code, empty.stderr], [0, '']);
  writeFileSync(
    join(folder, 'csync2.cfg'),
    `group g {\n host web1 web2;\n key ${folder}/key;\n inclde /x;\n}\n`,
  );
  const output = join(folder, 'report');
  const broken = await run(['doctor', ...where, '--output', output]);
  assert.deepEqual([broken.code, broken.stdout, broken.stderr], [0, '', '']);
  assert.equal(statSync(output).mode & 0o777, 0o600);
  const again = await run(['doctor', ...where, '--output', output]);
  assert.equal(again.code, 73);
  const json = await run(['doctor', ...where, '--json']);
  const { sections } = JSON.parse(json.stdout) as { sections: { title: string; text: string }[] };
  assert.deepEqual(
    sections.map(({ title }) => title),
    [
      'versions',
      'limits of the kernel',
      'settings',
      'csync2.cfg',
      'status',
      'watches',
      'journal',
      "csync2's server log",
    ],
  );
  const text = (title: string) => sections.find((section) => section.title === title)?.text ?? '';
  assert.match(text('csync2.cfg'), /found "inclde"(.|\n)*host web1 web2/);
  assert.match(text('status'), /inotify-csync is not running/);
  assert.equal(text("csync2's server log"), 'said <key removed>');
  assert.ok(!json.stdout.includes(key) && !json.stdout.includes(`${folder}/key;`));
  const settings = await run(['doctor', ...where, '--settle', 'x']);
  assert.match(settings.stdout, /==== settings\n--settle: found "x"/);
});
