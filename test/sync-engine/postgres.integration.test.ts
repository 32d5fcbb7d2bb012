import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { postgresObstacle, startPostgres } from '../support/cluster-postgres.js';

const skip = clusterObstacle() || postgresObstacle();

test('on PostgreSQL changes arrive, all peers at the same time', { skip }, async (context) => {
  await changesArrive(context, [], /shared database.*parallel/);
});

test('on PostgreSQL changes arrive, one peer after another', { skip }, async (context) => {
  await changesArrive(
    context,
    ['--no-parallel-updates'],
    /shared database.*one peer after another/,
  );
});

async function changesArrive(
  context: TestContext,
  flags: readonly string[],
  strategy: RegExp,
): Promise<void> {
  const cluster = await Cluster.make(context, { nodes: 3, flags });
  const sender = cluster.node(1);
  await startPostgres(context, cluster, sender);
  for (let index = 0; index < 20; index++) sender.write(`old/${index}`, `of old ${index}`);
  await cluster.initialise();
  for (const node of cluster.nodes) {
    node.start();
    await cluster.untilWorking(node);
  }
  assert.match((await sender.status())?.strategy ?? '', strategy);
  for (let index = 0; index < 50; index++)
    sender.write(`new/${index % 5}/${index}`, `new ${index}`);
  await cluster.untilEqual();
  mkdirSync(sender.path('a/b/c'), { recursive: true });
  sender.write('a/b/c/file', 'deep');
  await cluster.untilEqual();
}
