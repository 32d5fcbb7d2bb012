/**
 * LONG=1 for a million files instead of some more than a call of JavaScript takes as arguments.
 * These lie on the stack: with a quarter of the usual one (984 KiB), a quarter of the entries is
 * too many as well.
 */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

// Any user can make as many entries as he likes, with names as long as he likes.
const skip = clusterObstacle();
const isLong = process.env.LONG === '1';
const files = isLong ? 1_000_000 : 37_500;
/** More would come to the usual limit of watches. */
const directories = isLong ? 150_000 : 37_500;
/**
 * With paths of 4095 bytes, 14,000 are as many as a batch may hold; a few thousand are several
 * commands of csync2.
 */
const changes = isLong ? 14_000 : 3000;
const nodeFlags = isLong ? [] : ['--stack-size=246'];

test(
  'more empty directories in one than a call takes as arguments: checked at the start',
  { skip },
  async (context) => {
    const { cluster, node } = await loneNode(context);
    await node.make('directories', 'many', directories);
    node.write('beside', 'before');
    await started(cluster, node);
    await checked(cluster, node, directories);
    report(context, node);
  },
);

test(
  'very many files in one directory, with the longest names: checked at the start',
  { skip },
  async (context) => {
    const { cluster, node } = await loneNode(context);
    await node.make('files', 'many', files, 255);
    await started(cluster, node);
    await checked(cluster, node, files);
    report(context, node);
  },
);

for (const what of ['directories', 'files'] as const) {
  test(`a directory with very many ${what} is moved into the tree`, { skip }, async (context) => {
    const { cluster, node } = await loneNode(context);
    const count = what === 'files' ? files : directories;
    await node.make(what, '../aside', count);
    await started(cluster, node);
    renameSync(node.path('../aside'), node.path('many'));
    await checked(cluster, node, count);
    report(context, node);
  });
}

test(`${changes} changes at once, with the longest paths`, { skip }, async (context) => {
  const { cluster, node } = await loneNode(context);
  await started(cluster, node);
  await node.make('sized', '.', 4095, changes);
  await checked(cluster, node, changes);
  report(context, node);
});

/** A node whose peer is down: what is checked counts here, and not what is sent. */
async function loneNode(context: TestContext): Promise<{ cluster: Cluster; node: ClusterNode }> {
  const cluster = await Cluster.make(context, { nodes: 2, dataSize: { 1: 4 * 1024 ** 3 } });
  await cluster.initialise();
  const node = cluster.node(1);
  node.isMeasured = true;
  node.nodeFlags = nodeFlags;
  return { cluster, node };
}

async function started(cluster: Cluster, node: ClusterNode): Promise<void> {
  node.start();
  await cluster.untilWorking(node);
}

/** Waits until nothing is left to check, and csync2 knows of at least so many files. */
async function checked(cluster: Cluster, node: ClusterNode, count: number): Promise<void> {
  const isChecked = async () => {
    assert.ok(node.running, node.log());
    const status = await node.status();
    const rests =
      status?.state === 'idle' && status.queue.depth === 0 && status.full_check_due === null;
    return rests && known(node) >= count;
  };
  await cluster.until(`${count} files to be checked`, isChecked, 600);
}

/** How many files csync2 knows of. */
function known(node: ClusterNode): number {
  const database = new Database(join(node.database, `${node.name}.db3`), { readonly: true });
  try {
    return database.prepare('SELECT count(*) FROM file').pluck().get() as number;
  } finally {
    database.close();
  }
}

function report(context: TestContext, node: ClusterNode): void {
  const { longest, megabytes } = node.measured();
  context.diagnostic(
    `the event loop stood still for ${Math.round(longest)} ms at most, ${Math.round(megabytes)} MB`,
  );
  assert.ok(megabytes < 1500, `${megabytes} MB`);
}
