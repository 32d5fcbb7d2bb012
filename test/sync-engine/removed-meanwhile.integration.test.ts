/** A tree that is removed at a peer while it is still being sent to it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConflictsReply } from '#src/observe/control-replies.js';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import type { Tree } from '../support/cluster-tree.js';

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
    `without auto, ${how} while it is sent: it can be decided, and everything else goes on`,
    { skip },
    async (context) => {
      const cluster = await removedMeanwhile(context, 'none', isMovedAside);
      const [first, second, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
      // What was never there was not removed there. What was removed just as it came is a conflict.
      await cluster.until('the third to have all else', async () => {
        const names = differingNames(first.tree(), third.tree());
        const inConflict = await conflictsOf(cluster, [second]);
        return names.every((name) => inConflict.has(name));
      });
      assert.ok(countAt(first) > files / 2);
      await bothWays(cluster, 'at last');
      // Nothing was being sent below it in the moment of the removal, and all has come again; or
      // all that can't be sent waits for one directory.
      await cluster.until('one conflict to be told, or none', async () => {
        const toSecond = await first.peer(second.name);
        if (toSecond?.pending === 0) return true;
        return toSecond?.on_hold.length === 1 && toSecond.conflicts === 1;
      });
      for (const node of cluster.nodes) {
        for (const name of await conflictsOf(cluster, [node])) {
          await node.command('resolve', join(cluster.root, name), '--keep', first.name);
        }
      }
      await cluster.untilEqual();
      await cluster.untilQuiet();
      for (const node of cluster.nodes) assert.equal((await node.status())?.health, 'healthy');
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

/** Names that nodes call changed on both sides. */
async function conflictsOf(cluster: Cluster, nodes = cluster.nodes): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const node of nodes) {
    const { stdout } = await node.command('conflicts', '--json');
    for (const { path } of (JSON.parse(stdout) as ConflictsReply).conflicts)
      names.add(relative(cluster.root, path));
  }
  return names;
}

function differingNames(one: Tree, other: Tree): readonly string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter(
    (name) => one.get(name) !== other.get(name),
  );
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
