import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { Cluster } from '../support/cluster.js';
import { makeCertificate } from '../support/cluster-certificate.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';

const skip = clusterObstacle(['openssl']);

test(
  'with TLS changes arrive in both directions, and the certificates stay pinned',
  {
    skip,
  },
  async (context) => {
    const cluster = await Cluster.make(context, { statements: [] });
    for (const node of cluster.nodes) await makeCertificate(node, 'csync2');
    await cluster.initialise();
    await cluster.start();
    const [first, second] = [cluster.node(1), cluster.node(2)];
    first.write('from/one', 'of the first');
    second.write('from/two', 'of the second');
    await cluster.untilRead(second, 'from/one', 'of the first');
    await cluster.untilRead(first, 'from/two', 'of the second');
    await cluster.untilQuiet();
    await cluster.untilEqual();
    // The pushes worked on private databases: the pins must have come from there.
    assert.deepEqual(pinned(first), ['node2']);
    assert.deepEqual(pinned(second), ['node1']);
  },
);

function pinned(node: ClusterNode): string[] {
  const database = new Database(join(node.database, `${node.name}.db3`), { readonly: true });
  try {
    const rows = database.prepare('SELECT peername FROM x509_cert').all() as { peername: string }[];
    return rows.map((row) => row.peername);
  } finally {
    database.close();
  }
}
