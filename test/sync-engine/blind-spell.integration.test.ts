import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

// csync2 compares whole seconds and sizes. What is rewritten in the second of its last check, while nobody watches, is seen
// by no check.
for (const how of ['SIGTERM', 'SIGKILL'] as const) {
  test(`rewritten in the second of its last check, after ${how}: it arrives`, { skip }, async (context) => {
    const cluster = await rewrittenUnseen(context, async (sender) => {
      // Not to be mistaken for a stop that takes long: the second must not end before the rewrite.
      await sender.stop(how);
      return 1;
    });
    await cluster.untilRead(cluster.node(2), 'counter', 'bbbb');
    await cluster.untilQuiet();
    await cluster.untilEqual();
  });
}

test('killed again before anybody has looked: it arrives', { skip }, async (context) => {
  const cluster = await rewrittenUnseen(context, async (sender) => {
    await sender.stop('SIGKILL');
    return 2;
  });
  await cluster.untilRead(cluster.node(2), 'counter', 'bbbb');
  await cluster.untilQuiet();
});

/** Has the counter checked, ends the daemon, rewrites it in the same second, and starts the daemon so often. */
async function rewrittenUnseen(
  context: TestContext,
  end: (sender: ReturnType<Cluster['node']>) => Promise<number>,
): Promise<Cluster> {
  const cluster = await Cluster.started(context);
  const [sender, peer] = [cluster.node(1), cluster.node(2)];
  for (let attempt = 0; attempt < 20; attempt++) {
    await sleep(1000 - (Date.now() % 1000) + 5);
    sender.write('counter', 'aaaa');
    await cluster.untilRead(peer, 'counter', 'aaaa');
    const first = statSync(sender.path('counter')).mtimeMs;
    const starts = await end(sender);
    sender.write('counter', 'bbbb');
    const last = statSync(sender.path('counter')).mtimeMs;
    const isSame = Math.floor(first / 1000) === Math.floor(last / 1000);
    for (let start = 1; isSame && start < starts; start++) {
      sender.start();
      await cluster.untilWorking(sender);
      await sender.stop('SIGKILL');
    }
    sender.start();
    await cluster.untilWorking(sender);
    if (isSame) return cluster;
    await cluster.untilRead(peer, 'counter', 'bbbb');
  }
  assert.fail('the machine was too slow twenty times to write twice in one second');
}
