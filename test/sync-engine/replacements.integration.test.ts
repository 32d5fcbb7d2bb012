/**
 * What csync2's server removes before it receives something else in its place is not removed by
 * anybody.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle();

for (const [kind, make] of [
  ['a directory', (path: string) => mkdirSync(path)],
  ['a link', (path: string) => symlinkSync('nowhere', path)],
] as const) {
  test(
    `${kind} that becomes a file, while a peer's disk is full: it becomes one everywhere`,
    { skip },
    async (context) => {
      const cluster = await Cluster.started(
        context,
        { nodes: 3, dataSize: { 2: 512 * 1024 } },
        ({ nodes: [first] }) => {
          make(first?.path('becomes') as string);
          first?.write('removed', '');
          // An empty tree would pass for a disk that is not mounted.
          first?.write('stays', '');
        },
      );
      const [first, second, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
      // Only there, and not synchronised: what fills the disk.
      await second.mustRun('sh', '-c', `head -c 1M /dev/zero >${cluster.root}/../filler || true`);
      rmSync(first.path('becomes'), { recursive: true });
      writeFileSync(first.path('becomes'), 'a file'.repeat(1000));
      await cluster.untilRead(third, 'becomes', 'a file'.repeat(1000));
      await cluster.until(
        `the second to have lost ${kind}`,
        () => !existsSync(second.path('becomes')) && !isLink(second.path('becomes')),
      );
      // What is removed by somebody is removed everywhere: all that the second has to say is said
      // by then.
      second.remove('removed');
      for (const node of [first, third]) await cluster.untilRead(node, 'removed', undefined);
      await sleep(1000);
      for (const node of [first, third])
        assert.equal(node.read('becomes')?.length, 6000, node.name);
      rmSync(second.outside(`${cluster.root}/../filler`));
      await cluster.untilEqual();
      await cluster.untilQuiet();
      assert.equal(second.read('becomes')?.length, 6000);
    },
  );
}

test(
  'a file that a full disk has cut off leaves nothing of it behind',
  { skip },
  async (context) => {
    const cluster = await Cluster.started(context, { nodes: 2, dataSize: { 2: 512 * 1024 } });
    const [first, second] = [cluster.node(1), cluster.node(2)];
    await second.mustRun('sh', '-c', `head -c 300K /dev/zero >${cluster.root}/../filler`);
    // Neither comes whole: its changes do, and the file made of them does not; or not even those.
    first.write('file', 'x'.repeat(150_000));
    first.write('large', 'y'.repeat(400_000));
    await cluster.until(
      'both to be refused',
      async () => (await first.peer(second.name))?.on_hold_count === 2,
    );
    await cluster.until(
      'no session',
      async () => (await second.status())?.server.sessions.length === 0,
    );
    assert.deepEqual(readdirSync(second.path()), []);
    rmSync(second.outside(`${cluster.root}/../filler`));
    first.remove('large');
    await cluster.untilEqual();
    assert.deepEqual(readdirSync(second.path()), ['file']);
  },
);

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
