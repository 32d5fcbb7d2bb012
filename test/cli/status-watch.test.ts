import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { assembleStatus } from '#src/observe/assemble-status.js';
import { ControlServer } from '#src/observe/control-server.js';
import { lane, quiet } from '../observe/status-sources.js';
import { waitFor } from '../support/wait-for.js';

// This file runs as build/test/cli/status-watch.test.js.
const commandLine = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const skip =
  spawnSync('script', ['--version']).status === 0 ? false : 'script(1) is missing (util-linux)';
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is sent
const nextRow = /\x1b\[\d+;1H/;
const [on, off] = ['\x1b[?1049h', '\x1b[?1049l'];

describe('status --watch on a terminal', { skip }, () => {
  for (const [name, key] of [
    ['q', 'q'],
    ['Ctrl-C', '\x03'],
  ] as const) {
    test(`draws on the alternate screen until ${name}, and restores the other`, async (context) => {
      const daemon = await daemonOf(context);
      const terminal = terminalOf(context, daemon.folder, 'stty cols 34 rows 6');
      await until('three frames', () => terminal.frames().length > 3);
      const frame = terminal.frames()[2] ?? [];
      assert.match(frame[0] ?? '', /^\d\d:\d\d:\d\d {2}every 0\.1 s; q: quit$/);
      assert.deepEqual(frame.slice(1), [
        'web1: healthy, waiting for',
        '  changes, up 0 ms, version 1.2.3',
        '',
        'watching   7 directories',
        '… 9 more lines',
      ]);
      assert.ok(terminal.output().includes('\x1b[32mhealthy\x1b[39m'));
      terminal.child.stdin.write(key);
      assert.equal(await terminal.end, 0);
      terminal.isRestored();
    });
  }

  test('ends at SIGTERM, with the screen restored', async (context) => {
    const daemon = await daemonOf(context);
    const terminal = terminalOf(context, daemon.folder);
    await until('a frame', () => terminal.frames().length > 0);
    process.kill(terminal.pid(), 'SIGTERM');
    assert.equal(await terminal.end, 0);
    terminal.isRestored();
  });

  test('ends when the terminal is gone', async (context) => {
    const daemon = await daemonOf(context);
    const terminal = terminalOf(context, daemon.folder);
    await until('a frame', () => terminal.frames().length > 0);
    const pid = terminal.pid();
    terminal.child.kill('SIGKILL');
    await until('its end', () => !isAlive(pid));
  });

  test('tells that the service has stopped, and shows it again when it is back', async (context) => {
    const daemon = await daemonOf(context);
    const terminal = terminalOf(context, daemon.folder);
    const last = () => terminal.frames().at(-2)?.join('\n') ?? '';
    await until('the status', () => last().includes('web1: healthy'));
    await daemon.stop();
    await until('its end to be told', () => last().includes('inotify-csync is not running'));
    assert.doesNotMatch(last(), /web1: healthy/);
    await daemon.start();
    await until('the status again', () => last().includes('web1: healthy'));
    terminal.child.stdin.write('q');
    assert.equal(await terminal.end, 0);
    terminal.isRestored();
  });
});

describe('status --watch elsewhere', () => {
  test('prints one text after the other, and ends with its reader', async (context) => {
    const daemon = await daemonOf(context);
    const child = spawnWatch(context, daemon.folder, '--watch=100ms');
    const output = textOf(child);
    await until('three texts', () => output().split('web1: healthy').length > 4);
    const [first = '', second] = output().split('\n\nweb1: healthy');
    assert.match(first, /^web1: healthy, [\s\S]*web2: ok/);
    assert.ok(second !== undefined && !output().includes('\x1b'));
    const end = once(child, 'exit');
    child.stdout.destroy();
    assert.deepEqual(await end, [0, null]);
  });

  test('with --json it prints an object a line, also of a service that is gone, until SIGTERM', async (context) => {
    const daemon = await daemonOf(context);
    const child = spawnWatch(context, daemon.folder, '--watch=100ms', '--json');
    const output = textOf(child);
    await until('a line', () => output().includes('\n'));
    await daemon.stop();
    await until('the error', () => output().includes('ICS_NOT_RUNNING'));
    const lines = output().split('\n').slice(0, -1);
    const objects = lines.map(
      (line) => JSON.parse(line) as { health?: string; error?: { exitCode: number } },
    );
    assert.equal(objects[0]?.health, 'healthy');
    assert.ok(objects.some(({ error }) => error?.exitCode === 3));
    const end = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await end, [0, null]);
  });

  test('a time that is none is an error, and so is what no later look can change', async (context) => {
    const daemon = await daemonOf(context);
    for (const words of [
      ['--watch=x'],
      ['--watch=0'],
      ['--watch=2d'],
      ['--watch', '--runtime-directory', 'relative'],
    ]) {
      const child = spawnWatch(context, daemon.folder, ...words);
      const [code] = (await once(child, 'exit')) as [number];
      assert.equal(code, 64, words.join(' '));
    }
    assert.equal(daemon.asked(), 0);
  });
});

/** Something that answers as a daemon does. */
async function daemonOf(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'watch-'));
  let asked = 0;
  const start = () =>
    ControlServer.listen(join(folder, 'run', 'control.sock'), () => {
      asked++;
      const now = Date.now();
      return assembleStatus({ ...quiet, startedAt: now, lanes: [lane()] }, now);
    });
  let server = await start();
  context.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    asked: () => asked,
    stop: () => server.close(),
    async start() {
      server = await start();
    },
  };
}

function spawnWatch(context: TestContext, folder: string, ...words: readonly string[]) {
  const all = [commandLine, 'status', '--runtime-directory', join(folder, 'run'), ...words];
  const child = spawn(process.execPath, all);
  context.after(() => child.kill('SIGKILL'));
  return child;
}

/** The same on a pseudo terminal, whose settings `prepare` may change. */
function terminalOf(context: TestContext, folder: string, prepare = 'true') {
  const pidFile = join(folder, 'pid');
  const words = ['status', '--watch=100ms', '--runtime-directory', join(folder, 'run')];
  const command = `${prepare}; echo $$ > ${pidFile}; exec ${process.execPath} ${commandLine} ${words.join(' ')}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh', NO_COLOR: '', FORCE_COLOR: '' },
  });
  context.after(() => child.kill('SIGKILL'));
  const output = textOf(child);
  return {
    child,
    output,
    end: once(child, 'exit').then(([code]) => code as number),
    pid: () => Number(readFileSync(pidFile, 'utf8')),
    /** What was drawn, without its colours, the last maybe in part. */
    frames: () =>
      output()
        .split('\x1b[1;1H')
        .slice(1)
        .map((frame) => frame.split(nextRow).map((line) => stripVTControlCharacters(line))),
    isRestored() {
      assert.deepEqual([output().split(on).length, output().split(off).length], [2, 2]);
      assert.ok(output().indexOf(on) < output().indexOf('\x1b[1;1H'));
      assert.ok(
        output().trimEnd().endsWith(`\x1b[?7h\x1b[?25h${off}`),
        JSON.stringify(output().slice(-80)),
      );
    },
  };
}

function textOf({ stdout }: ChildProcessWithoutNullStreams): () => string {
  let text = '';
  stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The time is only there to end a failing test. */
async function until(what: string, condition: () => boolean): Promise<void> {
  assert.ok(await waitFor(condition, 90), `waited in vain for ${what}`);
}
