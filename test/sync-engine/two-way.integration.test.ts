import assert from 'node:assert/strict';
import { chmodSync, chownSync, lstatSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { type Random, seededRandom } from '../support/csync2-random.js';

const skip = clusterObstacle();

test(
  'both nodes write at once and rewrite the same files: equal in the end, nothing echoes',
  {
    skip,
  },
  async (context) => {
    const random = seededRandom(context);
    const shared = Array.from({ length: 20 }, (_, index) => `shared/${index}`);
    const cluster = await Cluster.started(context, { auto: 'younger' }, (made) => {
      for (const name of shared) made.node(1).write(name, 'of old');
    });
    const changes = await Promise.all(cluster.nodes.map((node) => write(node, shared, random)));
    await cluster.untilEqual();
    await cluster.untilQuiet();
    await cluster.untilEqual();
    const made = changes.reduce((sum, count) => sum + count);
    const { sent, updated } = await countsOf(cluster);
    context.diagnostic(`${made} changes, ${updated} updates, ${sent} sent`);
    assert.ok(updated <= made * 1.05, `${updated} files were updated for ${made} changes`);
    // Some are sent once more because nobody knows what the peer has; it takes a look and changes
    // nothing.
    assert.ok(sent <= made * 1.2, `${sent} files were sent for ${made} changes`);
  },
);

test('owner and mode stay as they were set, on both sides', { skip }, async (context) => {
  const random = seededRandom(context);
  const cluster = await Cluster.started(context, { auto: 'younger' });
  const wanted = new Map<string, string>();
  const wrong: string[] = [];
  const look = (node: ClusterNode, name: string) => {
    const { uid, gid, mode } = lstatSync(node.path(name));
    const found = `${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
    if (found !== wanted.get(`${node.name}/${name}`))
      wrong.push(`${node.name}/${name} is ${found}`);
  };
  for (let round = 0; round < 100; round++) {
    for (const node of cluster.nodes) {
      const name = `${node.name}-${random.below(40)}`;
      const [uid, gid, mode] = [
        1000 + random.below(50),
        2000 + random.below(50),
        random.pick(modes),
      ];
      writeFileSync(node.path(name), `${round} ${'-'.repeat(random.below(5000))}`);
      chownSync(node.path(name), uid, gid);
      chmodSync(node.path(name), mode);
      wanted.set(`${node.name}/${name}`, `${uid}:${gid} ${mode.toString(8)}`);
    }
    await sleep(random.below(60));
    for (const node of cluster.nodes) {
      for (const place of wanted.keys()) {
        if (place.startsWith(`${node.name}/`)) look(node, place.slice(node.name.length + 1));
      }
    }
    // Each name is written by one side only: what the writer finds changed has come back from the
    // other.
    assert.deepEqual(wrong, []);
  }
  await cluster.untilEqual();
  await cluster.untilQuiet();
  await cluster.untilEqual();
  for (const place of wanted.keys()) {
    const [name = '', file = ''] = place.split('/');
    look(cluster.nodes.find((node) => node.name === name) as ClusterNode, file);
  }
  assert.deepEqual(wrong, []);
});

/**
 * 1,500 files of its own, and a rewrite of a shared one now and then. Returns how many changes it
 * made.
 */
async function write(
  node: ClusterNode,
  shared: readonly string[],
  random: Random,
): Promise<number> {
  let changes = 0;
  for (let index = 0; index < 1500; index++) {
    const name = `${node.name}/${Math.floor(index / 100)}/${index}`;
    if (index % 100 === 0) changes++;
    node.write(name, `${node.name} ${index} ${'x'.repeat(random.below(800))}`);
    changes++;
    if (index % 15 === 0) {
      node.write(random.pick(shared), `${node.name} at ${index} ${'y'.repeat(random.below(50))}`);
      changes++;
    }
    if (index % 5 === 0) await sleep(1);
  }
  return changes;
}

/** What the lanes have sent, and what the servers have changed on their hosts because of it. */
async function countsOf(cluster: Cluster): Promise<{ sent: number; updated: number }> {
  const statuses = await Promise.all(cluster.nodes.map((node) => node.status()));
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return {
    sent: sum(statuses.flatMap((status) => status?.peers ?? []).map((peer) => peer.sent)),
    updated: sum(statuses.flatMap((status) => Object.values(status?.server.received ?? {}))),
  };
}

const modes = [0o600, 0o640, 0o644, 0o664, 0o755, 0o400];
