/** A tree that is removed at a peer while it is still being sent to it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
const files = 600;

for (const isMovedAside of [false, true]) {
  const how = isMovedAside ? 'moved aside and removed' : 'removed';

  test(
    `with auto, ${how} while it is sent: what its sender has wins`,
    { skip },
    async (context) => {
      const cluster = await removedMeanwhile(context, 'younger', isMovedAside);
      await cluster.untilQuiet();
      await cluster.untilEqual();
      for (const node of cluster.nodes) assert.equal((await node.status())?.health, 'healthy');
    },
  );

  test(
    `without auto, ${how} while it is sent: one conflict, and everything else goes on`,
    { skip },
    async (context) => {
      const cluster = await removedMeanwhile(context, 'none', isMovedAside);
      const [first, second, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
      const atRest = async () => {
        const statuses = await Promise.all(cluster.nodes.map((node) => node.status()));
        return statuses.every((status) => status?.peers.every(({ state }) => state === 'idle'));
      };
      // All that can't be sent waits for one directory, and is not tried.
      await cluster.until('rest, twice', async () => {
        if (!(await atRest())) return false;
        await sleep(2000);
        return await atRest();
      });
      // What was never there was not removed there.
      await cluster.untilEqual([first, third]);
      assert.ok(countAt(first) > files / 2);
      await bothWays(cluster, 'at last');
      const toSecond = await first.peer(second.name);
      // Nothing was being sent below it in the moment of the removal: then all has come again.
      if (toSecond?.pending === 0) return await cluster.untilEqual();
      await cluster.until(
        'a conflict to be told',
        async () => (await first.status())?.health === 'degraded',
      );
      assert.ok((toSecond?.pending ?? 0) > files / 2, 'it is still to be sent');
      const told = (await first.peer(second.name))?.on_hold;
      assert.equal(told?.length, 1, JSON.stringify(told));
    },
  );
}

/**
 * The first of three nodes makes a tree, and the second removes it as soon as part of it has come.
 */
async function removedMeanwhile(
  context: TestContext,
  auto: string,
  isMovedAside: boolean,
): Promise<Cluster> {
  // An empty tree would pass for a disk that is not mounted.
  const prepare = ({ nodes: [first] }: Cluster) => first?.write('stays', '');
  const cluster = await Cluster.started(context, { auto, nodes: 3 }, prepare);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  for (let directory = 0; directory < files / 100; directory++) {
    mkdirSync(first.path(`tree/${directory}`), { recursive: true });
    for (let file = 0; file < 100; file++) {
      writeFileSync(first.path(`tree/${directory}/${file}`), `${directory} ${file}`);
    }
  }
  await cluster.until('part of it to come', () => countAt(second) > files / 20, 90, 2);
  assert.ok(countAt(second) < files / 2, 'it has come too fast for this test');
  if (isMovedAside) renameSync(second.path('tree'), second.path('aside'));
  // Files come in meanwhile.
  const removal = `cd ${cluster.root}; until rm -rf ${isMovedAside ? 'aside' : 'tree'}; do :; done 2>/dev/null`;
  await second.mustRun('sh', '-c', removal);
  for (let round = 0; round < 3; round++) await bothWays(cluster, `round ${round}`);
  return cluster;
}

async function bothWays(cluster: Cluster, text: string): Promise<void> {
  const [first, second] = [cluster.node(1), cluster.node(2)];
  first.write('of the first', text);
  second.write('of the second', text);
  await cluster.untilRead(second, 'of the first', text);
  await cluster.untilRead(first, 'of the second', text);
}

function countAt(node: ClusterNode): number {
  if (!existsSync(node.path('tree'))) return 0;
  return readdirSync(node.path('tree'), { recursive: true }).length;
}
