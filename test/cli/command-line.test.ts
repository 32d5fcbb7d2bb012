import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '#src/cli/command-line.js';
import type { ConfigReport } from '#src/cli/commands/check-config/report.js';
import { completionLines } from '#src/cli/completion/complete.js';
import { readHandler } from '#src/daemon/read-handler.js';
import { ControlServer } from '#src/observe/control-server.js';
import { shareDirectory } from '#src/observe/share-directory.js';
import { runCommand } from '../support/command.js';

const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));
const manifest = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as {
  version: string;
};

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  words: readonly string[],
  environment: Record<string, string> = {},
  user: { uid?: number; gid?: number } = {},
): Promise<Outcome> {
  const env = { PATH: process.env.PATH, INOTIFY_CSYNC_CONFIG: '/dev/null', ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words], { env, ...user }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
        stdout,
        stderr,
      });
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
  for (const part of ['run', 'check-config', 'version', 'completion', 'help settings']) {
    assert.ok(stdout.includes(part), part);
  }
  const settings = await run(['help', 'settings']);
  for (const part of ['check_interval', 'cfg_file', 'csync2_options', '-N NAME', '--config']) {
    assert.ok(settings.stdout.includes(part), part);
  }
  for (const command of ['run', 'check-config', 'version']) {
    const own = await run([command, '--help']);
    assert.deepEqual([own.code, own.stdout.includes('EXIT STATUS')], [0, true], command);
  }
});

test('without a command there is help, and the exit code of a wrong command line', async () => {
  const [bare, asked] = await Promise.all([run([]), run(['-h'])]);
  assert.deepEqual([bare.code, bare.stderr], [64, '']);
  assert.deepEqual([asked.code, asked.stdout], [0, bare.stdout]);
});

test('every command of the help text has a help text of its own', async () => {
  const { stdout } = await run(['--help']);
  const names = [...stdout.matchAll(/^ {2}inotify-csync (\S+)/gm)].map(([, name = '']) => name);
  assert.ok(names.length > 15);
  assert.deepEqual(names.slice(0, 2), ['run', 'status'], 'what matters comes first');
  for (const name of names) {
    const help = await run(['help', name]);
    assert.deepEqual([help.code, help.stderr], [0, ''], name);
  }
});

test('of a flag that is given twice the last counts, and of several operands all', async (context) => {
  const folder = makeConfig(context);
  const requests: unknown[] = [];
  const server = await ControlServer.listen(join(folder, 'run/control.sock'), (request) => {
    requests.push(request);
    return { queued: [], outside: [], complete: true, pending: [], waited_s: 0 };
  });
  context.after(() => server.close());
  const environment = { INOTIFY_CSYNC_RUNTIME_DIRECTORY: `${folder}/run` };
  await run(['check', '/a', '/b', '/c', '--json', '--json'], environment);
  await run(['pause', 'web2', 'web3', '--json'], environment);
  await run(['resume', '--json'], environment);
  await run(
    ['flush', '/a', '/b', '--peer', 'x', '--peer', 'web2', '--wait=1', '--wait=0'],
    environment,
  );
  assert.deepEqual(requests, [
    { command: 'check', paths: ['/a', '/b', '/c'] },
    { command: 'pause', peers: ['web2', 'web3'] },
    { command: 'resume' },
    { command: 'flush', paths: ['/a', '/b'], peer: 'web2', seconds: 0 },
  ]);
});

test('help of a command shows its own options, and those of the settings only where they are asked for', async () => {
  for (const command of [
    'status',
    'check',
    'retry',
    'pause',
    'resume',
    'accept-root',
    'reload',
    'run',
  ]) {
    const [{ code, stdout }, same] = await Promise.all([
      run([command, '--help']),
      run(['help', command]),
    ]);
    assert.deepEqual([code, same.stdout], [0, stdout]);
    assert.ok(stdout.includes('--json') && !stdout.includes('--check-interval'), stdout);
    assert.ok(!stdout.includes('show-hidden'), stdout);
  }
  const objects = JSON.parse((await run(['help', 'settings', '--json'])).stdout) as {
    name: string;
  }[];
  assert.ok(objects.some(({ name }) => name === 'settle'));
});

