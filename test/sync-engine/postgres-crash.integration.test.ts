import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { signalProcess } from '../support/cluster-namespaces.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { postgresObstacle, startPostgres } from '../support/cluster-postgres.js';
import { seededRandom } from '../support/csync2-random.js';

const skip = clusterObstacle() || postgresObstacle();
/** The long form: ROUNDS=40. */
const rounds = Number(process.env.ROUNDS ?? 4);

test(
  'on PostgreSQL csync2 and the daemon are killed during a stream of changes',
  { skip },
  async (context) => {
    const random = seededRandom(context);
    const cluster = await Cluster.make(context);
    const [sender] = cluster.nodes as [(typeof cluster.nodes)[number]];
    await startPostgres(context, cluster, sender);
    await cluster.initialise();
    await cluster.start();
    let count = 0;
    for (let round = 0; round < rounds; round++) {
      for (let change = 0; change < 20; change++) {
        sender.write(
          `${random.below(3)}/${random.below(3)}/${random.below(10)}`,
          `change ${++count}`,
        );
        await sleep(random.below(20));
      }
      // What csync2 was doing can't be read from this database: all that it was given is marked
      // again.
      const pids = sender.commandPids;
      if (random.below(2) === 0) for (const pid of pids) signalProcess(pid, 'SIGKILL');
      else {
        await sender.stop('SIGKILL');
        sender.start();
        await cluster.untilWorking(sender);
      }
    }
    await cluster.untilEqual();
    await cluster.untilQuiet();
    await cluster.untilEqual();
  },
);
