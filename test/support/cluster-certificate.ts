import { join } from 'node:path';
import type { ClusterNode } from './cluster-node.js';
import { mustRun } from './command.js';

/**
 * Gives a node a key and a certificate of its own. csync2 talks to nodes whose certificates have
 * the same subject.
 */
export async function makeCertificate(node: ClusterNode, subject: string): Promise<void> {
  const [key, certificate] = ['key', 'cert'].map((kind) =>
    join(node.systemDirectory, `csync2_ssl_${kind}.pem`),
  );
  await mustRun([
    ...[
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
    ],
    ...[
      '-days',
      '30',
      '-subj',
      `/CN=${subject}`,
      '-keyout',
      key as string,
      '-out',
      certificate as string,
    ],
  ]);
}
