/**
 * Completion, as real shells do it at a terminal: what they make of the line is shown by a function
 * in the program's place.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pathsFrom } from '#src/cli/completion/paths-from.js';
import { type Shell, shells } from '#src/cli/completion/shells.js';
import { wantedOf } from '#src/cli/completion/wanted.js';
import { ControlServer } from '#src/observe/control-server.js';
import { runCommand } from '../support/command.js';

const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));
const scripts = fileURLToPath(new URL('../../../completions/', import.meta.url));
const typist = fileURLToPath(new URL('../../../test/cli/type-at-shell.py', import.meta.url));

interface Place {
  readonly folder: string;
  readonly environment: Record<string, string>;
}

/** A daemon that answers, a program in PATH, and trees with names that shells could misread. */
async function makePlace(context: TestContext): Promise<Place> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'completion-test-')));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['bin', 'home', 'www', 'my data', 'cost$(touch evil)', 'a:b'])
    mkdirSync(join(folder, name));
  for (const name of [`it's "x" $(touch evil) \`touch evil\`;touch evil`, 'plain.txt', 'other']) {
    writeFileSync(join(folder, 'www', name), '');
  }
  mkdirSync(join(folder, 'www/sub dir'));
  writeFileSync(
    join(folder, 'bin/inotify-csync'),
    `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const roots = ['www', 'my data', 'cost$(touch evil)', 'a:b'].map((name) => ({
    path: join(folder, name),
  }));
  const server = await ControlServer.listen(join(folder, 'run/control.sock'), () => ({
    peers: [
      { name: 'web2' },
      { name: 'web3' },
      { name: 'evil\n$(touch evil)' },
      { name: '$(touch evil)' },
    ],
    host: 'web1',
    roots: [...roots, { path: '/srv/\\x0a' }],
  }));
  context.after(() => server.close());
  const environment = {
    PATH: `${folder}/bin:${process.env.PATH}`,
    HOME: `${folder}/home`,
    ZDOTDIR: `${folder}/home`,
    TERM: 'xterm',
    LC_ALL: 'C.UTF-8',
    INOTIFY_CSYNC_CONFIG: '/dev/null',
    INOTIFY_CSYNC_RUNTIME_DIRECTORY: `${folder}/run`,
  };
  return { folder, environment };
}

async function candidates({ environment }: Place, words: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runCommand(
    [process.execPath, program, '__complete', ...words],
    {
      env: environment,
    },
  );
  assert.deepEqual([code, stderr], [0, '']);
  return stdout.split('\n').slice(0, -1);
}

async function values(place: Place, words: readonly string[]): Promise<string[]> {
  return (await candidates(place, words)).map((line) => line.split('\t')[0] ?? '');
}

test('each word can become what may stand there', async (context) => {
  const place = await makePlace(context);
  const { folder } = place;
  const commands = await candidates(place, ['']);
  assert.ok(commands.includes('version\tprint the version') && commands.length > 15);
  assert.deepEqual(await values(place, ['stat']), ['status']);
  assert.deepEqual(await values(place, ['--js']), ['--json']);
  assert.deepEqual(await values(place, ['flush', '--']), [
    ...['--config', '--peer', '--wait', '--json', '--help', '--version'],
  ]);
  assert.deepEqual(await values(place, ['flush', '--peer', 'web2', '--p']), [
    ...['--parallel-updates', '--peer-timeout', '--private-databases'],
  ]);
  assert.deepEqual(await values(place, ['check-config', '--cfg']), ['--cfg-path', '--cfg-file']);
  assert.deepEqual(await values(place, ['run', '--log-level', '']), [
    'error',
    'warn',
    'info',
    'debug',
  ]);
  assert.deepEqual(await values(place, ['run', '--server=e']), ['external']);
  assert.deepEqual(await values(place, ['doctor', '--output', '']), [':files']);
  assert.deepEqual(await values(place, ['completion', '']), ['bash', 'zsh', 'fish']);
  assert.deepEqual(await values(place, ['help', 'check']), [
    'check',
    'check-config',
    'check_interval',
    'checker',
  ]);
  for (const words of [
    ['retry', 'web'],
    ['flush', '--peer', 'web'],
    ['events', '--follow', '--peer=web'],
    ['verify', 'web'],
  ]) {
    assert.deepEqual(await values(place, words), ['web2', 'web3'], words.join(' '));
  }
  for (const words of [
    ['--keep', ''],
    ['/srv/one', '--keep='],
  ]) {
    assert.deepEqual(await candidates(place, ['resolve', ...words]), [
      'newest\tthe version that was changed last',
      'web1\tthis host',
      'web2',
      'web3',
      '$(touch evil)',
    ]);
  }
  assert.deepEqual(await values(place, ['resolve', '--keep', 'n']), ['newest']);
  assert.deepEqual(await values(place, ['retry', 'web2', '']), []);
  const roots = ['www', 'my data', 'cost$(touch evil)', 'a:b'].map((name) => `${folder}/${name}`);
  for (const command of ['check', 'flush', 'accept-root', 'explain']) {
    assert.deepEqual(await values(place, [command, '']), roots, command);
  }
  assert.deepEqual(await values(place, ['check', '/x', `${folder}/w`]), [`${folder}/www`]);
  assert.deepEqual(await values(place, ['check', `${folder}/www/`]), [':files']);
  assert.deepEqual(await values(place, ['check', 'relative']), [':files']);
  assert.deepEqual(await values(place, ['verify', 'web2', '']), roots);
  assert.deepEqual(await values(place, ['verify', '/']), roots);
});

test('without a daemon csync2.cfg says who the peers are; without that there is nothing, and no error', async (context) => {
  const place = await makePlace(context);
  const { folder } = place;
  const config = [
    'group g {',
    '  host web1 web7;',
    '  key /none;',
    `  include ${folder}/www;`,
    '  auto none;',
    '}',
  ];
  writeFileSync(join(folder, 'csync2.cfg'), `${config.join('\n')}\n`);
  const where = ['--runtime-directory=/nonexistent', '--cfg-path', folder];
  assert.deepEqual(await values(place, ['retry', ...where, '-N', 'web1', '']), ['web7']);
  assert.deepEqual(await values(place, ['explain', ...where, '-N', 'web1', '']), [`${folder}/www`]);
  const nowhere = ['--runtime-directory=/nonexistent', '--cfg-path=/nonexistent'];
  assert.deepEqual(await values(place, ['retry', ...nowhere, '']), []);
  assert.deepEqual(await values(place, ['run', '-N', '']), []);
  assert.deepEqual(await values(place, ['run', '--', '']), []);
  for (const words of [
    [],
    ['--'],
    ['run', '--', ''],
    ['-'],
    ['frob', ''],
    ['run', '--settle='],
    ['\u001b', '\n'],
  ]) {
    await candidates(place, words);
  }
});

test('what is wanted depends on no file', () => {
  const own = {
    text: '',
    operands: [{ name: 'peer', isList: false }],
    flags: [{ name: 'since', text: 'x', takesValue: true, isHidden: false }],
  };
  assert.deepEqual(wantedOf(['retry', 'a'], own, []), {
    ...{ typed: 'a', words: [], peers: true, ownHost: false, paths: false, files: false },
  });
  assert.equal(wantedOf(['retry', '--since', ''], own, []).peers, false);
  assert.equal(wantedOf(['retry', '--since', 'x', ''], own, []).peers, true);
  assert.deepEqual(pathsFrom(['/srv/a'], '/srv/'), { paths: ['/srv/a'], isFiles: false });
  assert.deepEqual(pathsFrom(['/srv/a'], '/srv/a/'), { paths: [], isFiles: true });
  assert.deepEqual(pathsFrom([], '/'), { paths: [], isFiles: true });
});

test('completion prints the script of the shell that is named, or of $SHELL', async () => {
  const run = (words: string[], env: NodeJS.ProcessEnv) =>
    runCommand([process.execPath, program, 'completion', ...words], { env });
  const files = { bash: 'inotify-csync.bash', zsh: '_inotify-csync', fish: 'inotify-csync.fish' };
  for (const shell of shells) {
    const script = readFileSync(join(scripts, files[shell]), 'latin1');
    assert.equal((await run([shell], { SHELL: '/bin/sh' })).stdout, script);
    assert.equal((await run([], { SHELL: `/usr/bin/${shell}` })).stdout, script);
    assert.deepEqual(JSON.parse((await run([shell, '--json'], {})).stdout), { shell, script });
  }
  const unknown = await run(['tcsh'], {});
  assert.equal(unknown.code, 64);
  assert.match(
    unknown.stderr,
    /no completion script for tcsh\n {2}the shells are bash, zsh, fish\n/,
  );
  assert.match((await run([], {})).stderr, /\$SHELL is not set/);
  assert.match(
    (await run([], { SHELL: '/bin/dash' })).stderr,
    /\$SHELL: there is no completion script for dash/,
  );
});

/**
 * How each shell is started so that it has the script, says READY, and shows the words of a line in
 * place of obeying it.
 */
const start: { readonly [Name in Shell]: (place: Place) => string[] } = {
  bash: ({ folder }) => {
    const file = join(folder, 'home/bashrc');
    writeFileSync(file, `source ${scripts}inotify-csync.bash\n${showWords}PS1='READY '\n`);
    return ['bash', '--noprofile', '--rcfile', file, '-i'];
  },
  zsh: ({ folder }) => {
    const setup = `fpath=(${scripts} $fpath)\nautoload -Uz compinit\ncompinit -u -D\n`;
    writeFileSync(join(folder, 'home/.zshrc'), `${setup}${showWords}PS1='READY '\n`);
    return ['zsh', '-d', '-i'];
  },
  fish: ({ folder }) => {
    const file = join(folder, 'home/config.fish');
    const show = `function inotify-csync; printf 'ARGS:'; printf '<%s>' $argv; printf ':%s\\n' END; end\n`;
    writeFileSync(
      file,
      `source ${scripts}inotify-csync.fish\n${show}function fish_prompt; printf 'READY '; end\n`,
    );
    return ['fish', '--init-command', `source ${file}`, '-i'];
  },
};
const showWords = `inotify-csync() { printf 'ARGS:'; printf '<%s>' "$@"; printf ':%s\\n' END; }\n`;

for (const shell of shells) {
  test(`${shell} completes commands, flags, peers and paths, and evaluates no name`, async (context) => {
    if (spawnSync(shell, ['--version']).error) return context.skip(`${shell} is not installed`);
    const place = await makePlace(context);
    const { environment, folder } = place;
    const words = start[shell](place);
    const typed = async (text: string) => {
      const shown = await runCommand(['python3', typist, text, ...words], {
        env: environment,
        cwd: folder,
      });
      assert.equal(shown.code, 0, shown.stderr);
      const found = Buffer.from(shown.stdout, 'latin1')
        .toString()
        .match(/ARGS:(<.*>):END/);
      assert.ok(found, shown.stdout);
      return found[1];
    };
    assert.equal(await typed('inotify-csync watc\t\r'), '<watch-limit>');
    assert.equal(await typed('inotify-csync flush --wai\t\r'), '<flush><--wait>');
    assert.equal(await typed('inotify-csync retry we\t3\r'), '<retry><web3>');
    assert.equal(await typed('inotify-csync run --server=e\t\r'), '<run><--server=external>');
    const checked = async (text: string) => {
      const [, path] =
        /^<check><(.*)>$/.exec((await typed(`inotify-csync check ${text}`)) ?? '') ?? [];
      // Readline adds a slash to a directory.
      return path?.replace(`${folder}/`, '').replace(/\/$/, '');
    };
    assert.equal(await checked(`${folder}/w\t\r`), 'www');
    assert.equal(await checked(`${folder}/my\t\r`), 'my data');
    assert.equal(await checked(`${folder}/cos\t\r`), 'cost$(touch evil)');
    assert.equal(await checked(`${folder}/a:\t\r`), 'a:b');
    assert.equal(await checked(`${folder}/www/pl\t\r`), 'www/plain.txt');
    const evil = `www/it's "x" $(touch evil) \`touch evil\`;touch evil`;
    assert.equal(await checked(`${folder}/www/it\t\r`), evil);
    assert.equal(await checked(`'${folder}/my\t${shell === 'zsh' ? "'" : ''}\r`), 'my data');
    assert.equal(await checked(`${folder}/my\\ da\t\r`), 'my data');
    assert.ok(!existsSync(join(folder, 'evil')));
  });
}