test('a settings file that is broken keeps nobody from asking the daemon', async (context) => {
  const folder = makeConfig(context);
  const requests: unknown[] = [];
  const server = await ControlServer.listen(join(folder, 'run/control.sock'), (request) => {
    requests.push(request);
    return {
      peers: ['web2'],
      queued: 'everything',
      outside: [],
      accepted: '/x',
      missing: 1,
      needs_restart: [],
    };
  });
  context.after(() => server.close());
  const file = join(folder, 'settings.toml');
  for (const text of [
    `setle = 1\nruntime_directory = "${folder}/run"\n`,
    `runtime_directory = '${folder}/run' # ours\nsettle = = 1\n`,
    `settle = "x"\nserver = 7\nruntime_directory = "${folder}/run"\n`,
  ]) {
    writeFileSync(file, text);
    for (const words of [['check'], ['retry'], ['accept-root', '/x'], ['reload']]) {
      const plain = await run([...words, '--config', file]);
      assert.deepEqual([plain.code, plain.stderr], [0, ''], text);
      assert.match(plain.stdout, /^[^\n]+\n$/);
      const json = await run([...words, '--config', file, '--json']);
      assert.equal(typeof JSON.parse(json.stdout), 'object');
    }
  }
  assert.equal(requests.length, 24);
  const wrong = await run(['check', '--runtime-directory', 'relative']);
  assert.deepEqual(
    [wrong.code, wrong.stderr.split('\n')[0]?.includes('--runtime-directory')],
    [64, true],
  );
  const missing = await run(['accept-root', '/x', '--config', `${folder}/none.toml`]);
  assert.equal(missing.code, 66, 'the daemon of another settings file must not be asked');
});

test('a key or configuration that this user may not read says so, and never how to make another', async (context) => {
  if (process.geteuid?.() !== 0) return context.skip('only root can become somebody else');
  const folder = makeConfig(context);
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'key'), 0o600);
  const nobody = { uid: 65534, gid: 65534 };
  const where = ['-N', 'web1', '--cfg-path', folder];
  const key = await run(['check-config', ...where], {}, nobody);
  assert.equal(key.code, 77);
  assert.match(
    key.stderr,
    /csync2.cfg:6: this user may not read the key file .*\n {2}run this as root\n$/,
  );
  assert.ok(!key.stderr.includes('csync2 -k'));
  const explained = await run(['explain', `${folder}/data/x`, ...where], {}, nobody);
  assert.deepEqual([explained.code, explained.stderr], [0, '']);
  const limits = await run(['watch-limit', '--json', ...where], {}, nobody);
  assert.equal(limits.stderr, '');
  chmodSync(join(folder, 'csync2.cfg'), 0o600);
  const config = await run(['explain', '/x', ...where], {}, nobody);
  assert.equal(config.code, 77);
  assert.match(config.stderr, /may not read csync2's configuration .*\n {2}run this as root/);
});

test('who is in the group may ask for the status and the metrics; others learn how to', async (context) => {
  if (process.geteuid?.() !== 0) return context.skip('only root can become somebody else');
  const folder = makeConfig(context);
  chmodSync(folder, 0o755);
  const directory = join(folder, 'run');
  mkdirSync(directory, { mode: 0o700 });
  const group = 65_531;
  shareDirectory(directory, group);
  const families = [
    { name: 'inotify_csync_up', type: 'gauge', help: 'x', samples: [{ labels: {}, value: 1 }] },
  ];
  const answers = (from: string) =>
    readHandler({ status: () => ({ health: 'healthy', from }), metrics: () => families });
  const control = await ControlServer.listen(join(directory, 'control.sock'), answers('control'));
  context.after(() => control.close());
  const where = ['--runtime-directory', directory];
  const [root, member, stranger] = [{}, { uid: 65534, gid: group }, { uid: 65534, gid: 65534 }];
  const without = await run(['status', ...where], {}, member);
  assert.equal(without.code, 77);
  assert.match(
    without.stderr,
    /status.sock may not be opened by this user\n {2}run this as root, or have the group/,
  );

  const access = { group, longestRequest: 4096 };
  const read = await ControlServer.listen(
    join(directory, 'status.sock'),
    answers('read'),
    undefined,
    access,
  );
  context.after(() => read.close());
  const status = async (user: { uid?: number; gid?: number }) =>
    JSON.parse((await run(['status', '--json', ...where], {}, user)).stdout) as { from: string };
  assert.deepEqual([(await status(root)).from, (await status(member)).from], ['control', 'read']);
  const metrics = await run(['metrics', ...where], {}, member);
  assert.deepEqual([metrics.code, metrics.stdout.split('\n')[2]], [0, 'inotify_csync_up 1']);
  for (const words of [['status'], ['metrics']]) {
    const { code, stderr } = await run([...words, ...where], {}, stranger);
    assert.equal(code, 77);
    assert.match(
      stderr,
      /status.sock may not be opened .*\n {2}run this as root, or .* the group inotify-csync/,
    );
  }
  for (const words of [['check'], ['reload'], ['flush']]) {
    const { code, stderr } = await run([...words, ...where], {}, member);
    assert.deepEqual([code, stderr.split('\n')[1]], [77, '  run this as root']);
  }
});

