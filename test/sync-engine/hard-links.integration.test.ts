import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test(
  'a file with several names that is written to under one of them arrives under all',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { nodes: 2 }, ({ nodes: [first] }) => {
      first?.write('of old/a', 'of old');
      mkdirSync(first?.path('elsewhere') as string);
      linkSync(first?.path('of old/a') as string, first?.path('elsewhere/b') as string);
    });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    // In place, and of the same size within the second of the first.
    for (const text of ['first!', 'second']) {
      writeFileSync(first.path('of old/a'), text);
      await cluster.untilRead(second, 'elsewhere/b', text);
    }
    linkSync(first.path('of old/a'), first.path('elsewhere/c'));
    await cluster.untilRead(second, 'elsewhere/c', 'second');
    appendFileSync(first.path('elsewhere/b'), ' and more');
    chmodSync(first.path('elsewhere/b'), 0o640);
    for (const name of ['of old/a', 'elsewhere/b', 'elsewhere/c']) {
      await cluster.untilRead(second, name, 'second and more');
    }
    await cluster.untilEqual();
    await cluster.untilQuiet();
    const status = await first.status();
    assert.equal(status?.detected_late.count, 0);
    // Nothing comes back.
    assert.equal((await second.status())?.peers[0]?.sent, 0);
  },
);
