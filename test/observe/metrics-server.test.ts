import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { get, type RequestOptions } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { ListenAddress } from '#src/config/listen-address.js';
import { MetricsListenError, MetricsServer } from '#src/observe/metrics-server.js';

const text = `# TYPE inotify_csync_up gauge\n${'inotify_csync_up 1\n'.repeat(3000)}`;
const request = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
const isRoot = process.geteuid?.() === 0;

describe('metrics by HTTP', () => {
  test('an ordinary client gets them at a port, by IPv4 and IPv6', async (context) => {
    for (const place of [freePlace(), { host: '::1', port: await freePort('::1') }]) {
      const { host, port } = await serve(context, place);
      const [status, type, body] = await fetched({ host, port, path: '/metrics' });
      assert.deepEqual([status, body], [200, text]);
      assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
      assert.equal((await fetched({ host, port, path: '/' }))[0], 404);
    }
  });

  test('a client that sends byte by byte, and one that shuts its side down, get them as well', async (context) => {
    const place = await serve(context);
    const slow = await open(place);
    const first = textOf(slow);
    for (const byte of request) slow.write(byte);
    const second = await open(place);
    const whole = textOf(second);
    second.end(request);
    for (const reply of [await first, await whole]) assert.ok(reply.endsWith(text));
  });

  test('what comes after a request is thrown away: one answer a connection', async (context) => {
    const { made, ...place } = await serve(context);
    const client = await open(place);
    const reply = textOf(client);
    client.write(request.repeat(5000));
    assert.equal((await reply).split('HTTP/1.1 200').length, 2);
    assert.equal(made(), 1);
  });

  test('a request without an end is refused', async (context) => {
    const place = await serve(context);
    const client = await open(place);
    const reply = textOf(client);
    client.write(`GET /metrics HTTP/1.1\r\n${'X: y\r\n'.repeat(5000)}`);
    assert.match(await reply, /^HTTP\/1.1 431 /);
  });

  test('connections that say nothing displace nobody who asks, however many they are', async (context) => {
    const place = await serve(context);
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 50 }, () => open(place)));
      assert.equal((await fetched({ ...place, path: '/metrics' }))[0], 200);
    }
  });

  test('one that says nothing, or never reads, is cut off', async (context) => {
    const place = await serve(context, freePlace(), Buffer.alloc(32 * 1024 * 1024, 'x'));
    // In this order, the end of the second tells that the time of the first is over.
    const [deaf, silent] = [await open(place), await open(place)];
    const closed = [deaf, silent].map((client) => once(client, 'close'));
    deaf.write(request);
    silent.resume();
    await closed[1];
    deaf.resume();
    await closed[0];
    assert.ok(deaf.bytesRead < 32 * 1024 * 1024, 'it has not got all of it');
  });

  test('metrics that cannot be had are not there just now, and somebody is told', async (context) => {
    const troubles: string[] = [];
    const fails = (): Buffer => {
      throw new Error('short of descriptors');
    };
    const place = freePlace();
    const server = await MetricsServer.listen(
      { kind: 'port', ...place },
      fails,
      undefined,
      ({ message }) => troubles.push(message),
    );
    context.after(() => server.close());
    assert.equal((await fetched({ ...place, path: '/metrics' }))[0], 503);
    assert.deepEqual(troubles, ['short of descriptors']);
  });

  test('a port that is taken is named in the error', async (context) => {
    const place = await serve(context);
    await assert.rejects(listen({ kind: 'port', ...place }), {
      code: 'ICS_METRICS_LISTEN',
      message: new RegExp(`^cannot serve metrics at ${place.host}:${place.port}: .*EADDRINUSE`),
    });
  });
});

describe('metrics on a unix socket', () => {
  test(
    'are for its owner, or for a group as well',
    { skip: !isRoot && 'needs root' },
    async (context) => {
      const path = join(folderFor(context), 'm.sock');
      const own = await listen({ kind: 'socket', path });
      assert.equal((await fetched({ socketPath: path, path: '/metrics' }))[0], 200);
      assert.equal(statSync(path).mode & 0o7777, 0o600);
      await own.close();
      assert.ok(!existsSync(path));
      const shared = await listen({ kind: 'socket', path }, 65_533);
      context.after(() => shared.close());
      const { mode, gid } = statSync(path);
      assert.deepEqual([mode & 0o7777, gid], [0o660, 65_533]);
    },
  );

  test("a socket that nobody listens on is replaced, and another program's is not", async (context) => {
    const folder = folderFor(context);
    const path = join(folder, 'm.sock');
    const other = createServer().listen(path);
    await once(other, 'listening');
    await assert.rejects(listen({ kind: 'socket', path }), /another program listens there/);
    assert.ok(existsSync(path));
    other.close();
    await once(other, 'close');
    leaveStale(path);
    const server = await listen({ kind: 'socket', path });
    context.after(() => server.close());
  });

  test('a file or link in its place, and a directory that others can write to, are left alone', async (context) => {
    const folder = folderFor(context);
    const path = join(folder, 'm.sock');
    writeFileSync(join(folder, 'target'), '', { mode: 0o644 });
    symlinkSync('target', path);
    await assert.rejects(listen({ kind: 'socket', path }), MetricsListenError);
    assert.equal(statSync(join(folder, 'target')).mode & 0o7777, 0o644);
    rmSync(path);
    chmodSync(folder, 0o1777);
    await assert.rejects(listen({ kind: 'socket', path }), /others can write to/);
  });
});

interface Place {
  readonly host: string;
  readonly port: number;
}

async function serve(context: TestContext, place: Place = freePlace(), body = Buffer.from(text)) {
  let count = 0;
  const answer = () => {
    count += 1;
    return body;
  };
  const server = await MetricsServer.listen({ kind: 'port', ...place }, answer, undefined);
  context.after(() => server.close());
  return { ...place, made: () => count };
}

function listen(address: ListenAddress, group?: number): Promise<MetricsServer> {
  return MetricsServer.listen(address, () => Buffer.from(text), group);
}

let places = 0;

/** A port at a loopback address that is this process's alone. */
function freePlace(): Place {
  const { pid } = process;
  places += 1;
  return {
    host: `127.${(pid >> 16) & 0xff}.${(pid >> 8) & 0xff}.${pid & 0xff}`,
    port: 9800 + places,
  };
}

async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A socket as a process leaves it that was killed. */
function leaveStale(path: string): void {
  const script = 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])';
  assert.equal(spawnSync('python3', ['-c', script, path]).status, 0);
}

/** Status, content type and body of the answer to a GET. */
function fetched(
  options: RequestOptions,
): Promise<[number | undefined, string | undefined, string]> {
  return new Promise((resolve, reject) => {
    const asked = get(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve([response.statusCode, response.headers['content-type'], body]),
      );
      response.on('error', reject);
    });
    asked.on('error', reject);
  });
}

async function open({ host, port }: Place): Promise<Socket> {
  const socket = connect(port, host);
  // The server may cut it off at any moment.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the end. */
async function textOf(socket: Socket): Promise<string> {
  let all = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    all += chunk;
  });
  await once(socket, 'close');
  return all;
}
