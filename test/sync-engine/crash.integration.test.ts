import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { streaming } from './stream.js';

const skip = clusterObstacle();
/** The long form: ROUNDS=40. */
const rounds = Number(process.env.ROUNDS ?? 6);

test(
  'the daemon is killed again and again during a stream of changes',
  { skip },
  async (context) => {
    const { cluster, random, stream } = await streaming(context);
    for (let round = 0; round < rounds; round++) {
      await sleep(random.below(400));
      const node = random.pick(cluster.nodes);
      await node.stop('SIGKILL');
      await sleep(random.below(200));
      node.start();
      // Every other time it gets as far as working.
      if (random.below(2) === 0) await cluster.untilWorking(node);
    }
    await stream.end();
    await cluster.untilQuiet();
    await cluster.untilEqual();
  },
);

test('a sender dies again and again with all that it runs', { skip }, async (context) => {
  const { cluster, random, stream } = await streaming(context, [1]);
  const sender = cluster.node(1);
  for (let round = 0; round < rounds; round++) {
    await sleep(random.below(400));
    await sender.crash();
    await sleep(random.below(200));
    sender.start();
    if (random.below(2) === 0) await cluster.untilWorking(sender);
  }
  await stream.end();
  await cluster.untilQuiet();
  await cluster.untilEqual();
});

test(
  'the daemon is stopped and started again and again during a stream of changes',
  { skip },
  async (context) => {
    const { cluster, random, stream } = await streaming(context);
    for (let round = 0; round < rounds; round++) {
      await sleep(random.below(400));
      const node = random.pick(cluster.nodes);
      await node.stop();
      node.start();
      if (random.below(2) === 0) await cluster.untilWorking(node);
    }
    await stream.end();
    await cluster.untilQuiet();
    await cluster.untilEqual();
  },
);