test('metrics --output replaces a file as a whole, and follows no link', async (context) => {
  const folder = makeConfig(context);
  const file = join(folder, 'x.prom');
  writeFileSync(join(folder, 'target'), 'precious');
  symlinkSync('target', file);
  const nowhere = ['--runtime-directory', join(folder, 'none')];
  const { code, stdout, stderr } = await run(['metrics', '--output', file, ...nowhere]);
  assert.deepEqual([code, stdout, stderr], [3, '', '']);
  assert.match(readFileSync(file, 'utf8'), /\ninotify_csync_up 0\n$/);
  const { mode } = lstatSync(file);
  assert.deepEqual([mode & 0o170000, mode & 0o7777], [0o100000, 0o644]);
  assert.equal(readFileSync(join(folder, 'target'), 'utf8'), 'precious');
  const left = readdirSync(folder).filter((name) => name.startsWith('x.prom.'));
  assert.deepEqual(left, [], 'nothing else is left');
  const failed = await run(['metrics', '--output', join(folder, 'none/x.prom'), ...nowhere]);
  assert.equal(failed.code, 73);
  assert.match(failed.stderr, /cannot write .*ENOENT.*\n {2}name a file/);
});

test('explain says what csync2 does not send of a path', async (context) => {
  const folder = makeConfig(context);
  const where = ['-N', 'web1', '--cfg-path', folder];
  const explain = async (name: string) => {
    const { stdout, stderr } = await run(['explain', join(folder, 'data', name), ...where]);
    assert.equal(stderr, '');
    return stdout;
  };
  assert.doesNotMatch(await explain('plain'), /(is|are) not sent|hard links/);
  writeFileSync(join(folder, 'data/plain'), '');
  assert.doesNotMatch(await explain('plain'), /(is|are) not sent|hard links/);
  linkSync(join(folder, 'data/plain'), join(folder, 'data/other'));
  assert.match(await explain('plain'), /it has 2 names \(hard links\) here/);
  // An ACL of version 2: user::rw-, user:1:r--, group::r--, mask::r--, other::r--.
  const mark = `
import os, struct, sys
entries = [(1, 6, -1), (2, 4, 1), (4, 4, -1), (16, 4, -1), (32, 4, -1)]
acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHi', *entry) for entry in entries)
os.setxattr(sys.argv[1], 'system.posix_acl_access', acl)
os.setxattr(sys.argv[1], 'trusted.of-test' if os.geteuid() == 0 else 'user.of-test', b'1')
`;
  const path = join(folder, 'data/marked');
  writeFileSync(path, '');
  const marked = await runCommand(['python3', '-c', mark, path]);
  assert.deepEqual([marked.code, marked.stderr], [0, '']);
  assert.match(await explain('marked'), /its ACL is not sent/);
  assert.match(await explain('marked'), /extended attributes are not sent: \w+\.of-test\n/);
  const json = await run(['explain', path, ...where, '--json']);
  assert.equal((JSON.parse(json.stdout) as { not_sent: string[] }).not_sent.length, 2);
});

test('version, in all forms', async () => {
  assert.equal((await run(['--version'])).stdout, `${manifest.version}\n`);
  assert.equal((await run(['-V'])).stdout, `${manifest.version}\n`);
  assert.ok(
    (await run(['version'])).stdout.startsWith(`inotify-csync ${manifest.version} (node v`),
  );
  const facts = JSON.parse((await run(['version', '--json'])).stdout) as Record<string, string>;
  assert.deepEqual([facts.version, facts.node], [manifest.version, process.version]);
});

test('help and version in one letter, anywhere', async () => {
  const names = (await run(['__complete', ''])).stdout
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '');
  for (const name of names.filter((each) => each !== '' && each !== 'help')) {
    const [short, long, version] = await Promise.all([
      run([name, '-h']),
      run([name, '--help']),
      run([name, '-V']),
    ]);
    assert.deepEqual([short.code, short.stdout, short.stderr], [0, long.stdout, ''], name);
    assert.deepEqual([version.code, version.stdout], [0, `${manifest.version}\n`], name);
  }
  assert.equal((await run(['help', '-h'])).code, 0);
  assert.equal((await run(['check', '/x', '--json', '-h'])).code, 0);
});

// In this process: there are a hundred of them.
test('a misspelled flag of any command is known', async () => {
  const completed = async (...words: string[]) =>
    (await completionLines(words, {})).split('\n').map((line) => line.split('\t')[0] ?? '');
  // yargs shows its help for the word `help` whatever else is there.
  const names = (await completed('')).filter((each) => each !== '' && each !== 'help');
  let tried = 0;
  for (const name of names) {
    for (const flag of await completed(name, '--')) {
      if (flag === '') continue;
      const misspelled = `${flag.slice(0, 3)}${flag.slice(4)}`;
      await assert.rejects(
        runCommandLine([name, misspelled, '/x']),
        { exitCode: 64, hint: `did you mean ${flag}?` },
        `${name} ${misspelled}`,
      );
      tried++;
    }
  }
  assert.ok(tried > 50, `${tried} flags`);
});

