/**
 * Sessions of the csync2 server that we run: they come in one after another, and what is ended
 * leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { instanceArguments } from '#src/csync2/run/instance.js';
import { ManagedServer } from '#src/csync2/server/server.js';
import { SessionTraces } from '#src/csync2/server-log/session-traces.js';
import { type CsyncNode, makeCluster, until } from '../../support/csync2-cluster.js';
import { WireClient } from '../../support/csync2-wire.js';

describe('connections at the same time', () => {
  test('the next waits until the session before has ended', async (context) => {
    const { client, lock, other, server } = await setUp(context);
    const first = await client();
    await first.greet(other.name);
    lock.exec('BEGIN IMMEDIATE');
    const marking = first.say(`MARK ${key} %25data%25/file`);
    const second = await client();
    const greeting = second.say('CONFIG');
    await sleep(300);
    assert.equal(server.sessions().length, 1, 'the second has been let in beside one that works');
    lock.exec('COMMIT');
    await marking;
    first.socket.destroy();
    assert.match(await greeting, /^OK/);
  });

  test('one that works on and on is not waited for', async (context) => {
    const { client, lock, other } = await setUp(context);
    const first = await client();
    await first.greet(other.name);
    lock.exec('BEGIN IMMEDIATE');
    const marking = first.say(`MARK ${key} %25data%25/file`);
    const second = await client();
    assert.match(await second.say('CONFIG'), /^OK/);
    lock.exec('COMMIT');
    await marking;
  });

  test('nor are those that say nothing, or nothing more', async (context) => {
    const { client, other, server } = await setUp(context);
    for (let silent = 0; silent < 20; silent++) await client();
    for (let greeted = 0; greeted < 5; greeted++) await (await client()).greet(other.name);
    await until(() => server.sessions().length === 25, 'all to be let in');
  });

  test('more at once than csync2 asks room for', async (context) => {
    const { client, server } = await setUp(context);
    server.holdSessions();
    const clients = await Promise.all(Array.from({ length: 60 }, client));
    server.releaseSessions();
    for (const each of clients) {
      assert.match(await each.say('CONFIG'), /^OK/);
      each.socket.destroy();
    }
  });
});

describe('a session that is ended', () => {
  for (const signal of ['SIGTERM', 'SIGABRT'] as const) {
    test(`leaves no temporary file, by ${signal}`, async (context) => {
      const { node, other, server } = await setUp(context);
      // So much that it is met while it writes.
      writeFileSync(other.path('large'), Buffer.alloc(300_000_000, 'x'));
      other.csync2('-c', '/');
      other.csync2('-cr', '/');
      const pushing = spawn('csync2', [...instanceArguments(other.instance), '-u'], {
        env: { ...process.env, CSYNC2_SYSTEM_DIR: other.systemDirectory },
        stdio: 'ignore',
      });
      const ended = once(pushing, 'close');
      const unfinished = () => readdirSync(node.root).filter((name) => name.startsWith('.large.'));
      const isWriting = () =>
        unfinished().some((name) => (sizeOf(join(node.root, name)) ?? 0) > 1_000_000);
      while (!isWriting() && pushing.exitCode === null) await sleep(1);
      assert.ok(isWriting(), 'it was over before it was met');
      const [session] = server.sessions();
      process.kill(session as number, signal);
      await until(() => !server.sessions().includes(session as number), 'the session to end');
      assert.deepEqual(unfinished(), []);
      assert.equal(node.read('large'), undefined);
      await ended;
    });
  }
});

test('what was to take the place of a directory with something in it is noted, and a removal of that is not', async (context) => {
  const { node, other } = await setUp(context);
  for (const name of ['link', 'fifo', 'gone']) {
    node.write(`${name}/file`, 'unknown to the other host');
    mkdirSync(other.path(name));
  }
  node.csync2('-cIr', '/');
  other.csync2('-cIr', '/');
  for (const name of ['link', 'fifo', 'gone']) rmdirSync(other.path(name));
  symlinkSync('elsewhere', other.path('link'));
  execFileSync('mkfifo', [String(other.path('fifo'))]);
  other.csync2('-cr', '/');
  spawnSync('csync2', [...instanceArguments(other.instance), '-u'], {
    env: { ...process.env, CSYNC2_SYSTEM_DIR: other.systemDirectory },
  });
  const traces = new SessionTraces(`${node.logFile}.traces`);
  const occupied: string[] = [];
  traces.onOccupied = (path) => occupied.push(basename(String(path)));
  traces.look();
  assert.deepEqual(occupied.sort(), ['fifo', 'link']);
});

describe('what a session came to', () => {
  test('is noted once, when it ends if it was refused', async (context) => {
    const { client, other, verdicts } = await withVerdicts(context);
    const refused = await client();
    await refused.greet(other.name);
    for (let time = 0; time < 3; time++)
      assert.equal(await refused.say('SIG wrong %25data%25/file'), 'Permission denied!');
    await refused.say('HELLO nobody.invalid');
    assert.equal(await refused.say('BYE'), 'OK (cu_later).');
    await until(() => verdicts().length > 0, 'it to be noted');
    assert.deepEqual(verdicts(), [`permission ${other.name} ${other.name}`]);
    // One file of several may be refused for many reasons.
    const mixed = await client();
    await mixed.greet(other.name);
    assert.equal(await mixed.say('SIG wrong %25data%25/file'), 'Permission denied!');
    assert.match(await mixed.say(`SIG ${key} %25data%25/file`), /^OK \(path_not_found\)/);
    mixed.socket.destroy();
    await until(() => verdicts().length > 1, 'it to be noted');
    assert.deepEqual(verdicts().slice(1), [`accepted ${other.name} ${other.name}`]);
  });

  test('is not noted any more in a file that is very long', async (context) => {
    const { client, node, other, server, verdicts } = await withVerdicts(context);
    appendFileSync(`${node.logFile}.traces`, `L 1 1.0 /${'x'.repeat(4 * 1024 * 1024)}\0`);
    const refused = await client();
    await refused.greet(other.name);
    await refused.say('SIG wrong %25data%25/file');
    await refused.say('BYE');
    await until(() => server.sessions().length === 0, 'the session to end');
    assert.deepEqual(verdicts(), []);
  });
});

async function withVerdicts(context: TestContext) {
  const parts = await setUp(context);
  const traces = new SessionTraces(`${parts.node.logFile}.traces`);
  const noted: string[] = [];
  traces.onVerdict = ({ from, peer, verdict }) => noted.push(`${verdict} ${from} ${peer}`);
  const verdicts = () => {
    traces.look();
    return noted;
  };
  return { ...parts, verdicts };
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** That of `makeCluster`. */
const key = 'k'.repeat(64);

async function setUp(context: TestContext) {
  const [node, other] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
  const server = new ManagedServer(node.instance, node.logFile);
  context.after(() => server.stop());
  await server.start();
  const lock = new Database(node.databaseFile);
  context.after(() => lock.close());
  const client = () =>
    WireClient.connect(context, { host: node.name, port: node.port, localAddress: other.name });
  return { node, other, server, lock, client };
}
