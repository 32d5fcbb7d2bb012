import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { InotifyCsyncError } from '#src/errors.js';
import { askDaemon } from '#src/observe/control-client.js';
import { chooseSeed, seeded } from '../queue/support.js';

/** As large as the status of a large cluster. */
const replyBytes = 60_000;
const mebibyte = 1024 * 1024;
/**
 * The long form: CLIENTS=10000 and CLIENTS_SECONDS=60, and ROUNDS=20 of requests that are not read.
 */
const visits = Number(process.env.CLIENTS ?? 2000);
const seconds = Number(process.env.CLIENTS_SECONDS ?? 5);
const rounds = Number(process.env.ROUNDS ?? 2);

describe('clients that misbehave', { timeout: 600_000 }, () => {
  for (const request of ['{"command":"status"}', '{"command":"events","seconds":5}']) {
    test(`fifteen that ask on and on and never read: memory stays bounded, they are dropped, others are served: ${request}`, async (context) => {
      await neverRead(await Host.start(context), request, context);
    });
  }

  test('one that sends a byte now and then is sent away all the same', async (context) => {
    const host = await Host.start(context);
    const client = await open(host.path);
    let isOpen = true;
    client.once('close', () => {
      isOpen = false;
    });
    for (let count = 0; isOpen; count += 1) {
      assert.ok(count < 600, 'it is still there after 60 s');
      client.write('x');
      await sleep(100);
    }
  });

  test('the seventeenth is told at once that there is no place, and to try again', async (context) => {
    const host = await Host.start(context);
    const clients = await Promise.all(Array.from({ length: 16 }, () => open(host.path)));
    await assert.rejects(askDaemon(host.path, { command: 'status' }), {
      code: 'ICS_BUSY',
      exitCode: 75,
    });
    for (const client of clients) client.destroy();
  });

  test('a request that is too long is refused with a word', async (context) => {
    const host = await Host.start(context);
    const client = await open(host.path);
    const reply = textOf(client);
    client.write(Buffer.alloc(mebibyte + 1, 'x'));
    assert.match(await reply, /^\{"ok":false.*longer than/);
    const paths = Array.from({ length: 300_000 }, (_, index) => `/path ${index}`);
    await assert.rejects(askDaemon(host.path, { command: 'check', paths }), { exitCode: 64 });
  });

  test('one that shuts its side down after asking still gets its answers, and is closed then', async (context) => {
    const host = await Host.start(context);
    const client = await open(host.path);
    const reply = textOf(client);
    client.end('{"command":"status"}\n'.repeat(20));
    assert.equal((await reply).split('\n').length, 21);
    assert.equal(host.descriptors(), host.descriptorsAtStart);
  });

  test(`${visits} one after another, each gone at a random moment`, async (context) => {
    const random = seeded(chooseSeed(context));
    const host = await Host.start(context);
    const before = host.memory();
    for (let number = 0; number < visits; number += 1) {
      const client = await open(host.path).catch(() => undefined);
      if (!client) continue;
      if (random() < 0.5)
        client.write('{"command":"status"}\n'.slice(0, Math.floor(random() * 22)));
      if (random() < 0.1) await Promise.race([once(client, 'data'), sleep(5)]);
      client.destroy();
    }
    await host.calm();
    assert.ok(host.memory() - before < 100 * mebibyte, `${host.memory() - before} bytes more`);
    await askDaemon(host.path, { command: 'status' });
  });

  test('a random crowd of them: whoever is honest gets an answer or a clear refusal', async (context) => {
    const random = seeded(chooseSeed(context));
    const host = await Host.start(context);
    const before = host.memory();
    const until = performance.now() + seconds * 1000;
    const crowd = Array.from({ length: 20 }, async () => {
      while (performance.now() < until) await misbehave(host.path, random);
    });
    const results = { answers: 0, refusals: 0, slowest: 0, most: 0 };
    while (performance.now() < until) {
      const began = performance.now();
      try {
        await askDaemon(host.path, { command: 'status' });
        results.answers += 1;
      } catch (error) {
        if (!(error instanceof InotifyCsyncError) || error.code !== 'ICS_BUSY') throw error;
        results.refusals += 1;
      }
      results.slowest = Math.max(results.slowest, Math.round(performance.now() - began));
      results.most = Math.max(results.most, host.memory() - before);
      await sleep(20);
    }
    await Promise.all(crowd);
    context.diagnostic(JSON.stringify(results));
    await host.calm();
    await askDaemon(host.path, { command: 'status' });
    assert.ok(results.most < 150 * mebibyte, `${results.most} bytes more`);
  });
});

/** Fifteen clients that send a request on and on and never read. */
async function neverRead(host: Host, request: string, context: TestContext): Promise<void> {
  const before = host.memory();
  const clients = await Promise.all(Array.from({ length: 15 }, () => open(host.path)));
  const closed = clients.map((client) => closeOf(client));
  const requests = `${request}\n`.repeat(1000);
  let most = 0;
  for (let round = 0; round < 20; round += 1) {
    for (const client of clients) {
      client.pause();
      // Many times more than memory may grow by; after that they only wait.
      if (round < rounds && client.writable && client.writableLength < mebibyte)
        client.write(requests);
    }
    assert.equal(
      ((await askDaemon(host.path, { command: 'status' })) as { command: string }).command,
      'status',
    );
    most = Math.max(most, host.memory() - before);
    await sleep(50);
  }
  context.diagnostic(`at most ${Math.round(most / mebibyte)} MiB more`);
  assert.ok(most < 100 * mebibyte, `${most} bytes more`);
  for (const client of clients) client.resume();
  await Promise.all(closed);
}

describe('two sockets', { timeout: 600_000 }, () => {
  test('one that is full does not fill the other', async (context) => {
    const host = await Host.start(context);
    for (const [full, other] of [
      [host.readPath, host.path],
      [host.path, host.readPath],
    ] as const) {
      const clients = await Promise.all(Array.from({ length: 16 }, () => open(full)));
      await assert.rejects(askDaemon(full, { command: 'status' }), {
        code: 'ICS_BUSY',
        exitCode: 75,
      });
      for (let count = 0; count < 100; count += 1) await askDaemon(other, { command: 'status' });
      for (const client of clients) client.destroy();
      await host.calm();
    }
  });

  test('a request on the read socket is refused from 4 KiB on', async (context) => {
    const host = await Host.start(context);
    const client = await open(host.readPath);
    const reply = textOf(client);
    client.write(Buffer.alloc(4097, 'x'));
    assert.match(await reply, /^\{"ok":false.*longer than 4096 bytes/);
  });

  test('fifteen readers that never read what they ask for: memory stays bounded, root is served', async (context) => {
    const host = await Host.start(context);
    const before = host.memory();
    const clients = await Promise.all(Array.from({ length: 15 }, () => open(host.readPath)));
    const closed = clients.map((client) => closeOf(client));
    let most = 0;
    for (let round = 0; round < 20; round += 1) {
      for (const client of clients) {
        client.pause();
        if (round < rounds && client.writable && client.writableLength < mebibyte) {
          client.write('{"command":"metrics"}\n'.repeat(1000));
        }
      }
      await askDaemon(host.path, { command: 'status' });
      await askDaemon(host.readPath, { command: 'status' });
      most = Math.max(most, host.memory() - before);
    }
    assert.ok(most < 100 * mebibyte, `${most} bytes more`);
    for (const client of clients) client.resume();
    await Promise.all(closed);
  });

  test('whatever a crowd does on the read socket, root always gets an answer', async (context) => {
    const random = seeded(chooseSeed(context));
    const host = await Host.start(context);
    const before = host.memory();
    const until = performance.now() + seconds * 1000;
    const crowd = Array.from({ length: 40 }, async () => {
      while (performance.now() < until) await misbehave(host.readPath, random);
    });
    const results = { answers: 0, slowest: 0, most: 0 };
    while (performance.now() < until) {
      const began = performance.now();
      await askDaemon(host.path, { command: 'status' });
      results.answers += 1;
      results.slowest = Math.max(results.slowest, Math.round(performance.now() - began));
      results.most = Math.max(results.most, host.memory() - before);
    }
    await Promise.all(crowd);
    context.diagnostic(JSON.stringify(results));
    await host.calm();
    await askDaemon(host.readPath, { command: 'status' });
    assert.ok(results.most < 150 * mebibyte, `${results.most} bytes more`);
  });

  test('a flood of connections to the read socket keeps root waiting for moments only', async (context) => {
    const host = await Host.start(context);
    const flood = spawn('python3', ['-c', flooding, host.readPath], { stdio: 'ignore' });
    context.after(() => flood.kill('SIGKILL'));
    const until = performance.now() + 5000;
    let [answers, slowest] = [0, 0];
    while (performance.now() < until) {
      const began = performance.now();
      await askDaemon(host.path, { command: 'status' });
      answers += 1;
      slowest = Math.max(slowest, Math.round(performance.now() - began));
    }
    flood.kill('SIGKILL');
    context.diagnostic(JSON.stringify({ answers, slowest }));
    await host.calm();
  });
});

/** Connects and goes as fast as it can. */
const flooding = `
import socket, sys
while True:
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    try: client.connect(sys.argv[1])
    except BlockingIOError: pass
    client.close()
`;

/** One connection of a client that does something it should not, until it or the server ends it. */
async function misbehave(path: string, random: () => number): Promise<void> {
  const client = await open(path).catch(() => undefined);
  if (!client) return;
  const patience = sleep(random() * 15_000);
  const closed = Promise.race([closeOf(client), patience]);
  const request = '{"command":"status"}\n';
  const kind = Math.floor(random() * 8);
  if (kind === 0) client.pause().write(request.repeat(Math.floor(random() * 20_000)));
  else if (kind === 1) client.write(Buffer.alloc(Math.floor(random() * 3 * mebibyte), 'x'));
  else if (kind === 2) client.end(request.slice(0, Math.floor(random() * 30)));
  else if (kind === 3) {
    const timer = setInterval(
      () => client.write(request[Math.floor(random() * request.length)] ?? ''),
      50,
    );
    await closed;
    clearInterval(timer);
  } else if (kind === 4) {
    client.write(request.repeat(50));
    await Promise.race([once(client, 'data'), patience]);
    client.destroy();
  } else if (kind === 5)
    client.write(Buffer.from(Array.from({ length: 5000 }, () => random() * 256)));
  else if (kind === 6) {
    client.write('\n'.repeat(Math.floor(random() * 50_000)));
    client.resume();
  } else client.destroy();
  await closed;
  client.destroy();
}

/** A control server in a process of its own. */
class Host {
  readonly path: string;
  readonly readPath: string;
  readonly #process: ChildProcess;
  descriptorsAtStart = 0;

  private constructor(path: string, readPath: string, host: ChildProcess) {
    this.path = path;
    this.readPath = readPath;
    this.#process = host;
  }

  static async start(context: TestContext): Promise<Host> {
    const folder = mkdtempSync(join(tmpdir(), 'control-'));
    const path = join(folder, 'run', 'control.sock');
    const readPath = join(folder, 'run', 'status.sock');
    const script = new URL('control-host.js', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, path, readPath, String(replyBytes)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let exit: unknown;
    child.once('exit', (code, signal) => {
      exit = code ?? signal;
    });
    context.after(async () => {
      assert.equal(exit, undefined, 'the server has died');
      child.kill('SIGTERM');
      // It must not wait for anybody.
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      if (exit === undefined) await once(child, 'exit');
      clearTimeout(timer);
      rmSync(folder, { recursive: true });
      assert.equal(exit, 0, 'it ends when it is told to');
    });
    await once(child.stdout, 'data');
    const host = new Host(path, readPath, child);
    await askDaemon(path, { command: 'status' });
    await sleep(100);
    host.descriptorsAtStart = host.descriptors();
    return host;
  }

  /** Bytes of resident memory. */
  memory(): number {
    const text = readFileSync(`/proc/${this.#process.pid}/status`, 'latin1');
    return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) * 1024;
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.#process.pid}/fd`).length;
  }

  /** Until every connection is gone. */
  async calm(): Promise<void> {
    for (let count = 0; this.descriptors() > this.descriptorsAtStart; count += 1) {
      assert.ok(
        count < 300,
        `${this.descriptors()} descriptors instead of ${this.descriptorsAtStart}`,
      );
      await sleep(100);
    }
  }
}

async function open(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  // The server may go while we write.
  socket.on('error', () => {});
  return socket;
}

/** Not `once` of node:events, which an error ends as well. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** All that comes until the end. */
async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  await closeOf(socket);
  return text;
}