test('help of one setting', async () => {
  for (const name of ['check_interval', 'check-interval']) {
    const { code, stdout } = await run(['help', name]);
    assert.deepEqual([code, stdout.split('\n')[0]], [0, 'check_interval = SECONDS']);
  }
  const json = JSON.parse((await run(['help', 'settle', '--json'])).stdout) as { name: string }[];
  assert.deepEqual(
    json.map(({ name }) => name),
    ['settle'],
  );
  assert.match(
    (await run(['help', 'setle'])).stderr,
    /no command or setting setle\n {2}did you mean settle\?/,
  );
});

const wrongLines: [words: string[], code: number, stderr: RegExp][] = [
  [
    ['frobnicate'],
    64,
    /^inotify-csync: there is no command frobnicate\n {2}see: inotify-csync --help\n$/,
  ],
  [['verison'], 64, /did you mean version\?/],
  [
    ['run', '--chek-interval', '1'],
    64,
    /^inotify-csync: there is no --chek-interval\n {2}did you mean --check-interval\?\n$/,
  ],
  [['run', '--check_interval=1'], 64, /did you mean --check-interval\?/],
  [['run', '--nonsense'], 64, /run takes no --nonsense\n/],
  [['run', '--settle'], 64, /--settle needs a value/],
  [
    ['run', '--settle', 'x'],
    64,
    /^inotify-csync: --settle: found "x", expected seconds, 0 to 10\n {2}the default is 0.02\n$/,
  ],
  [['run', '--no-settle'], 64, /--settle: found "false"/],
  [['-v'], 64, /there is no command\n/],
  [['--settle', 'x'], 64, /there is no command|--settle/],
  [['metrics', '--outptu', 'x'], 64, /there is no --outptu\n {2}did you mean --output\?/],
  [
    ['run', '--metrics-listen', '0.0.0.0:1'],
    64,
    /^inotify-csync: --metrics-listen: "0.0.0.0:1" is not a loopback address/,
  ],
  [['watch-limit', '--aply'], 64, /there is no --aply\n {2}did you mean --apply\?/],
  [['status', '--jsn'], 64, /did you mean --json\?/],
  [
    ['version', '--settle', '1'],
    64,
    /version takes no --settle\n {2}see: inotify-csync version --help/,
  ],
  [['status', 'extra'], 64, /status takes no extra\n {2}see: inotify-csync status --help/],
  [['explain'], 64, /explain needs a path\n {2}see: inotify-csync explain --help/],
  [['help', 'statsu'], 64, /there is no command statsu\n {2}did you mean status\?/],
  [['run', '-c'], 64, /csync2's option -c is not allowed/],
  [['run', '--', 'file'], 64, /"file" is not an option of csync2/],
  [['run', '-P', 'web2'], 64, /-P is not allowed/],
  [
    ['run', '-C', 'blue', '--cfg-file', 'csync2.cfg'],
    64,
    /--cfg-file: it is csync2.cfg, but csync2's option -C blue/,
  ],
  [['version', '-A'], 64, /there is no -A here/],
  [['version', 'more'], 64, /more/],
  [
    ['run', '--config', '/nonexistent.toml'],
    66,
    /nonexistent.toml: there is no such settings file/,
  ],
  [
    ['check-config', '--cfg-path', '/nonexistent'],
    66,
    /cannot read \/nonexistent\/csync2.cfg.*\n.*cfg_path in the settings/,
  ],
];

for (const [words, code, stderr] of wrongLines) {
  test(`wrong: ${JSON.stringify(words.join(' '))}`, async () => {
    const outcome = await run(words);
    assert.match(outcome.stderr, stderr);
    assert.deepEqual([outcome.code, outcome.stdout], [code, '']);
    assert.equal(
      outcome.stderr.split('\n').length,
      3,
      'one line with what is wrong, one with what to do',
    );
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

test('a wrong variable or settings file', async (context) => {
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

test('exit codes stand in their order', async () => {
  const { stdout } = await run(['watch-limit', '--help']);
  const codes = [...stdout.slice(stdout.indexOf('EXIT STATUS')).matchAll(/^ +(\d+) {2}/gm)].map(
    ([, code]) => Number(code),
  );
  assert.ok(codes.includes(1) && codes.length > 5);
  assert.deepEqual(
    codes,
    [...codes].sort((one, other) => one - other),
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
  const [warnings, settings] = [stdout.indexOf('\nwarnings\n'), stdout.indexOf('\nsettings ')];
  assert.ok(settings > 0 && warnings > settings, 'warnings are last, where they are seen');
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
