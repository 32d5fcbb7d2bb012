/** A link in place of a directory of the tree: csync2's server writes nothing where it leads. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();
const names = ['changed', 'removed', 'chmod', 'below/file'] as const;
const secret = 'what only root may change';

test(
  'without auto, nothing outside of the tree is touched, and both say so',
  { skip },
  async (context) => {
    const { cluster, first, outside } = await swapped(context, 'none');
    changeAll(first);
    first.write('beside', 'arrives');
    await cluster.until('what is beside it', () => cluster.node(2).read('beside') === 'arrives');
    await second(cluster).command('resume');
    await cluster.until(
      'a conflict to be told',
      async () => (await first.status())?.health === 'degraded',
    );
    assertUntouched(outside);
  },
);

test(
  'with auto, the directory wins, and what the link led to is untouched',
  { skip },
  async (context) => {
    const { cluster, first, outside } = await swapped(context, 'younger');
    changeAll(first);
    await second(cluster).command('resume');
    await cluster.untilEqual();
    assert.equal(second(cluster).read('dir/changed'), 'another text');
    assertUntouched(outside);
  },
);

test(
  'swapped to and fro while files arrive, nothing outside is touched',
  { skip },
  async (context) => {
    const { cluster, first, outside } = await begun(context, 'younger');
    const node = second(cluster);
    await node.command('pause');
    const until = Date.now() + 6000;
    const [place, aside] = [node.path('dir'), node.path('aside')];
    let swaps = 0;
    const writing = (async () => {
      for (let round = 0; Date.now() < until; round++) {
        for (const name of names) first.write(`dir/${name}`, `round ${round}`);
        first.write(`dir/new ${round % 50}`, `round ${round}`);
        await sleep(5);
      }
    })();
    while (Date.now() < until) {
      renameSync(place, aside);
      symlinkSync(outside.path, place);
      await sleep(swaps % 7);
      // The peer may have made the directory again in between.
      do rmSync(place, { recursive: true, force: true });
      while (!isRenamed(aside, place));
      await sleep(swaps++ % 11);
    }
    await writing;
    assertUntouched(outside);
    assert.ok(swaps > 50, `${swaps} swaps`);
    await node.command('resume');
    await cluster.untilEqual();
    assertUntouched(outside);
  },
);

/** A tree on both nodes, and a directory beside that of the second. */
async function begun(context: TestContext, auto: string) {
  const cluster = await Cluster.started(context, { auto }, (made) => {
    for (const name of names) made.node(1).write(`dir/${name}`, 'as it was');
  });
  await cluster.untilEqual();
  const path = join(dirname(cluster.root), 'outside');
  const seen = second(cluster).outside(path);
  for (const name of names) {
    mkdirSync(dirname(join(seen, name)), { recursive: true });
    writeFileSync(join(seen, name), secret);
    chmodSync(join(seen, name), 0o600);
  }
  const entries = readdirSync(seen, { recursive: true }).length;
  return { cluster, first: cluster.node(1), outside: { path, seen, entries } };
}

/** The second has a link in place of the directory, and does not say so yet. */
async function swapped(context: TestContext, auto: string) {
  const made = await begun(context, auto);
  const node = second(made.cluster);
  await node.command('pause');
  rmSync(node.path('dir'), { recursive: true });
  symlinkSync(made.outside.path, node.path('dir'));
  return made;
}

function isRenamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') return false;
    throw error;
  }
}

function changeAll(first: ClusterNode): void {
  first.write('dir/changed', 'another text');
  unlinkSync(first.path('dir/removed'));
  chmodSync(first.path('dir/chmod'), 0o4777);
  first.write('dir/below/file', 'another text');
  first.write('dir/new', 'text');
  mkdirSync(first.path('dir/made/deep'), { recursive: true });
  symlinkSync('/nowhere', first.path('dir/link'));
}

function assertUntouched({ seen, entries }: { seen: string; entries: number }): void {
  assert.equal(readdirSync(seen, { recursive: true }).length, entries);
  for (const name of names) {
    assert.equal(readFileSync(join(seen, name), 'latin1'), secret);
    assert.equal(statSync(join(seen, name)).mode & 0o7777, 0o600);
  }
}

function second(cluster: Cluster): ClusterNode {
  return cluster.node(2);
}
