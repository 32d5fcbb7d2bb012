import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { postgresObstacle, startPostgres } from '../support/cluster-postgres.js';

const skip = clusterObstacle() || postgresObstacle();

// What a check was given while an update ran is not what it has marked.
test('on PostgreSQL daemons that have nothing to do come to rest', { skip }, async (context) => {
  const cluster = await started(context);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  first.write('new/file', 'new');
  await cluster.untilRead(second, 'new/file', 'new');
  await cluster.untilQuiet();
  await cluster.untilEqual();
});

test('on PostgreSQL a file that only one node has changed is no conflict', { skip }, async (context) => {
  const cluster = await started(context);
  const [first, second] = [cluster.node(1), cluster.node(2)];
  for (let index = 0; index < 100; index++) first.write(`new/${index % 5}/${index}`, `new ${index}`);
  for (let index = 0; index < 20; index++) {
    (index < 10 ? first : second).write(`old/${index}`, `rewritten ${index}`);
  }
  await cluster.untilEqual();
  await cluster.untilQuiet();
});

async function started(context: TestContext): Promise<Cluster> {
  const cluster = await Cluster.make(context, { nodes: 3 });
  const first = cluster.node(1);
  await startPostgres(context, cluster, first);
  for (let index = 0; index < 20; index++) first.write(`old/${index}`, `of old ${index}`);
  await cluster.initialise();
  // Nothing is owed, and nothing has changed.
  await cluster.start();
  return cluster;
}
