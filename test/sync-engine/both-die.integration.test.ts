import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { childrenOf } from '../support/cluster-namespaces.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { seededRandom } from '../support/csync2-random.js';

const skip = clusterObstacle();
/** The long form: ROUNDS=50. */
const rounds = Number(process.env.ROUNDS ?? 5);
const filesInRound = 60;

// The sender no longer knows what was under way, the receiver no longer knows what it was
// receiving.
test(
  'sender and receiver die in the middle of an update: no conflict is reported',
  { skip },
  async (context) => {
    const random = seededRandom(context);
    const cluster = await Cluster.started(context);
    const [sender, receiver] = [cluster.node(1), cluster.node(2)];
    for (let round = 0; round < rounds; round += 1) {
      for (let file = 0; file < filesInRound; file += 1)
        sender.write(`${round}/${file}`, `${round} ${file}`);
      await cluster.until('a session', () => childrenOf(receiver.serverPid as number).length > 0);
      await sleep(random.below(120));
      const [first, second] = random.pick([
        [sender, receiver],
        [receiver, sender],
      ]);
      await first.stop('SIGKILL');
      await sleep(random.below(3) === 0 ? 0 : random.below(150));
      await second.stop('SIGKILL');
      for (const node of random.pick([
        [sender, receiver],
        [receiver, sender],
      ])) {
        node.start();
        await sleep(random.below(300));
      }
      await cluster.untilWorking(receiver);
      await cluster.untilWorking(sender);
      for (const node of [sender, receiver])
        await cluster.until('all to be sent or told', async () => {
          assert.deepEqual(node.logged(/was changed both here and on/), []);
          return await node.isQuiet();
        });
      await cluster.untilEqual();
    }
  },
);
