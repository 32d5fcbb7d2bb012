/** LONG=1 for the names that make most levels, and for 100,000 of them. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { seededRandom } from '../support/csync2-random.js';

// Any user can make paths that csync2 can't handle: a directory at a time.
const skip = clusterObstacle();
const isLong = process.env.LONG === '1';
const manyLevels = isLong ? 100_000 : 6000;

const chains = [
  { name: 'x'.repeat(255), levels: 20 },
  isLong ? { name: 'd', levels: 2100 } : { name: 'dddd', levels: 900 },
];
for (const { name, levels } of chains) {
  const what = `${levels} directories in one another with names of ${name.length} bytes`;
  test(
    `${what} are there at the start: all else is checked and sent`,
    { skip },
    async (context) => {
      const { cluster, sender, receiver } = await made(context);
      await cluster.initialise();
      sender.write('m1/a', 'beside the chain, known to nobody');
      await sender.make('chain', 'm1', levels, name);
      sender.write('m1/z', 'beside the chain');
      sender.write('n', 'after it');
      await cluster.start();
      await cluster.untilRead(receiver, 'm1/z', 'beside the chain');
      await cluster.untilRead(receiver, 'm1/a', 'beside the chain, known to nobody');
      await cluster.untilRead(receiver, 'n', 'after it');
      await saidOnce(cluster, sender);
      // And at each start after.
      await sender.stop();
      sender.write('m1/b', 'made while nobody watched');
      await cluster.start([sender]);
      await cluster.untilRead(receiver, 'm1/b', 'made while nobody watched');
      await sender.mustRun('rm', '-rf', `${cluster.root}/m1/${name}`);
      await cluster.until(
        'it to be gone',
        async () => (await sender.status())?.unsupported.count === 0,
      );
      await cluster.until(
        'it to be gone there, too',
        () => readdirSync(receiver.path('m1')).length === 3,
      );
      assert.equal(sender.logged(/all paths are short enough for csync2 again/).length, 1);
    },
  );
}

test(
  `${manyLevels} directories in one another, put together by renames: changes arrive meanwhile`,
  { skip },
  async (context) => {
    const { cluster, sender, receiver } = await made(context);
    sender.isMeasured = true;
    await cluster.initialise();
    await cluster.start();
    const growing = sender.make('grown', 'm1', manyLevels, 'd');
    for (let change = 0; change < 20; change++) {
      sender.write('m1/f', `change ${change}`);
      await cluster.untilRead(receiver, 'm1/f', `change ${change}`);
    }
    await growing;
    await sender.mustRun('mv', `${cluster.root}/m1/grown`, `${cluster.root}/m1/moved`);
    sender.write('m1/f', 'after it');
    await cluster.untilRead(receiver, 'm1/f', 'after it');
    await cluster.until(
      'nothing to be checked',
      async () => (await sender.status())?.queue.depth === 0,
      300,
    );
    const { longest, megabytes } = sender.measured();
    context.diagnostic(`the event loop stood still for ${longest} ms at most, ${megabytes} MB`);
    assert.ok(megabytes < 700, `${megabytes} MB`);
  },
);

test(
  'files about as long as csync2 takes: each arrives, or is told of',
  { skip },
  async (context) => {
    const random = seededRandom(context);
    const { cluster, sender, receiver } = await made(context);
    await cluster.initialise();
    await cluster.start();
    for (let round = 0; round < 12; round++) {
      const directory = 3900 + random.below(200);
      await sender.mustRun(
        'python3',
        '-c',
        oneFile,
        cluster.root,
        `r${round}`,
        String(directory),
        String(1 + random.below(255)),
      );
    }
    await cluster.untilQuiet();
    const status = await sender.status();
    assert.deepEqual(status?.problems, []);
    const unsupported = status?.unsupported.count ?? 0;
    const lists = await Promise.all(
      [sender, receiver].map((node) =>
        node.mustRun('find', cluster.root, '-type', 'f', '-printf', '%d\\n'),
      ),
    );
    const [sent = 0, received = 0] = lists.map((list) => list.split('\n').length - 1);
    context.diagnostic(`${sent} files, ${received} arrived, ${unsupported} told of`);
    assert.equal(sent, 12);
    assert.ok(received + unsupported >= sent && received > 0 && unsupported > 0);
  },
);

/**
 * ROOT NAME LENGTH LAST: below ROOT/NAME directories, so that the last has a path of LENGTH bytes;
 * in it a file, named with LAST.
 */
const oneFile = `
import os, sys
root, name, length, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
os.chdir(root)
os.mkdir(name)
os.chdir(name)
here = len(root) + 1 + len(name)
while here < length:
    step = min(200, length - here - 1)
    if length - here - 1 - step == 1: step -= 1
    os.mkdir("d" * step)
    os.chdir("d" * step)
    here += 1 + step
open("f" * last, "w").close()
`;

async function made(context: TestContext) {
  const cluster = await Cluster.make(context);
  return { cluster, sender: cluster.node(1), receiver: cluster.node(2) };
}

/**
 * The full check is complete, nothing is wrong, and what csync2 can't do is shown and has been said
 * once, shortened.
 */
async function saidOnce(cluster: Cluster, node: ClusterNode): Promise<void> {
  await cluster.untilQuiet();
  const status = await node.status();
  assert.deepEqual(
    [status?.health, status?.problems, status?.full_check_due],
    ['healthy', [], null],
  );
  assert.ok((status?.unsupported.count ?? 0) > 0);
  const { code, stdout } = await node.command('status');
  assert.equal(code, 0);
  assert.match(stdout, /never synchronised: .* too long for csync2/);
  const said = node.logged(/too long for csync2/);
  assert.equal(said.length, 1);
  assert.ok((said[0] ?? '').length < 600, said[0]);
  assert.deepEqual(
    node.logged(/ (warn|error): /).filter((line) => line !== said[0]),
    [],
  );
}
