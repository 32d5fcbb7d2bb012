/** An update that is ended early: what the peer then changes of it is kept, and is no conflict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { ClusterMount } from '../support/cluster-mount.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
const names = Array.from({ length: 1500 }, (_, index) => `many/${index}`);
const changed = 'changed by the peer';

interface Interruption {
  readonly begin: (sender: ClusterNode, peer: ClusterNode, mount: ClusterMount) => unknown;
  readonly end?: (sender: ClusterNode, mount: ClusterMount) => unknown;
}

const interruptions: Readonly<Record<string, Interruption>> = {
  'the service is restarted': {
    begin: (sender) => sender.stop(),
    end: (sender) => sender.start(),
  },
  'the update is killed': {
    begin(sender) {
      for (const pid of sender.commandPids) process.kill(pid, 'SIGKILL');
    },
  },
  'the peer is stopped and is silent': {
    async begin(sender, peer) {
      peer.freeze('SIGSTOP');
      while ((await sender.peer(peer.name))?.health === 'ok') await sleep(100);
      peer.freeze('SIGCONT');
    },
  },
  'its disk is unmounted': {
    async begin(sender, peer, mount) {
      peer.freeze('SIGSTOP');
      await sender.mustRun('umount', '--lazy', mount.point);
      while (sender.commandPids.length > 0) await sleep(20);
      peer.freeze('SIGCONT');
    },
    end: (_, mount) => mount.mount(),
  },
};

for (const [what, { begin, end }] of Object.entries(interruptions)) {
  test(`${what}: what the peer changes of it is no conflict`, { skip }, async (context) => {
    const flags = ['--peer-timeout', '5'];
    const cluster = await Cluster.make(context, { flags });
    const [sender, peer] = [cluster.node(1), cluster.node(2)];
    sender.write('stays', '');
    const mount = await ClusterMount.make(cluster, 1, 'many', 'tmpfs');
    await mount.mount();
    await cluster.initialise();
    await cluster.start();
    for (const name of names) sender.write(name, 'from the sender');
    const arrived = () => names.filter((name) => peer.read(name) === 'from the sender');
    await cluster.until('some of it to arrive', () => arrived().length > 300, 90, 2);
    await begin(sender, peer, mount);
    const known = arrived();
    assert.ok(known.length < names.length, 'it has come too fast for this test');
    for (const name of known) peer.write(name, changed);
    await end?.(sender, mount);
    // Of the file that was on its way, nobody knows whether the peer had it.
    await cluster.until('all to be equal, but for one file', async () => {
      const open = names.filter((name) => sender.read(name) !== peer.read(name));
      const conflicts = (await sender.peer(peer.name))?.conflicts;
      return open.length <= 1 && conflicts === open.length;
    });
    assert.deepEqual(
      known.filter((name) => peer.read(name) !== changed),
      [],
    );
  });
}

test(
  'what a check on the peer has met before it had its mode is no conflict',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { flags: ['--peer-timeout', '2'] }, (made) =>
      made.node(1).write('stays', ''),
    );
    const [sender, peer] = [cluster.node(1), cluster.node(2)];
    await cluster.cut(peer);
    // As csync2's server makes it.
    await peer.mustRun('mkdir', '-m', '700', `${cluster.root}/many`);
    for (const name of names.slice(0, 100)) sender.write(name, 'from the sender');
    for (const node of cluster.nodes) {
      await cluster.until('it to be pending', async () => {
        const [other] = (await node.status())?.peers ?? [];
        return (other?.pending ?? 0) > 0 && other?.reason !== null;
      });
    }
    await cluster.heal(peer);
    await cluster.untilEqual();
    await cluster.untilQuiet();
    for (const node of cluster.nodes) assert.equal((await node.status())?.health, 'healthy');
  },
);
