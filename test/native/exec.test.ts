import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { launcherPath } from '#src/native.js';

const show = 'import sys, os; sys.stdout.buffer.write(b"\\0".join(map(os.fsencode, sys.argv[1:])))';

async function launch(
  words: string[],
  bytes: Buffer,
): Promise<{ output: Buffer; errors: string; code: number }> {
  const child = spawn(launcherPath(), words, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
  const pipe = child.stdio[3] as NodeJS.WritableStream;
  pipe.on('error', () => undefined);
  pipe.end(bytes);
  const [code] = (await once(child, 'close')) as [number];
  return { output: Buffer.concat(output), errors: Buffer.concat(errors).toString(), code };
}

test('arguments from descriptor 3 arrive as bytes, after those of the command line', async () => {
  const names = ['\xff\xfe', ' blank ', 'new\nline', '', '-dash', 'x'.repeat(255)].map((name) =>
    Buffer.from(name, 'latin1'),
  );
  const bytes = Buffer.concat(names.flatMap((name) => [name, Buffer.from([0])]));
  const done = await launch(['--arguments-from=3', '--', 'python3', '-c', show, 'first'], bytes);
  const expected = Buffer.concat([
    Buffer.from('first'),
    ...names.flatMap((name) => [Buffer.from([0]), name]),
  ]);
  assert.deepEqual(done.output, expected);
  assert.equal(done.code, 0);
});

test('half an argument is refused: a prefix of a name may be another name', async () => {
  const done = await launch(['--arguments-from=3', '--', 'true'], Buffer.from('/a\0/b'));
  assert.equal(done.code, 126);
  assert.match(done.errors, /end in the middle/u);
});

test('the program inherits nothing but its three streams', async () => {
  const listing = 'import os; print(sorted(int(n) for n in os.listdir("/proc/self/fd"))[:4])';
  const done = await launch(['--arguments-from=3', '--', 'python3', '-c', listing], Buffer.alloc(0));
  // The fourth is the descriptor of the listing itself.
  assert.equal(done.output.toString().trim(), '[0, 1, 2, 3]');
});

test('exit codes and one line on stderr', () => {
  for (const [words, code] of [
    [['/nowhere/program'], 127],
    [['/etc/passwd'], 126],
    [['--unknown', 'true'], 126],
    [[], 126],
    [['--parent=1', 'true'], 126],
    [[`--parent=${process.pid}`, 'true'], 0],
  ] as const) {
    const done = spawnSync(launcherPath(), words, { encoding: 'utf8' });
    assert.equal(done.status, code, words.join(' '));
    assert.equal(done.stderr.split('\n').length, code === 0 ? 1 : 2, done.stderr);
  }
});

test('--idle lowers the priority', () => {
  const done = spawnSync(launcherPath(), ['--idle', '--', 'sh', '-c', 'nice; ionice -p $$'], {
    encoding: 'utf8',
  });
  assert.match(done.stdout, /10\nidle/u);
});

test('the program ends when its parent is killed', async () => {
  // The parent starts the launcher, tells its pid and waits to be killed.
  const script = '"$0" --parent=$$ -- sleep 600 & echo $!; wait';
  const parent = spawn('bash', ['-c', script, launcherPath()], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(chunk.toString());
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  for (let alive = true; alive; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    try {
      process.kill(child, 0);
    } catch {
      alive = false;
    }
  }
});
