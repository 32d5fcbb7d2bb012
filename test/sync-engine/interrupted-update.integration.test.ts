/** An update that ends before its time: what the peer then changes of it is no conflict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
const names = Array.from({ length: 1500 }, (_, index) => `many/${index}`);

const interruptions: Readonly<Record<string, (sender: ClusterNode, peer: ClusterNode) => unknown>> =
  {
    'the service is restarted': (sender) => sender.stop(),
    'the update is killed': (sender) => {
      for (const pid of sender.commandPids) process.kill(pid, 'SIGKILL');
    },
    'the peer is stopped and is silent': async (sender, peer) => {
      peer.freeze('SIGSTOP');
      while ((await sender.peer(peer.name))?.health === 'ok') await sleep(100);
      peer.freeze('SIGCONT');
    },
  };

for (const [what, interrupt] of Object.entries(interruptions)) {
  test(`${what}: what the peer changes of it is no conflict`, { skip }, async (context) => {
    const cluster = await Cluster.started(context, { flags: ['--peer-timeout', '5'] }, (made) =>
      made.node(1).write('stays', ''),
    );
    const [sender, peer] = [cluster.node(1), cluster.node(2)];
    for (const name of names) sender.write(name, 'from the sender');
    const arrived = () => names.filter((name) => peer.read(name) === 'from the sender');
    await cluster.until('some of it to arrive', () => arrived().length > 300, 90, 2);
    await interrupt(sender, peer);
    const changed = arrived();
    assert.ok(changed.length < names.length, 'it has come too fast for this test');
    for (const name of changed) peer.write(name, 'changed by the peer');
    if (!sender.running) sender.start();
    await cluster.untilEqual();
    await cluster.untilQuiet();
    for (const node of cluster.nodes) assert.equal((await node.status())?.health, 'healthy');
    // What was on its way in that moment may be half there, and is sent with force.
    const replaced = changed.filter((name) => sender.read(name) !== 'changed by the peer');
    assert.ok(replaced.length <= 1, replaced.join(' '));
  });
}
