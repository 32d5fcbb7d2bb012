import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cluster, type ClusterOptions } from '../support/cluster.js';
import { makeCertificate } from '../support/cluster-certificate.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

// Three nodes; something is wrong with the third. The second must not notice, the first must say
// what it is, and when it is over, everything arrives without help.
const skip = clusterObstacle(['openssl']);
const flags = ['--peer-timeout', '2'];

test('a peer whose cable is pulled', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { nodes: 3, flags });
  await trouble(cluster, {
    begin: () => cluster.cut(cluster.node(3)),
    reasons: ['unreachable', 'stalled'],
    end: () => cluster.heal(cluster.node(3)),
  });
});

test('a peer that swallows all packets', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { nodes: 3, flags });
  await trouble(cluster, {
    begin: () => cluster.blackhole(cluster.node(3)),
    reasons: ['stalled'],
    end: () => cluster.heal(cluster.node(3)),
  });
});

test('a peer whose processes are stopped', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { nodes: 3, flags });
  await trouble(cluster, {
    begin: () => cluster.node(3).freeze('SIGSTOP'),
    reasons: ['stalled'],
    end: () => cluster.node(3).freeze('SIGCONT'),
  });
});

test('a peer with another key', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { nodes: 3, flags });
  const bad = cluster.node(3);
  const key = join(bad.systemDirectory, 'cluster.key');
  await trouble(cluster, {
    begin: () => writeFileSync(key, `${'x'.repeat(64)}\n`),
    reasons: ['denied'],
    end: () => writeFileSync(key, `${'k'.repeat(64)}\n`),
  });
});

test('a peer whose name does not resolve', { skip }, async (context) => {
  const cluster = await Cluster.started(context, { nodes: 3, flags });
  const sender = cluster.node(1);
  const names = (nodes: readonly ClusterNode[]) =>
    sender.setHosts(nodes.map((node) => `${node.address} ${node.name}\n`).join(''));
  await trouble(cluster, {
    begin: () => names(cluster.nodes.slice(0, 2)),
    reasons: ['unreachable'],
    end: () => names(cluster.nodes),
  });
});

test('a peer whose certificate has another subject', { skip }, async (context) => {
  const cluster = await Cluster.make(context, { nodes: 3, flags, statements: [] });
  for (const node of cluster.nodes) await makeCertificate(node, 'csync2');
  await cluster.initialise();
  await cluster.start();
  const [sender, bad] = [cluster.node(1), cluster.node(3)];
  // From here on csync2 remembers the first ones.
  sender.write('before', 'with the first certificates');
  await cluster.untilEqual();
  await cluster.untilQuiet();
  const files = ['key', 'cert'].map((kind) => join(bad.systemDirectory, `csync2_ssl_${kind}.pem`));
  await trouble(cluster, {
    begin: async () => {
      for (const file of files) renameSync(file, `${file}.first`);
      await makeCertificate(bad, 'somebody else');
    },
    reasons: ['hung-up', 'certificate'],
    end: () => {
      for (const file of files) renameSync(`${file}.first`, file);
    },
  });
});

test('a peer whose disk is full', { skip }, async (context) => {
  const options: ClusterOptions = { nodes: 3, flags, dataSize: { 3: 512 * 1024 } };
  const cluster = await Cluster.started(context, options);
  const filler = join(cluster.folder, 'data', 'filler');
  await trouble(cluster, {
    begin: async () => {
      // Until nothing goes in any more.
      await cluster.node(3).run('dd', 'if=/dev/zero', `of=${filler}`, 'bs=4096');
    },
    // csync2's session dies of it, in the middle of a file.
    reasons: ['refused', 'unreachable', 'hung-up'],
    end: () => cluster.node(3).mustRun('rm', filler),
  });
});

interface Trouble {
  readonly begin: () => unknown;
  /** What the first node may call it. */
  readonly reasons: readonly string[];
  readonly end: () => unknown;
}

async function trouble(cluster: Cluster, { begin, reasons, end }: Trouble): Promise<void> {
  const [sender, healthy, bad] = [cluster.node(1), cluster.node(2), cluster.node(3)];
  await begin();
  for (let change = 1; change <= 5; change++) {
    sender.write(`meanwhile/${change}`, `changed ${change} ${'.'.repeat(6000)}`);
    await cluster.untilEqual([sender, healthy]);
  }
  await cluster.until(
    `the state of ${bad.name}`,
    async () => (await reasonsOf(sender, bad)).length > 0,
  );
  const named = await reasonsOf(sender, bad);
  assert.ok(
    named.some((reason) => reasons.includes(reason)),
    `${named} is none of ${reasons}\n${sender.log()}`,
  );
  // One that may only restart is given ten seconds.
  await cluster.until(
    'the status to be degraded',
    async () => (await sender.command('status')).code === 1,
  );
  const { stdout } = await sender.command('status');
  assert.match(stdout, new RegExp(bad.name));
  assert.equal(bad.read('meanwhile/5')?.length === 6010, false);
  await end();
  await cluster.untilEqual();
  await cluster.untilQuiet();
  assert.equal((await sender.status())?.health, 'healthy');
}

/** What is wrong with a peer, in the words of its state or of the files that it does not take. */
async function reasonsOf(node: ClusterNode, peer: ClusterNode): Promise<string[]> {
  const status = await node.peer(peer.name);
  if (!status) return [];
  const onHold = status.on_hold.map(({ reason }) =>
    /does not accept/.test(reason) ? 'denied' : 'refused',
  );
  return [...(status.reason === null ? [] : [status.reason]), ...onHold];
}
