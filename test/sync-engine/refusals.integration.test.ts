import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { Cluster } from '../support/cluster.js';
import { ClusterMount } from '../support/cluster-mount.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test(
  'removed here, and what was above it is a file on the peer by now: settled',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    first.write('a/b/file', 'one');
    await cluster.untilEqual();
    // Frozen at work, it could have csync2's database locked.
    await cluster.untilQuiet();
    // Nobody tells: the peer's service is asleep while both change.
    second.freeze('SIGSTOP');
    first.remove('a/b/file');
    await first.csync2('-cr', first.path('a'));
    second.remove('a/b');
    second.write('a/b', 'a file');
    await second.csync2('-cIr', second.path('a'));
    first.remove('a/b');
    first.write('a/b', 'a file');
    second.freeze('SIGCONT');
    await settled(cluster);
  },
);

test(
  'removed here, and the peer has more in it that nobody knows of: that goes, too',
  {
    skip,
  },
  async (context) => {
    const { cluster, first, second } = await withPlainPeer(context);
    first.write('directory/file', 'one');
    await cluster.untilEqual();
    await cluster.untilQuiet([first]);
    second.write('directory/lost/and/found', 'unknown to the first');
    await noteOnly(second);
    first.remove('directory');
    await settled(cluster, [first]);
    assert.ok(!existsSync(second.path('directory')));
  },
);

test(
  'a file or a link in place of a directory that the peer has more in: it arrives',
  {
    skip,
  },
  async (context) => {
    const { cluster, first, second } = await withPlainPeer(context);
    for (const name of ['as-file', 'as-link']) first.write(`${name}/file`, 'one');
    await cluster.untilEqual();
    await cluster.untilQuiet([first]);
    for (const name of ['as-file', 'as-link'])
      second.write(`${name}/lost/found`, 'unknown to the first');
    await noteOnly(second);
    for (const name of ['as-file', 'as-link']) first.remove(name);
    first.write('as-file', 'a file now');
    symlinkSync('as-file', first.path('as-link'));
    await settled(cluster, [first]);
  },
);

test(
  'a directory that is immutable on the peer: told with its reason, taken within a minute when it is not',
  {
    skip,
  },
  async (context) => {
    const cluster = await Cluster.make(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    // Not every file system knows the attribute.
    for (const number of [1, 2]) {
      const disk = await ClusterMount.make(cluster, number, 'disk', 'ext4');
      await disk.mount();
      const node = cluster.node(number);
      mkdirSync(node.path('disk/locked'));
      writeFileSync(node.path('disk/locked/old'), 'old');
    }
    await cluster.initialise();
    await cluster.start();
    await cluster.untilEqual();
    const locked = join(second.treePath, 'disk/locked');
    await second.mustRun('chattr', '+i', locked);
    for (let index = 0; index < 20; index++) first.write(`disk/locked/new${index}`, `new ${index}`);
    first.remove('disk/locked/old');
    await cluster.until(
      'it to be told',
      async () => ((await first.peer('node2'))?.on_hold_count ?? 0) >= 21,
    );
    await cluster.until('the reasons to be told', async () => {
      const onHold = (await first.peer('node2'))?.on_hold ?? [];
      return onHold.every(({ reason }) => /Operation not permitted|temporary files/.test(reason));
    });
    first.write('elsewhere', 'fresh');
    await cluster.untilRead(second, 'elsewhere', 'fresh');
    await second.mustRun('chattr', '-i', locked);
    const since = performance.now();
    await settled(cluster);
    context.diagnostic(`equal ${Math.round(performance.now() - since)} ms after`);
  },
);

test('fresh changes arrive at once, with many that the peer refuses', { skip }, async (context) => {
  const cluster = await Cluster.started(context);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  const count = Number(process.env.REFUSED ?? 60);
  mkdirSync(first.path('contested'));
  await cluster.untilEqual();
  await cluster.untilQuiet();
  for (const node of [first, second]) await node.stop();
  for (const node of [first, second]) {
    for (let index = 0; index < count; index++) {
      writeFileSync(node.path(`contested/${index}`), `of ${node.name}`);
    }
  }
  for (const node of [first, second]) node.start();
  await cluster.until(
    'all of them to be refused',
    async () => (await onHold(first)) + (await onHold(second)) >= count,
  );
  const slow: number[] = [];
  for (let round = 0; round < 20; round++) {
    const [from, to] = round % 2 ? [first, second] : [second, first];
    const since = performance.now();
    from.write(`fresh${round}`, `fresh ${round}`);
    await cluster.untilRead(to, `fresh${round}`, `fresh ${round}`);
    slow.push(Math.round(performance.now() - since));
  }
  context.diagnostic(`${slow.sort((a, b) => a - b).join(' ')} ms`);
  for (const node of [first, second]) {
    const peer = await node.peer(node === first ? 'node2' : 'node1');
    assert.notEqual(peer?.state, 'waiting', 'the peer is not taken for one that fails');
  }
});

/** Has csync2 take note of all that is there, with nothing pending: as of what it has received. */
async function noteOnly(node: ClusterNode): Promise<void> {
  await node.csync2('-cr', node.treePath);
  const database = new Database(join(node.database, `${node.name}.db3`));
  database.exec('DELETE FROM dirty');
  database.close();
}

async function onHold(node: ClusterNode): Promise<number> {
  return (await node.status())?.peers.reduce((sum, peer) => sum + peer.on_hold_count, 0) ?? 0;
}

/** The second host runs csync2's server and no service. */
async function withPlainPeer(context: TestContext) {
  const cluster = await Cluster.make(context);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  first.flags = ['--peer-timeout', '3'];
  for (const node of [first, second]) node.write('stays', 'here');
  await cluster.initialise();
  const server = second.runServer();
  context.after(() => server.kill());
  await cluster.start([first]);
  return { cluster, first, second };
}

/** Equal, nothing pending, nothing on hold, every host healthy. */
async function settled(cluster: Cluster, nodes = cluster.nodes): Promise<void> {
  await cluster.untilEqual();
  await cluster.untilQuiet(nodes);
  await cluster.until('every host to be healthy', async () => {
    const all = await Promise.all(nodes.map((node) => node.status()));
    return all.every((status) => status?.health === 'healthy');
  });
}
