import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ConfigReport } from '#src/cli/commands/check-config/report.js';

const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));
const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(words: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const env = { PATH: process.env.PATH, INOTIFY_CSYNC_CONFIG: '/dev/null', ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

/** A configuration of two hosts, with one file in one tree. */
function makeConfig(context: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cli-test-')));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'key'), 'x'.repeat(64));
  const lines = [
    'prefix data {',
    `  on *: ${folder}/data;`,
    '}',
    'group g {',
    '  host web1 web2 (web3);',
    `  key ${folder}/key;`,
    '  include %data%;',
    `  include ${folder}/more*;`,
    '  exclude *~;',
    '  auto younger;',
    '}',
  ];
  writeFileSync(join(folder, 'csync2.cfg'), `${lines.join('\n')}\n`);
  return folder;
}

test('help names every command, setting and exit status', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  assert.deepEqual([code, stderr], [0, '']);
  for (const part of [
    'run',
    'check-config',
    'version',
    'completion',
    '--check-interval',
    '--cfg-file',
    '-N NAME',
    'EXIT STATUS',
  ]) {
    assert.ok(stdout.includes(part), part);
  }
  for (const command of ['run', 'check-config', 'version']) {
    const own = await run([command, '--help']);
    assert.deepEqual([own.code, own.stdout.includes('EXIT STATUS')], [0, true], command);
  }
});

test('version, in all forms', async () => {
  assert.equal((await run(['--version'])).stdout, `${manifest.version}\n`);
  assert.ok((await run(['version'])).stdout.startsWith(`inotify-csync ${manifest.version} (node v`));
  const facts = JSON.parse((await run(['version', '--json'])).stdout) as Record<string, string>;
  assert.deepEqual([facts.version, facts.node], [manifest.version, process.version]);
});

test('completion prints a script, and the script finds commands and flags', async () => {
  const script = await run(['completion']);
  assert.deepEqual([script.code, script.stderr], [0, '']);
  assert.match(script.stdout, /complete .* inotify-csync/);
  const found = await run(['--get-yargs-completions', 'inotify-csync', 'check-config', '--cfg']);
  assert.match(found.stdout, /--cfg-path/);
});

const wrongLines: [words: string[], code: number, stderr: RegExp][] = [
  [['frobnicate'], 64, /^inotify-csync: there is no command frobnicate\n {2}see: inotify-csync --help\n$/],
  [['verison'], 64, /did you mean version\?/],
  [
    ['run', '--chek-interval', '1'],
    64,
    /^inotify-csync: there is no --chek-interval\n {2}did you mean --check-interval\?\n$/,
  ],
  [['run', '--check_interval=1'], 64, /did you mean --check-interval\?/],
  [['run', '--nonsense'], 64, /there is no --nonsense\n/],
  [['run', '--settle'], 64, /--settle needs a value/],
  [
    ['run', '--settle', 'x'],
    64,
    /^inotify-csync: --settle: found "x", expected seconds, 0 to 10\n {2}the default is 0.02\n$/,
  ],
  [['run', '--no-settle'], 64, /--settle: found "false"/],
  [['--settle', 'x'], 64, /--settle: found "x"/],
  [['run', '-c'], 64, /csync2's option -c can't be passed on/],
  [['run', '--', 'file'], 64, /"file" is not an option of csync2/],
  [['run', '-P', 'web2'], 64, /-P can't be passed on/],
  [['-v'], 64, /-v can't be passed on/],
  [
    ['run', '-C', 'blue', '--cfg-file', 'csync2.cfg'],
    64,
    /--cfg-file: it is csync2.cfg, but csync2's option -C blue/,
  ],
  [['version', '-A'], 64, /there is no -A here/],
  [['version', 'more'], 64, /more/],
  [['run', '--config', '/nonexistent.toml'], 66, /nonexistent.toml: there is no such file of settings/],
  [['check-config', '--cfg-path', '/nonexistent'], 66, /cannot read \/nonexistent\/csync2.cfg/],
];

for (const [words, code, stderr] of wrongLines) {
  test(`wrong: ${JSON.stringify(words.join(' '))}`, async () => {
    const outcome = await run(words);
    assert.match(outcome.stderr, stderr);
    assert.deepEqual([outcome.code, outcome.stdout], [code, '']);
    assert.equal(outcome.stderr.split('\n').length, 3, 'one line with what is wrong, one with what to do');
  });
}

test('no name on the command line can drive a terminal', async () => {
  for (const words of [
    ['run', '--config', '/\u001b[2J\n\u009b'],
    ['run', '\u001b[2J'],
    ['run', '--\u0007=1'],
    ['-\u001b'],
  ]) {
    const { code, stderr } = await run(words);
    assert.ok(code === 64 || code === 66, String(code));
    assert.ok(
      !/\p{Cc}/u.test(stderr.replaceAll('\n', '')) && stderr.split('\n').length === 3,
      JSON.stringify(stderr),
    );
  }
});

test('a wrong variable or file of settings', async (context) => {
  const folder = makeConfig(context);
  const variable = await run(['check-config'], { INOTIFY_CSYNC_SERVER: 'x' });
  assert.deepEqual(
    [variable.code, variable.stderr.split('\n')[0]],
    [78, 'inotify-csync: $INOTIFY_CSYNC_SERVER: found "x", expected one of managed, external'],
  );
  writeFileSync(join(folder, 'settings.toml'), 'settle = 1\nsetle = 2\n');
  const file = await run(['run', '--config', join(folder, 'settings.toml')]);
  assert.equal(file.code, 78);
  assert.equal(
    file.stderr,
    `inotify-csync: ${folder}/settings.toml:2: there is no setting "setle"\n  did you mean settle?\n`,
  );
});

test('errors as objects', async () => {
  const { code, stdout, stderr } = await run(['check-config', '--json', '--settle', 'x']);
  assert.deepEqual([code, stderr], [64, '']);
  const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
  assert.deepEqual(Object.keys(error), ['code', 'message', 'hint', 'exitCode']);
  assert.deepEqual([error.code, error.exitCode], ['ICS_SETTING', 64]);
});

test('check-config shows peers, trees, patterns and settings, and where they come from', async (context) => {
  const folder = makeConfig(context);
  writeFileSync(join(folder, 'settings.toml'), '\nsettle = 0.5\n');
  const words = [
    '-Nweb1',
    '--config',
    `${folder}/settings.toml`,
    '--cfg-path',
    folder,
    '--no-parallel-updates',
  ];
  const { code, stdout, stderr } = await run(['check-config', ...words, '--', '-A'], {
    INOTIFY_CSYNC_LOG_LEVEL: 'debug',
  });
  assert.deepEqual([code, stderr], [0, '']);
  const expected = [
    /this host +web1\n/,
    / web2 +group g\n/,
    / web3 +group g +only receives\n/,
    new RegExp(` ${folder}/data +${folder}/csync2.cfg:7\n`),
    /group g \(auto younger\)\n/,
    new RegExp(` include +%data% +${folder}/csync2.cfg:7\n`),
    new RegExp(` exclude +\\*~ +${folder}/csync2.cfg:9\n`),
    new RegExp(` %data% +${folder}/data\n`),
    new RegExp(` settle +0.5 +${folder}/settings.toml:2\n`),
    / log_level +debug +\$INOTIFY_CSYNC_LOG_LEVEL\n/,
    / parallel_updates +false +--parallel-updates\n/,
    / check_interval +0.5 +default\n/,
  ];
  for (const line of expected) assert.match(stdout, line);
});

test('check-config --json', async (context) => {
  const folder = makeConfig(context);
  const { code, stdout } = await run([
    'check-config',
    '--json',
    '-N',
    'WEB2',
    '--cfg-path',
    folder,
    '-D',
    '/db',
    '-B',
  ]);
  const report = JSON.parse(stdout) as ConfigReport;
  assert.equal(code, 0);
  assert.deepEqual(Object.keys(report), [
    'hostName',
    'files',
    'peers',
    'roots',
    'groups',
    'prefixes',
    'warnings',
    'csync2Options',
    'settingsFile',
    'settings',
  ]);
  assert.deepEqual(report.csync2Options, { hostName: 'WEB2', database: '/db', rest: ['-B'] });
  assert.equal(report.hostName, 'web2');
  assert.deepEqual(
    report.peers.map((peer) => peer.name),
    ['web1', 'web3'],
  );
  assert.deepEqual(report.roots.at(-1), {
    path: `${folder}/data`,
    exists: true,
    places: [`${folder}/csync2.cfg:7`],
  });
});

test('check-config of what run would refuse', async (context) => {
  const folder = makeConfig(context);
  const stranger = await run(['check-config', '-N', 'db1', '--cfg-path', folder]);
  assert.equal(stranger.code, 78);
  assert.match(stranger.stderr, /this host \(db1\) is in no group/);
  rmSync(join(folder, 'data'), { recursive: true });
  const missing = await run(['check-config', '-N', 'web1', '--cfg-path', folder]);
  assert.equal(missing.code, 66);
  assert.match(missing.stdout, /\/data +MISSING/);
  assert.match(missing.stderr, /does not exist/);
  const json = await run(['check-config', '--json', '-N', 'web1', '--cfg-path', folder]);
  const report = JSON.parse(json.stdout) as ConfigReport & { error: { code: string } };
  assert.deepEqual(
    [json.code, report.error.code, report.roots.at(-1)?.exists],
    [66, 'ICS_ROOT_MISSING', false],
  );
});

test('run starts with the same settings, and says what it lacks', async (context) => {
  const folder = makeConfig(context);
  const words = [
    'run',
    '-N',
    'db1',
    '--cfg-path',
    folder,
    '--queue-file',
    `${folder}/queue`,
    '--csync-log',
    `${folder}/log`,
  ];
  const { code, stderr } = await run(words);
  assert.equal(code, 78);
  assert.match(stderr, /inotify-csync: this host \(db1\) is in no group/);
});
