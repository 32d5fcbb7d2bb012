/**
 * What a command loads: the time that it takes to start is the time that its modules take to load.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(import.meta.resolve('#src/cli/main.js'));

const hook = dataUrl(`
import { writeSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const result = await next(specifier, context);
  writeSync(2, result.url + '\\n');
  return result;
}`);
const register = dataUrl(
  `import { register } from 'node:module'; register(${JSON.stringify(hook)});`,
);

/** The modules that a command line loads, by their addresses. */
function modulesOf(words: readonly string[]): Promise<string[]> {
  const env = { PATH: process.env.PATH, INOTIFY_CSYNC_CONFIG: '/dev/null' };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', register, program, ...words],
      { env },
      (_, __, stderr) => {
        resolve(stderr.split('\n').filter((line) => line.startsWith('file:')));
      },
    );
  });
}

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

test('the version is printed before anything else is loaded', async () => {
  const modules = await modulesOf(['--version']);
  assert.ok(modules.some((url) => url.endsWith('/cli/command-line.js')));
  assert.deepEqual(
    modules.filter((url) => /\/(yargs|zod|winston[^/]*|execa)\/|\/cli\/commands\//.test(url)),
    [],
  );
});

test('what asks the daemon loads nothing of the daemon, and no other command', async () => {
  for (const words of [
    ['status'],
    ['check', '/x'],
    ['retry'],
    ['status', '--help'],
    ['status', '--json'],
  ]) {
    const modules = await modulesOf([...words, '--runtime-directory', '/nonexistent']);
    assert.ok(modules.some((url) => url.includes('/yargs/')));
    const needless =
      /\/(zod|winston[^/]*|execa|better-sqlite3)\/|\/dist\/(daemon|sync|csync2|queue|systemd\/notify)/;
    assert.deepEqual(
      modules.filter((url) => needless.test(url)),
      [],
    );
    const commands = modules.filter((url) => /\/cli\/commands\/[^/]+$/.test(url));
    assert.equal(new Set(commands).size, 1, commands.join(' '));
  }
});

test('the help of all commands loads no part of the daemon', async () => {
  const modules = await modulesOf(['--help']);
  assert.ok(modules.filter((url) => url.includes('/cli/commands/')).length > 15);
  assert.deepEqual(
    modules.filter((url) => /\/(zod|winston[^/]*|execa)\/|\/dist\/(sync|csync2|daemon)/.test(url)),
    [],
  );
});
