import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { renameSync, truncateSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { childrenOf, signalProcess } from '../support/cluster-namespaces.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test('a csync2 server that is killed is started again', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { flags: ['--peer-timeout', '2'] });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  const killed = second.serverPid as number;
  signalProcess(killed, 'SIGKILL');
  first.write('meanwhile', 'sent while nobody listened');
  await cluster.until(
    'another server',
    () => second.serverPid !== undefined && second.serverPid !== killed,
  );
  await cluster.untilRead(second, 'meanwhile', 'sent while nobody listened');
  await cluster.untilQuiet();
  assert.equal((await second.status())?.server.state, 'listening');
  assert.equal(second.logged(/the csync2 server exited/).length, 1);
});

test(
  "the server's log is truncated and replaced: changes go both ways, and are counted",
  {
    skip,
  },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const received = async () => (await first.status())?.server.received.node2 ?? 0;
    await bothWays(cluster, 'before');
    await cluster.until('it to be counted', async () => (await received()) >= 1);
    truncateSync(first.serverLog);
    await bothWays(cluster, 'truncated');
    await cluster.until('it to be counted', async () => (await received()) >= 2);
    renameSync(first.serverLog, `${first.serverLog}.1`);
    await bothWays(cluster, 'rotated');
    await cluster.untilQuiet();
    assert.equal((await first.status())?.health, 'healthy');
    // From the next server on the count goes on, too.
    const old = first.serverPid as number;
    signalProcess(old, 'SIGKILL');
    await cluster.until(
      'another server',
      () => first.serverPid !== undefined && first.serverPid !== old,
    );
    const count = await received();
    second.write('counted', 'again');
    await cluster.untilRead(first, 'counted', 'again');
    await cluster.until('it to be counted', async () => (await received()) > count);
  },
);

test('a session that is killed holds nothing up', { skip }, async (context) => {
  const cluster = await Cluster.started(context);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  const silent = await connectSilently(cluster, second, first);
  context.after(() => silent.kill('SIGKILL'));
  const sessions = childrenOf(first.serverPid as number);
  for (const pid of sessions) signalProcess(pid, 'SIGKILL');
  await cluster.until(
    'no session',
    async () => (await first.status())?.server.sessions.length === 0,
  );
  await bothWays(cluster, 'after');
  await cluster.untilQuiet();
});

test('a connection that sends nothing holds no change up', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { flags: ['--server-wait-max', '2'] });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  const silent = await connectSilently(cluster, second, first);
  context.after(() => silent.kill('SIGKILL'));
  await cluster.until(
    'the session to be shown',
    async () => (await first.status())?.server.sessions.length === 1,
  );
  const [session] = childrenOf(first.serverPid as number);
  for (const text of ['one', 'two', 'three']) await bothWays(cluster, text);
  // Still open, all the time.
  assert.ok(childrenOf(first.serverPid as number).includes(session as number));
  silent.kill('SIGKILL');
  await cluster.untilQuiet();
  await cluster.untilEqual();
});

test(
  'hundreds of connections that send nothing hold no change up, and are not kept',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const opened = 400;
    const flood = floodSilently(context, second, first, opened);
    const sessions = () => childrenOf(first.serverPid as number).length;
    await cluster.until('the first to come', () => sessions() > 10);
    for (let round = 0; !flood.isDone() || round < 3; round++)
      await bothWays(cluster, `round ${round}`);
    // 32 may stay, for half a minute.
    await cluster.until('the others to be ended', () => sessions() <= 32);
    await bothWays(cluster, 'after');
    await cluster.untilEqual();
    assert.equal((await first.status())?.health, 'healthy');
  },
);

/**
 * Opens connections to a node's csync2 server from another node, a hundred a second, and says
 * nothing on any.
 */
function floodSilently(context: TestContext, from: ClusterNode, to: ClusterNode, count: number) {
  const script = [
    'import socket, sys, time',
    'kept = []',
    `for _ in range(${count}):`,
    `    kept.append(socket.create_connection((${JSON.stringify(to.address)}, 30865)))`,
    '    time.sleep(0.01)',
    "print('all', flush=True)",
    'time.sleep(1000)',
  ].join('\n');
  const [program = '', ...args] = from.namespaces.enterNetwork(['python3', '-c', script]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  let isDone = false;
  child.stdout?.once('data', () => {
    isDone = true;
  });
  return { isDone: () => isDone };
}

async function bothWays(cluster: Cluster, text: string): Promise<void> {
  const [first, second] = [cluster.node(1), cluster.node(2)];
  first.write(`to-second/${text}`, text);
  second.write(`to-first/${text}`, text);
  await cluster.untilRead(second, `to-second/${text}`, text);
  await cluster.untilRead(first, `to-first/${text}`, text);
}

/** Opens a connection to a node's csync2 server from another node, and says nothing. */
async function connectSilently(
  cluster: Cluster,
  from: ClusterNode,
  to: ClusterNode,
): Promise<ChildProcess> {
  const script = `exec 3<>/dev/tcp/${to.address}/30865; exec sleep 1000`;
  // Only in its network: it is a child of ours, and goes when it is told to.
  const [program = '', ...args] = from.namespaces.enterNetwork(['bash', '-c', script]);
  const child = spawn(program, args, { stdio: 'ignore' });
  await cluster.until('a session', () => childrenOf(to.serverPid as number).length === 1);
  return child;
}
