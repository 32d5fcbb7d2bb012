import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Cluster } from './cluster.js';
import { childrenOf, signalProcess } from './cluster-namespaces.js';
import type { ClusterNode } from './cluster-node.js';
import { mustRun } from './command.js';

/**
 * Why there is no PostgreSQL for tests here, for `skip`; false if there is one. With CI=true it
 * throws instead.
 */
export function postgresObstacle(): string | false {
  const missing =
    postgresDirectory() === undefined ? 'postgresql' : libraryMissing() ? 'libpq5' : undefined;
  if (missing === undefined) return false;
  const obstacle = `PostgreSQL is not installed: apt-get install ${missing}`;
  if (process.env.CI === 'true') throw new Error(obstacle);
  return obstacle;
}

/**
 * A PostgreSQL server of the test's own, on a node and in the cluster's folder; it ends with the
 * test. Every node's csync2 keeps its database in it.
 */
export async function startPostgres(
  context: TestContext,
  cluster: Cluster,
  node: ClusterNode,
): Promise<void> {
  const programs = postgresDirectory() as string;
  const folder = join(cluster.folder, 'postgres');
  mkdirSync(folder);
  // The server's user must get through; mkdtemp lets only us.
  chmodSync(cluster.folder, 0o711);
  await mustRun(['chown', 'postgres:', folder]);
  const asUser = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
  const data = join(folder, 'data');
  await mustRun(
    [...asUser, `${programs}/initdb`, '-D', data, '-U', 'csync2', '--auth=trust', '--no-sync'],
    {
      cwd: '/',
    },
  );
  const log = openSync(join(folder, 'log'), 'a', 0o644);
  const access = join(folder, 'access');
  await mustRun(['sh', '-c', `echo 'host all all 10.77.0.0/24 trust' > '${access}'`]);
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const settings = {
    listen_addresses: node.address,
    port: String(port),
    unix_socket_directories: folder,
    hba_file: access,
    fsync: 'off',
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [program = '', ...args] = node.namespaces.enter([
    ...asUser,
    `${programs}/postgres`,
    '-D',
    data,
    ...words,
  ]);
  const server = spawn(program, args, { stdio: ['ignore', log, log], cwd: '/' });
  const ended = once(server, 'exit');
  context.after(async () => {
    for (const pid of childrenOf(server.pid as number)) signalProcess(pid, 'SIGQUIT');
    await ended;
  });
  await cluster.until('PostgreSQL to take connections', () =>
    readFileSync(join(folder, 'log'), 'utf8').includes('ready to accept connections'),
  );
  for (const each of cluster.nodes) each.database = `pgsql://csync2@${node.address}:${port}/`;
}

/** Debian keeps each version's programs in a directory of its own, others in PATH. */
function postgresDirectory(): string | undefined {
  const versions = '/usr/lib/postgresql';
  const places = existsSync(versions)
    ? readdirSync(versions).map((name) => join(versions, name, 'bin'))
    : [];
  return [...places, '/usr/bin', '/usr/local/bin'].find((place) =>
    existsSync(join(place, 'initdb')),
  );
}

function libraryMissing(): boolean {
  const places = [
    '/usr/lib',
    '/usr/lib64',
    ...readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`),
  ];
  return !places.some((place) => existsSync(join(place, 'libpq.so.5')));
}
