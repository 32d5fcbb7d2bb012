import assert from 'node:assert/strict';
import { statSync, utimesSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { signalProcess } from '../support/cluster-namespaces.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

// csync2 compares whole seconds and sizes. What is rewritten in the second of its last check, while
// nobody watches, is seen by no check.
for (const how of ['SIGTERM', 'SIGKILL'] as const) {
  test(
    `rewritten in the second of its last check, after ${how}: it arrives`,
    { skip },
    async (context) => {
      const cluster = await rewrittenUnseen(context, async (sender) => {
        // Not to be mistaken for a stop that takes long: the second must not end before the
        // rewrite.
        await sender.stop(how);
        return 1;
      });
      await cluster.untilRead(cluster.node(2), 'counter', 'bbbb');
      await cluster.untilQuiet();
      await cluster.untilEqual();
    },
  );
}

test('killed again before anybody has looked: it arrives', { skip }, async (context) => {
  const cluster = await rewrittenUnseen(context, async (sender) => {
    await sender.stop('SIGKILL');
    return 2;
  });
  await cluster.untilRead(cluster.node(2), 'counter', 'bbbb');
  await cluster.untilQuiet();
});

test(
  'rewritten in the second of its last check, while events are lost: it arrives',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    first.write('counter', 'aaaa');
    first.write('flood/first', '');
    await cluster.untilRead(second, 'counter', 'aaaa');
    await cluster.untilRead(second, 'flood/first', '');
    await cluster.untilQuiet();
    const { mtimeMs } = statSync(first.path('counter'));
    const daemon = first.pid as number;
    signalProcess(daemon, 'SIGSTOP');
    // More than the kernel keeps for it.
    const flood = [
      'import os',
      `os.chdir('${cluster.root}/flood')`,
      'for index in range(20_000):',
      '    os.close(os.open(str(index % 7), os.O_WRONLY | os.O_CREAT))',
      '    os.unlink(str(index % 7))',
    ].join('\n');
    await first.mustRun('python3', '-c', flood);
    first.write('counter', 'bbbb');
    utimesSync(first.path('counter'), mtimeMs / 1000, Math.floor(mtimeMs / 1000) + 0.75);
    signalProcess(daemon, 'SIGCONT');
    await cluster.untilRead(second, 'counter', 'bbbb');
    assert.match(first.log(), /full check begins: the kernel's event queue overflowed/);
    await cluster.untilQuiet();
    await cluster.untilEqual();
  },
);

// A peer that is not sure of what it has sent sends it once more: then its session only sets owner,
// mode and time, and says nothing.
test(
  'received, and its attributes set once more, while nobody looked: it is not sent on',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { nodes: 3 });
    const [first, second, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    signalProcess(first.pid as number, 'SIGSTOP');
    third.write('received', 'content');
    await cluster.untilRead(first, 'received', 'content');
    await cluster.untilQuiet([third]);
    await third.csync2('-m', `${cluster.root}/received`);
    const { ctimeMs } = statSync(first.path('received'));
    await third.csync2('-u', '-P', first.name);
    assert.notEqual(statSync(first.path('received')).ctimeMs, ctimeMs);
    // What is younger may have events under way that tell more.
    await sleep(700);
    await first.stop('SIGKILL');
    first.start();
    await cluster.untilWorking(first);
    await cluster.untilQuiet();
    await cluster.untilEqual();
    assert.deepEqual(
      (await first.status())?.peers.map(({ name, sent }) => [name, sent]),
      [
        [second.name, 0],
        [third.name, 0],
      ],
    );
  },
);

/**
 * Has the counter checked, ends the daemon, rewrites it in the same second, and starts the daemon
 * so often.
 */
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
