import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Cluster } from '../support/cluster.js';
import { signalProcess } from '../support/cluster-namespaces.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { streaming } from './stream.js';

const skip = clusterObstacle();
/** The long form: ROUNDS=100. */
const rounds = Number(process.env.ROUNDS ?? 10);

// csync2 takes note of a changed file first and marks it dirty then, in statements that are
// committed one by one. If it ends between the two, a later check finds nothing changed.
test(
  'a check of a new tree that ends between noting a file and marking it loses nothing',
  { skip },
  async (context) => {
    const { cluster, interrupt } = await interruptible(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    mkdirSync(first.outside(`${cluster.root}-new`));
    writeFileSync(first.outside(`${cluster.root}-new/victim`), 'in a new tree');
    renameSync(first.outside(`${cluster.root}-new`), first.path('new'));
    await interrupt();
    await cluster.untilRead(second, 'new/victim', 'in a new tree', 30);
    await cluster.untilQuiet();
  },
);

test(
  'the csync2 processes are killed again and again during a stream of changes',
  {
    skip,
  },
  async (context) => {
    const { cluster, random, stream } = await streaming(context);
    for (let round = 0; round < rounds; round++) {
      const node = random.pick(cluster.nodes);
      await cluster.until('csync2 to be at work', () => node.commandPids.length > 0);
      await sleep(random.below(30));
      for (const pid of node.commandPids) signalProcess(pid, 'SIGKILL');
      await sleep(random.below(300));
    }
    await stream.end();
    await cluster.untilEqual();
    await cluster.untilQuiet();
    await cluster.untilEqual();
  },
);

/**
 * A cluster whose first node's csync2 fails whenever it is about to mark `victim`, until it has
 * done so.
 */
async function interruptible(context: TestContext) {
  const cluster = await Cluster.started(context);
  const first = cluster.node(1);
  const database = new Database(join(first.database, `${first.name}.db3`), { timeout: 10_000 });
  context.after(() => database.close());
  database.exec(`CREATE TRIGGER interrupt BEFORE INSERT ON dirty WHEN NEW.filename LIKE '%/victim'
    BEGIN SELECT RAISE(ABORT, 'as if csync2 had been killed'); END`);
  const interrupt = async () => {
    await cluster.until(
      'a check to have failed',
      async () => ((await first.status())?.deferred.length ?? 0) > 0,
    );
    database.exec('DROP TRIGGER interrupt');
  };
  return { cluster, interrupt };
}
