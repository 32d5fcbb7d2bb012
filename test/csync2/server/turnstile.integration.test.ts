/** Connections to the csync2 server that we run: they come in one after another, and nobody holds the others up for long. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { ManagedServer } from '#src/csync2/server/server.js';
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
    server.close();
    const clients = await Promise.all(Array.from({ length: 60 }, client));
    server.open();
    for (const each of clients) {
      assert.match(await each.say('CONFIG'), /^OK/);
      each.socket.destroy();
    }
  });
});

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
