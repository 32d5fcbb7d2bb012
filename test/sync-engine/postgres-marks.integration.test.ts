import { statSync, utimesSync } from 'node:fs';
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

test(
  'on PostgreSQL a file that only one node has changed is no conflict',
  { skip },
  async (context) => {
    const cluster = await started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    for (let index = 0; index < 100; index++)
      first.write(`new/${index % 5}/${index}`, `new ${index}`);
    for (let index = 0; index < 20; index++) {
      (index < 10 ? first : second).write(`old/${index}`, `rewritten ${index}`);
    }
    await cluster.untilEqual();
    await cluster.untilQuiet();
  },
);

test(
  'on PostgreSQL a rewrite within the same second, while no daemon runs, arrives',
  { skip },
  async (context) => {
    const cluster = await started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    first.write('new/file', 'the first');
    await cluster.untilRead(second, 'new/file', 'the first');
    await cluster.untilQuiet();
    const { mtimeMs } = statSync(first.path('new/file'));
    await first.stop('SIGKILL');
    first.write('new/file', 'the other');
    // As if all this had taken less than a second; csync2 compares whole ones.
    utimesSync(first.path('new/file'), mtimeMs / 1000, Math.floor(mtimeMs / 1000) + 0.75);
    first.start();
    await cluster.untilRead(second, 'new/file', 'the other');
    await cluster.untilEqual();
  },
);

async function started(context: TestContext): Promise<Cluster> {
  const cluster = await Cluster.make(context, { nodes: 3 });
  const first = cluster.node(1);
  await startPostgres(context, cluster, first);
  for (let index = 0; index < 20; index++) first.write(`old/${index}`, `of old ${index}`);
  await cluster.initialise();
  // Nothing is pending, and nothing has changed.
  await cluster.start();
  return cluster;
}
