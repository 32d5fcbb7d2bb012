import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { askDaemon } from '#src/observe/control-client.js';
import { parseRequest, requestBytesLimit } from '#src/observe/control-protocol.js';
import { ControlServer, ControlSocketError } from '#src/observe/control-server.js';

const isRoot = process.geteuid?.() === 0;

describe('control socket', () => {
  test('answers requests line by line, also several at once, and bad ones with an error', async (context) => {
    const { path } = await setUp(context);
    const socket = await open(path);
    socket.write(
      '{"command":"status"}\n{"command":"retry","peer":"web2"}\nnonsense\n[]\n{"command":"check","paths":["x"]}\n',
    );
    const replies = (await readLines(socket, 5)).map(
      (line) => JSON.parse(line) as { ok: boolean; result?: unknown },
    );
    assert.deepEqual(replies.slice(0, 2), [
      { ok: true, result: { command: 'status' } },
      { ok: true, result: { command: 'retry', peer: 'web2' } },
    ]);
    assert.deepEqual(
      replies.slice(2).map(({ ok }) => ok),
      [false, false, false],
    );
    socket.destroy();
  });

  test('is for its owner alone', async (context) => {
    const { path } = await setUp(context);
    assert.equal(statSync(path).mode & 0o7777, 0o600);
    assert.equal(statSync(join(path, '..')).mode & 0o7777, 0o700);
  });

  test(
    'nobody else can open it, not even in a directory that is open to all',
    { skip: !isRoot && 'needs root' },
    async (context) => {
      const { path, folder } = await setUp(context);
      const tries = () =>
        spawnSync(
          'setpriv',
          ['--reuid=65534', '--regid=65534', '--clear-groups', 'bash', '-c', script, 'try', path],
          {
            encoding: 'utf8',
            timeout: 20_000,
          },
        ).stdout;
      const script =
        'python3 -c \'import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])\' "$1" 2>&1 | tail -1';
      assert.match(tries(), /PermissionError/);
      chmodSync(folder, 0o755);
      chmodSync(join(path, '..'), 0o755);
      assert.match(tries(), /PermissionError/);
      assert.deepEqual(await askDaemon(path, { command: 'status' }), { command: 'status' });
    },
  );

  test('a link or a file in its place is left as it is, and what it points to as well', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'control-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const target = join(folder, 'target');
    writeFileSync(target, 'precious', { mode: 0o644 });
    for (const make of [
      (path: string) => symlinkSync(target, path),
      (path: string) => writeFileSync(path, 'precious'),
    ]) {
      const path = join(folder, 'control.sock');
      make(path);
      await assert.rejects(
        ControlServer.listen(path, (request) => request),
        ControlSocketError,
      );
      assert.equal(readFileSync(path, 'utf8'), 'precious');
      assert.equal(statSync(target).mode & 0o7777, 0o644);
      rmSync(path);
    }
  });

  test('a line without end is cut off; the next one who asks is served', async (context) => {
    const { path } = await setUp(context);
    const socket = await open(path);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // What it is told has to be read, or the end is never seen.
    socket.resume();
    const flood = Buffer.alloc(64 * 1024, 'x');
    for (let sent = 0; sent < requestBytesLimit + 2 * flood.length; sent += flood.length)
      socket.write(flood);
    await closed;
    assert.deepEqual(await askDaemon(path, { command: 'status' }), { command: 'status' });
  });

  test('one connection too many is turned away, and the others go on', async (context) => {
    const { path } = await setUp(context);
    const others = [];
    for (let number = 0; number < 16; number++) others.push(await open(path));
    await assert.rejects(askDaemon(path, { command: 'status' }), { code: 'ICS_BUSY' });
    (others[3] as Socket).write('{"command":"status"}\n');
    assert.equal((await readLines(others[3] as Socket, 1)).length, 1);
    for (const socket of others) socket.destroy();
    // They are counted until their end is noticed.
    for (let attempt = 0; ; attempt++) {
      const answer = await askDaemon(path, { command: 'status' }).catch((error: unknown) => error);
      if (!(answer instanceof Error)) break;
      assert.ok(attempt < 1000, 'places are never free again');
    }
  });

  test('whoever says nothing is sent away', async (context) => {
    const { path } = await setUp(context);
    const socket = await open(path);
    await once(socket, 'close');
    assert.deepEqual(await askDaemon(path, { command: 'status' }), { command: 'status' });
  });
});

async function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'control-'));
  const path = join(folder, 'run', 'control.sock');
  const server = await ControlServer.listen(path, (request) => request);
  context.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return { folder, path };
}

async function open(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.setEncoding('utf8');
  // The server may go while we write.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

function readLines(socket: Socket, count: number): Promise<string[]> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      if (lines.length > count) resolve(lines.slice(0, count));
    });
  });
}

test('a pause is of some peers or of all, and a list of none is no list', () => {
  for (const command of ['pause', 'resume']) {
    assert.deepEqual(parseRequest(JSON.stringify({ command })), { command });
    const some = { command, peers: ['web2', ''] };
    assert.deepEqual(parseRequest(JSON.stringify(some)), some);
    for (const peers of [[], 'web2', null, [1], {}])
      assert.throws(() => parseRequest(JSON.stringify({ command, peers })), /`peers` must be/);
  }
});
