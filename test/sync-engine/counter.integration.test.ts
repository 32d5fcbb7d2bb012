import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { type Random, seededRandom } from '../support/csync2-random.js';

// csync2 compares whole seconds and sizes: of two rewrites in one second it sees only the first.
const skip = clusterObstacle();
/** The long form: REWRITES=500. */
const rewrites = Number(process.env.REWRITES ?? 60);

test(
  'a counter rewritten many times a second is equal at each pause, in both directions',
  {
    skip,
  },
  async (context) => {
    const random = seededRandom(context);
    const cluster = await Cluster.started(context, {}, (made) => {
      for (const name of ['one', 'two']) made.node(1).write(name, '0000');
    });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    await Promise.all([
      count(cluster, { from: first, to: second, name: 'one', random, rewrites }),
      count(cluster, { from: second, to: first, name: 'two', random, rewrites }),
    ]);
    await cluster.untilQuiet();
    await cluster.untilEqual();
  },
);

test('fifty counters rewritten at once are equal at each pause', { skip }, async (context) => {
  const random = seededRandom(context);
  const names = Array.from({ length: 50 }, (_, index) => `counter-${index}`);
  const cluster = await Cluster.started(context, {}, (made) => {
    for (const name of names) made.node(1).write(name, '0000');
  });
  const sides = [
    { from: cluster.node(1), to: cluster.node(2) },
    { from: cluster.node(2), to: cluster.node(1) },
  ] as const;
  await Promise.all(
    names.map((name, index) =>
      count(cluster, {
        ...(sides[index % 2] as (typeof sides)[0]),
        name,
        random,
        rewrites: Math.ceil(rewrites / 5),
      }),
    ),
  );
  await cluster.untilQuiet();
  await cluster.untilEqual();
});

interface Counting {
  readonly from: ClusterNode;
  readonly to: ClusterNode;
  readonly name: string;
  readonly random: Random;
  readonly rewrites: number;
}

/** Rewrites a 4-byte file; now and then pauses, until the other node has it as it is. */
async function count(
  cluster: Cluster,
  { from, to, name, random, rewrites }: Counting,
): Promise<void> {
  const file = from.path(name);
  for (let value = 1; value <= rewrites; value++) {
    const text = String(value).padStart(4, '0');
    if (random.below(2) === 0) writeFileSync(file, text);
    else overwrite(file, text);
    if (value === rewrites || random.below(15) === 0) await cluster.untilRead(to, name, text);
    else await sleep(gap(random));
  }
}

/** Without truncating it first. */
function overwrite(file: string, text: string): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, text);
  closeSync(fd);
}

/** 5 to 400 ms, the short ones more often: they are what csync2 overlooks. */
function gap(random: Random): number {
  return 5 * 80 ** random.next();
}
