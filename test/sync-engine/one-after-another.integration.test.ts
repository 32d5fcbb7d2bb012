import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test(
  'one peer after another: a dead one costs the others its timeout, and no more',
  {
    skip,
  },
  async (context) => {
    const flags = ['--no-parallel-updates', '--peer-timeout', '2'];
    const cluster = await Cluster.started(context, { nodes: 3, flags });
    const [first, healthy, dead] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    assert.match((await first.status())?.strategy ?? '', /one peer after another/);
    await cluster.blackhole(dead);
    for (let change = 0; change < 5; change++) {
      first.write(`change-${change}`, `change ${change}`);
      await cluster.untilRead(healthy, `change-${change}`, `change ${change}`);
    }
    await cluster.until(
      'the dead one to be named',
      async () => (await first.peer(dead.name))?.reason === 'stalled',
    );
    assert.equal(dead.read('change-4'), undefined);
    await cluster.heal(dead);
    await cluster.untilEqual();
    await cluster.untilQuiet();
  },
);

test(
  'one peer after another: one that drips holds the others up no longer',
  { skip },
  async (context) => {
    const flags = ['--no-parallel-updates', '--peer-timeout', '2'];
    const cluster = await Cluster.started(context, { nodes: 3, flags });
    const [first, healthy, dripping] = [cluster.node(1), cluster.node(2), cluster.node(3)];
    await cluster.drip(dripping);
    first.write('large', 'x'.repeat(300_000));
    for (let change = 0; change < 5; change++) {
      first.write(`change-${change}`, `change ${change}`);
      await cluster.untilRead(healthy, `change-${change}`, `change ${change}`);
    }
    await cluster.until(
      'the dripping one to be named',
      async () => (await first.peer(dripping.name))?.reason === 'stalled',
    );
    await cluster.dripNoMore(dripping);
    await cluster.untilEqual();
    await cluster.untilQuiet();
  },
);
