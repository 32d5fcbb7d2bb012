import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { launcherPath, preloadPath } from '#src/native.js';

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
  const done = await launch(
    ['--arguments-from=3', '--', 'python3', '-c', listing],
    Buffer.alloc(0),
  );
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

test('what is preloaded opens no FIFO for reading, and anything else as ever', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'exec-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [fifo, file] = [join(folder, 'fifo'), join(folder, 'file')];
  execFileSync('mkfifo', [fifo]);
  writeFileSync(file, 'content');
  const script = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.fopen.restype = ctypes.c_void_p
for path in sys.argv[1:]:
    stream = libc.fopen(path.encode(), b"rb")
    print("opened" if stream else os.strerror(ctypes.get_errno()))
    if stream:
        number = libc.fileno(ctypes.c_void_p(stream))
        print(os.read(number, 20), os.get_blocking(number))
`;
  const paths = [fifo, file, join(folder, 'none')];
  // Not a script that starts it: what a program starts is not preloaded.
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  }).trim();
  const words = [`--preload=${preloadPath()}`, '--', python, '-c', script, ...paths];
  const { stdout } = spawnSync(launcherPath(), words, { encoding: 'utf8', timeout: 10_000 });
  assert.deepEqual(stdout.trim().split('\n'), [
    ...['Invalid argument', 'opened', "b'content' True", 'No such file or directory'],
  ]);
});

test('--preload has the program loaded with a library, and nothing that the program starts', () => {
  const script =
    'grep -c csync-preload /proc/$$/maps; grep -c csync-preload /proc/self/maps; echo "$LD_PRELOAD."';
  const words = [`--preload=${preloadPath()}`, '--', 'dash', '-c', script];
  const [own, started, left] = spawnSync(launcherPath(), words, { encoding: 'utf8' }).stdout.split(
    '\n',
  );
  assert.ok(Number(own) > 0);
  assert.deepEqual([started, left], ['0', '.']);
});

/** Writes pieces to stderr as csync2 does: each format of its own is one write. */
const speaker = `import os, sys, time
def say(*pieces):
    for piece in pieces: os.write(2, piece.encode("latin-1"))
me = "<%d> " % os.getpid()
`;

/** Runs a script under `--messages`, and gives the lines without time and pid. */
async function messagesOf(
  script: string,
): Promise<{ lines: string[]; pids: number[]; code: number }> {
  const done = await launch(
    ['--messages', '--', 'python3', '-c', speaker + script],
    Buffer.alloc(0),
  );
  const lines = done.errors.split('\n').filter((line) => line !== '');
  const parts = lines.map((line) => /^\d{4}-\d\d-\d\dT[\d:.]{12}Z <(\d+)>(.*)$/su.exec(line));
  return {
    lines: parts.map((part) => part?.[2] ?? 'no message'),
    pids: parts.map((part) => Number(part?.[1])),
    code: done.code,
  };
}

test('--messages: one line a message, whatever is in it', async () => {
  const { lines, code } = await messagesOf(`
say("[10:00:00] ", me, "Updated /a\\n[10:00:00] <5> Updated /v from x.\\n from node2.\\n")
say("[10:00:00] ", "without a newline")
say("[10:00:00] ", "back\\\\slash \\x01 \\xff\\n")
say(me, "TIMESTAMP: now\\n", "bare\\n")
sys.exit(7)`);
  assert.match(lines.shift() ?? '', /^\+keeper for \d+$/u);
  assert.deepEqual(lines, [
    ' Updated /a\\n[10:00:00] <5> Updated /v from x.\\n from node2.',
    ' without a newline',
    ' back\\\\slash \\x01 \ufffd',
    '-TIMESTAMP: now',
    '-bare',
  ]);
  assert.equal(code, 7);
});

test('--messages: processes that speak at once are kept apart, and a child that stays behind is heard', async () => {
  const { lines, pids } = await messagesOf(`
if os.fork() == 0:
    say("[10:00:00] "); time.sleep(0.2); say("child\\n"); os._exit(0)
time.sleep(0.1)
say("[10:00:00] ", "parent\\n")`);
  assert.deepEqual(lines.slice(1).sort(), [' child', ' parent']);
  assert.equal(new Set(pids).size, 3);
});

test('--messages: the keeper is no child of the program, and takes whatever is said', async () => {
  const { lines } = await messagesOf(`
import subprocess
say("[10:00:00] ", open("/proc/self/task/%d/children" % os.getpid()).read() + "\\n")
say("[10:00:00] ", "x" * 100000 + "\\n")`);
  assert.equal(lines[1]?.trim(), '');
  assert.equal(lines[2]?.length, 100_001);
});

test('the program ends when its parent is killed', async () => {
  // The parent starts the launcher, tells its pid and waits to be killed.
  const script = '"$0" --parent=$$ -- sleep 600 & echo $!; wait';
  const parent = spawn('bash', ['-c', script, launcherPath()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
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
