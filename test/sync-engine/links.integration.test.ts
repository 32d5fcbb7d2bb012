import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
const rounds = Number(process.env.RELEASES ?? 4);
const files = Number(process.env.FILES ?? 400);

test('a link to a release arrives when the release is there, whole', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { nodes: 3 });
  const [first, second, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
  let isOver = false;
  const looks = { whole: 0, incomplete: [] as string[] };
  const watching = [second, third].map(async (node) => {
    for (; !isOver; await sleep(2)) look(node, looks);
  });
  for (let round = 0; round < rounds; round++) {
    const release = first.path(`releases/${round}`);
    for (let file = 0; file < files; file++) {
      const directory = join(release, `d${file % 20}`);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, `f${file}`), `release ${round}`);
    }
    symlinkSync(`releases/${round}`, first.path('.next'));
    renameSync(first.path('.next'), first.path('current'));
    await cluster.until('the link to arrive', () =>
      [second, third].every((node) => linkOf(node) === `releases/${round}`),
    );
    look(second, looks);
    look(third, looks);
  }
  isOver = true;
  await Promise.all(watching);
  await cluster.untilQuiet();
  await cluster.untilEqual();
  context.diagnostic(
    `${looks.whole} looks saw a whole release, ${looks.incomplete.length} an incomplete one`,
  );
  assert.deepEqual(looks.incomplete.slice(0, 5), []);
});

test(
  'a link whose target the peer does not take arrives all the same',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    first.write('target/contested', 'as it was');
    await cluster.untilEqual();
    await cluster.untilQuiet();
    for (const node of [first, second]) await node.stop();
    first.write('target/contested', 'as the first has it');
    second.write('target/contested', 'as the second has it, longer');
    for (const node of [first, second]) node.start();
    await cluster.until(
      'the conflict to be told',
      async () => ((await first.peer('node2'))?.on_hold_count ?? 0) > 0,
    );
    symlinkSync('target', first.path('current'));
    await cluster.until('the link to arrive', () => linkOf(second) === 'target');
  },
);

test(
  'links that lead to each other, or to what they lie in, wait for nothing',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    mkdirSync(first.path('circle'));
    symlinkSync('..', first.path('circle/up'));
    symlinkSync('.', first.path('circle/itself'));
    symlinkSync('b', first.path('circle/a'));
    symlinkSync('a', first.path('circle/b'));
    symlinkSync('circle', first.path('current'));
    // Half of the time for which a link may wait.
    await cluster.untilEqual([first, second], 30);
  },
);

function linkOf(node: ClusterNode): string | undefined {
  try {
    return readlinkSync(node.path('current'));
  } catch {
    return undefined;
  }
}

/** What somebody sees who follows the link. */
function look(node: ClusterNode, looks: { whole: number; incomplete: string[] }): void {
  const target = linkOf(node);
  if (target === undefined) return;
  let count = 0;
  for (let directory = 0; directory < 20; directory++) {
    const path = node.path(`${target}/d${directory}`);
    try {
      count += readdirSync(path).filter(
        (name) => readFileSync(join(path, name), 'utf8') !== '',
      ).length;
    } catch {
      // Not there yet.
    }
  }
  if (count >= files) looks.whole++;
  else looks.incomplete.push(`${node.name} ${target}: ${count} of ${files}`);
}

// csync2 compares two notes as far as the shorter one goes.
test(
  'a link arrives whose target begins with the one before, or is the beginning of it',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context);
    const [first, second] = [cluster.node(1), cluster.node(2)];
    const lead = (name: string, target: string) => {
      symlinkSync(target, first.path('.next'));
      renameSync(first.path('.next'), first.path(name));
    };
    for (const target of ['releases/1', 'releases/10', 'releases/101', 'releases/1', '.']) {
      lead('current', target);
      await cluster.until(`the link to ${target}`, () => linkOf(second) === target);
    }
    // Among so many others that csync2 does not show what it sends.
    for (let other = 0; other < 100; other++) first.write(`d/${other}`, `${other}`);
    lead('current', './x');
    await cluster.until('the link among others', () => linkOf(second) === './x');
    await cluster.untilQuiet();
    await cluster.untilEqual();
  },
);
