import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test('a conflict is named with both sides, and released by force', { skip }, async (context) => {
  const cluster = await conflicting(context);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  await first.csync2('-f', `${cluster.root}/contested`);
  assert.equal((await first.command('retry')).code, 0);
  await cluster.untilRead(second, 'contested', 'as the first has it');
  await cluster.untilQuiet();
  await cluster.untilEqual();
  await untilHealthy(cluster);
});

test(
  'a conflict is released by a change that makes both sides the same',
  { skip },
  async (context) => {
    const cluster = await conflicting(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    second.write('contested', first.read('contested') ?? '');
    await cluster.untilQuiet();
    await untilHealthy(cluster);
    assert.equal(second.read('contested'), 'as the first has it');
  },
);

test(
  'a directory that holds foreign files on the peer is on hold, and released by retry',
  {
    skip,
  },
  async (context) => {
    const cluster = await withForeignFile(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    await cluster.until('it to be on hold', async () => (await onHoldOf(first, second)).length > 0);
    const [onHold] = await onHoldOf(first, second);
    assert.equal(onHold?.path, `${cluster.root}/directory`);
    // All else goes on.
    first.write('other', 'another file');
    await cluster.untilRead(second, 'other', 'another file');
    second.remove('directory/own.local');
    assert.equal((await first.command('retry', 'node2')).code, 0);
    await cluster.untilEqual();
    await cluster.untilQuiet();
    await untilHealthy(cluster);
  },
);

test(
  'a directory that holds foreign files on the peer is released when it is there again',
  {
    skip,
  },
  async (context) => {
    const cluster = await withForeignFile(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    await cluster.until('it to be on hold', async () => (await onHoldOf(first, second)).length > 0);
    first.write('directory/file', 'back again');
    await cluster.untilRead(second, 'directory/file', 'back again');
    await cluster.untilQuiet();
    await untilHealthy(cluster);
    assert.equal(second.read('directory/own.local'), 'of this host alone');
  },
);

test(
  'a socket is named once and holds nothing up; a file in its place is sent',
  {
    skip,
  },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(first.path('socket'), resolve));
    const named = () => first.logged(/socket: csync2 cannot transfer it/);
    await cluster.until('the socket to be named', () => named().length > 0);
    first.write('other', 'another file');
    await cluster.untilRead(second, 'other', 'another file');
    const from = first.logEnd;
    await first.command('check');
    await cluster.until('a full check', () => first.logged(/full check finished/, from).length > 0);
    await new Promise((resolve) => server.close(resolve));
    first.write('socket', 'a file by now');
    await cluster.untilRead(second, 'socket', 'a file by now');
    await cluster.untilQuiet();
    await untilHealthy(cluster);
    assert.equal(named().length, 1, named().join('\n'));
  },
);

/**
 * A cluster in which both nodes have changed a file while they could not see each other, and both
 * say so.
 */
async function conflicting(context: TestContext): Promise<Cluster> {
  const cluster = await Cluster.started(context, { flags: ['--peer-timeout', '2'] }, (made) =>
    made.node(1).write('contested', 'as it was'),
  );
  const [first, second] = [cluster.node(1), cluster.node(2)];
  await cluster.cut(second);
  first.write('contested', 'as the first has it');
  second.write('contested', 'as the second has it, who is longer');
  for (const node of cluster.nodes) {
    await cluster.until(
      `${node.name} to notice`,
      async () => (await node.status())?.peers[0]?.reason != null,
    );
  }
  await cluster.heal(second);
  const file = `${cluster.root}/contested`;
  for (const [node, peer] of [
    [first, second],
    [second, first],
  ] as const) {
    await cluster.until(`${node.name} to name the conflict`, async () => {
      const onHold = await onHoldOf(node, peer);
      return onHold.some(({ path, reason }) => path === file && reason.includes('both sides'));
    });
    const [line = ''] = node.logged(
      new RegExp(`${peer.name}: ${file} was changed both here and on ${peer.name}`),
    );
    assert.match(line, /inotify-csync resolve FILE --keep HOST/, node.log());
    assert.equal((await node.command('status')).code, 1);
  }
  // Nobody has won unasked, and all else goes on.
  assert.equal(first.read('contested'), 'as the first has it');
  assert.equal(second.read('contested'), 'as the second has it, who is longer');
  first.write('other', 'another file');
  await cluster.untilRead(second, 'other', 'another file');
  return cluster;
}

/**
 * A directory that the first node has removed and the second can't: it holds a file that is not
 * synchronised.
 */
async function withForeignFile(context: TestContext): Promise<Cluster> {
  const cluster = await Cluster.started(context, { rules: ['exclude *.local;'] }, (made) => {
    made.node(1).write('directory/file', 'known to both');
    made.node(1).write('kept', 'so that the tree is never empty');
  });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  mkdirSync(second.path('directory'), { recursive: true });
  writeFileSync(second.path('directory/own.local'), 'of this host alone');
  first.remove('directory');
  await cluster.untilRead(second, 'directory/file', undefined);
  return cluster;
}

async function onHoldOf(node: ClusterNode, peer: ClusterNode) {
  return (await node.peer(peer.name))?.on_hold ?? [];
}

async function untilHealthy(cluster: Cluster): Promise<void> {
  for (const node of cluster.nodes) {
    await cluster.until(
      `${node.name} to be healthy`,
      async () => (await node.status())?.health === 'healthy',
    );
  }
}
