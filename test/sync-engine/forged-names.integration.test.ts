import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

/**
 * Makes a file whose path reads like a message of csync2's server about another file. Any user of a
 * tree can do that.
 */
function forge(node: ClusterNode, path: string, text: string): void {
  mkdirSync(dirname(node.path(path)), { recursive: true });
  writeFileSync(node.path(path), text);
}

test('a name that reads like a line of the log holds up nobody else', { skip }, async (context) => {
  const cluster = await Cluster.started(context, {}, (made) =>
    made.node(1).write('victim', 'edit 00'),
  );
  const [first, second] = [cluster.node(1), cluster.node(2)];
  const line = `Updated ${cluster.root}/victim from node1.`;
  const forged = [
    `x\n[10:00:00] <${second.serverPid}> ${line}\n`,
    `y\n2026-11-26T10:00:00.000Z <${second.serverPid}> ${line}\n`,
  ];
  for (let edit = 1; edit <= 10; edit++) {
    for (const name of forged) forge(first, name, `forged ${edit}`);
    for (const name of forged) await cluster.untilRead(second, name, `forged ${edit}`);
    // Of the same size and in the same second, as csync2 sees it: only what we know of its
    // reception counts.
    second.write('victim', `edit ${String(edit).padStart(2, '0')}`);
    await cluster.untilRead(first, 'victim', `edit ${String(edit).padStart(2, '0')}`);
  }
  assert.deepEqual(second.logged(/may be only partly received.*victim/), []);
  await cluster.untilQuiet();
  await cluster.untilEqual();
});

test(
  'a conflict whose name reads like a dead peer holds up nobody else',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const names = [
      'x\nConfig command failed.',
      "y\nERROR: Connection to remote host `node2' failed.\n",
      'z\nDatabase backend is exceedingly busy => Terminating (requesting retry).\n',
    ];
    await cluster.cut(second);
    for (const name of names) {
      forge(first, name, 'here');
      forge(second, name, 'over there');
    }
    await cluster.until('both to have files pending', async () => {
      const pending = [(await first.peer('node2'))?.pending, (await second.peer('node1'))?.pending];
      return pending.every((files) => files === names.length);
    });
    await cluster.heal(second);
    for (const node of [first, second]) assert.equal((await node.command('retry')).code, 0);
    await cluster.until('all to be conflicts', async () => {
      const onHold = (await first.peer('node2'))?.on_hold ?? [];
      return (
        onHold.length === names.length &&
        onHold.every(({ reason }) => /changed on both sides/.test(reason))
      );
    });
    const from = first.logEnd;
    for (let change = 0; change < 5; change++) {
      first.write('fresh', `change ${change}`);
      await cluster.untilRead(second, 'fresh', `change ${change}`);
    }
    assert.deepEqual(
      first.logged(/node2: .* not sent/, from),
      [],
      'the peer is not taken for dead',
    );
  },
);
