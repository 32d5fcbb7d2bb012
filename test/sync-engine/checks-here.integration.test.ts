/** Daemons that check changed files in their own process, with real csync2 for all else. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

test(
  'changes arrive without a check by csync2, and status tells of it',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { nodes: 2, flags: ['--checker', 'auto'] });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    first.write('file', 'one');
    await cluster.untilRead(second, 'file', 'one');
    first.write('file', 'two');
    await cluster.untilRead(second, 'file', 'two');
    second.write('other', 'three');
    await cluster.untilRead(first, 'other', 'three');
    rmSync(first.path('file'));
    await cluster.untilEqual();
    await cluster.untilQuiet();
    const checks = (await first.status())?.checks;
    assert.equal(checks?.checker, 'auto');
    assert.ok((checks?.here ?? 0) >= 3, JSON.stringify(checks));
    assert.deepEqual(checks?.reasons, []);
  },
);

test('where options may change a check, csync2 does it', { skip }, async (context) => {
  const flags = ['--checker', 'auto', '-A'];
  const cluster = await Cluster.started(context, { nodes: 2, flags });
  const [first, second] = [cluster.node(1), cluster.node(2)];
  first.write('file', 'one');
  await cluster.untilRead(second, 'file', 'one');
  await cluster.untilQuiet();
  const checks = (await first.status())?.checks;
  assert.equal(checks?.here, 0);
  assert.ok((checks?.left.options ?? 0) >= 1);
  assert.match(checks?.reasons.join() ?? '', /csync2_options/);
});
