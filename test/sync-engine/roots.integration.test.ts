import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Cluster } from '../support/cluster.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { unmounting } from '../support/unmounting.js';

// csync2 takes every file that it can't see for deleted, and deletes it on all peers.
const skip = clusterObstacle();

test('a tree that is renamed away, and comes back', { skip }, async (context) => {
  const cluster = await clusterWithFiles(context);
  const { tree, aside } = placesOf(cluster);
  await missing(cluster, { begin: () => renameSync(tree, aside), states: ['missing'] });
  await comesBack(cluster, () => renameSync(aside, tree));
});

test(
  'a tree that is replaced by an empty directory, then by another one',
  { skip },
  async (context) => {
    const cluster = await clusterWithFiles(context);
    const { tree, aside } = placesOf(cluster);
    await missing(cluster, {
      begin: () => {
        renameSync(tree, aside);
        mkdirSync(tree);
      },
      states: ['emptied'],
    });
    await missing(cluster, {
      begin: () => cluster.node(1).write('foreign', 'of another tree'),
      states: ['replaced'],
    });
    assert.equal(cluster.node(2).read('foreign'), undefined);
    await comesBack(cluster, () => {
      cluster.node(1).remove('foreign');
      rmdirSync(tree);
      renameSync(aside, tree);
    });
  },
);

test('a tree that a file system is mounted over, and unmounted from', { skip }, async (context) => {
  const cluster = await clusterWithFiles(context);
  const sender = cluster.node(1);
  await missing(cluster, {
    begin: () => sender.mustRun('mount', '-t', 'tmpfs', 'over', cluster.root),
    states: ['emptied'],
  });
  await comesBack(cluster, () => sender.mustRun(...unmounting(cluster.root)));
});

test('a tree that is emptied, and filled again', { skip }, async (context) => {
  const cluster = await clusterWithFiles(context);
  await missing(cluster, { begin: () => empty(cluster), states: ['emptied'] });
  await comesBack(cluster, () => {
    const { tree, aside } = placesOf(cluster);
    for (const name of readdirSync(aside)) renameSync(join(aside, name), join(tree, name));
  });
});

test('a tree that is emptied on purpose', { skip }, async (context) => {
  const cluster = await clusterWithFiles(context);
  await missing(cluster, { begin: () => empty(cluster), states: ['emptied'] });
  const { code, stderr } = await cluster.node(1).command('accept-root', cluster.root);
  assert.equal(code, 0, stderr);
  await cluster.untilEqual();
  await cluster.untilQuiet();
  assert.deepEqual([...cluster.node(2).tree().keys()], ['.']);
  assert.equal((await cluster.node(1).status())?.health, 'healthy');
  // The permission is used up: the next emptying is an accident again.
  fill(cluster);
  await cluster.untilEqual();
  await cluster.untilQuiet();
  await missing(cluster, { begin: () => empty(cluster), states: ['emptied'] });
});

const files = 30;

async function clusterWithFiles(context: TestContext): Promise<Cluster> {
  return Cluster.started(context, {}, fill);
}

function fill(cluster: Cluster): void {
  for (let index = 0; index < files; index++)
    cluster.node(1).write(`${index % 5}/${index}`, `file ${index}`);
}

/** All out of the tree, while the daemon can't see that it happens bit by bit. */
function empty(cluster: Cluster): void {
  const { tree, aside } = placesOf(cluster);
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside);
  cluster.node(1).freeze('SIGSTOP');
  for (const name of readdirSync(tree)) renameSync(join(tree, name), join(aside, name));
  cluster.node(1).freeze('SIGCONT');
}

/**
 * Makes a tree go, and looks that nothing happens to the peer although everything is asked to be
 * checked.
 */
async function missing(
  cluster: Cluster,
  { begin, states }: { begin: () => unknown; states: readonly string[] },
): Promise<void> {
  const [sender, peer] = [cluster.node(1), cluster.node(2)];
  const before = peer.tree();
  await begin();
  const from = sender.logEnd;
  assert.equal((await sender.command('check')).code, 0);
  assert.equal((await sender.command('check', cluster.root)).code, 0);
  await cluster.until('the state of the tree', async () => {
    const state =
      (await sender.status())?.roots.find((root) => root.path === cluster.root)?.state ?? '';
    return states.includes(state);
  });
  await cluster.until(
    'a full check that was held back',
    () => sender.logged(/full check finished .*incomplete/, from).length > 0,
  );
  await cluster.until('nothing more to do', async () => {
    const status = await sender.status();
    return status?.queue.depth === 0 && status.state !== 'checking';
  });
  const { code, stdout } = await sender.command('status', '--json');
  assert.equal(code, 1);
  const status = JSON.parse(stdout) as { problems: string[] };
  assert.ok(
    status.problems.some((problem) => problem.includes(cluster.root)),
    stdout,
  );
  assert.deepEqual(peer.tree(), before);
  // At no time has csync2 been given anything below it.
  const given = sender.logged(/ checked \d+ paths?|changes? found/, from);
  const looked = given.filter(
    (line) => / checked [1-9]/.test(line) || !/0 changes found/.test(line),
  );
  assert.deepEqual(
    looked.filter((line) => !/ checked 0 paths/.test(line)),
    [],
  );
}

/** The tree is as it was: all goes on by itself, and what happened meanwhile arrives. */
async function comesBack(cluster: Cluster, bringBack: () => unknown): Promise<void> {
  const [sender, peer] = [cluster.node(1), cluster.node(2)];
  await bringBack();
  sender.write('1/after', 'changed after it came back');
  await cluster.untilRead(peer, '1/after', 'changed after it came back');
  await cluster.untilEqual();
  await cluster.untilQuiet();
  assert.equal((await sender.status())?.health, 'healthy');
  assert.equal(peer.read('2/7'), 'file 7');
  // A tree that is back is watched again.
  sender.write('new/later', 'later');
  sender.write('3/8', 'rewritten');
  await cluster.untilEqual();
}

function placesOf(cluster: Cluster): { tree: string; aside: string } {
  const tree = cluster.node(1).path();
  return { tree, aside: `${tree}-aside` };
}
