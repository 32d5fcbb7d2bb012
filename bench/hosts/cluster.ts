import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { atEnd } from '../endings.js';
import { MissingProgramError, NotRootError } from '../errors.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import { Host, type SharedPlaces } from './host.js';
import { addressOf, Network } from './network.js';
import { copyTree, makeTree } from './tree.js';

/** Some csync2 nodes with equal trees and databases in which nothing is dirty. */
export interface Cluster {
  /** The tree, as every host sees it. */
  readonly root: string;
  /** Directory below it that csync2 keeps its temporary files in and that is not synchronised. */
  readonly aside: string | undefined;
  readonly hosts: readonly Host[];
  /** Changes are made here. */
  readonly sender: Host;
  readonly peers: readonly Host[];
  readonly network: Network;
  /** The tree's files, below `root`. */
  readonly files: readonly string[];
  /** Directory on tmpfs for sockets and private databases. */
  readonly runtime: string;
  /** csync2's system directory, the same on all hosts. */
  readonly config: string;
  /** Directory for what belongs to no host. */
  readonly scratch: string;
}

/**
 * Makes hosts, network, trees and databases. All of it is removed when the run ends. Throws if
 * something is missing.
 */
export async function makeCluster(options: BenchOptions): Promise<Cluster> {
  require(['csync2', 'inotifywait', 'ip', 'unshare', 'nsenter', 'mount', 'cp']);
  removeStale(options.directory);
  const directory = mkdtempSync(join(options.directory, `${prefix}${process.pid}-`));
  const runtime = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : directory, `${prefix}${process.pid}-`),
  );
  atEnd(() => {
    rmSync(runtime, { recursive: true, force: true });
    if (options.keep) progress(`left behind: ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  });
  const places = layOut(directory, options);
  progress(`making ${options.nodes} hosts in ${directory}`);
  const hosts: Host[] = [];
  atEnd(() => Promise.all(hosts.map((host) => host.namespaces.end())));
  for (let number = 1; number <= options.nodes; number += 1) {
    hosts.push(await Host.create(number, join(directory, `node${number}`), places));
  }
  const network = await Network.join(hosts, options.rtt);
  atEnd(() => network.end());
  const [sender, ...peers] = hosts as [Host, ...Host[]];
  if (places.aside) for (const host of hosts) mkdirSync(host.onMachine(places.aside));
  const files = await makeTree(sender.data, options.files, options.seed);
  for (const peer of peers) {
    progress(`copying the tree to ${peer.name}`);
    await copyTree(sender.data, peer.data);
  }
  progress('initialising the databases');
  await Promise.all(hosts.map((host) => host.run(['csync2', ...host.csync2Options, '-cIr', '/'])));
  execFileSync('sync', ['-f', directory]);
  const scratch = join(directory, 'scratch');
  mkdirSync(scratch);
  const { root, aside, config } = places;
  return { root, aside, config, hosts, sender, peers, network, files, runtime, scratch };
}

const prefix = 'icsync-bench-';

function require(programs: readonly string[]): void {
  if (process.getuid?.() !== 0) throw new NotRootError('synchronisation between hosts');
  const path = (process.env.PATH ?? '').split(delimiter);
  const missing = programs.filter(
    (program) => !path.some((place) => existsSync(join(place, program))),
  );
  if (missing.length > 0) throw new MissingProgramError(missing);
}

/** What a run left that was killed: its namespaces are gone, its files are not. */
function removeStale(directory: string): void {
  for (const parent of [directory, '/dev/shm']) {
    for (const name of existsSync(parent) ? readdirSync(parent) : []) {
      const pid = name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : undefined;
      if (pid !== undefined && !existsSync(`/proc/${pid}`))
        rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}

function layOut(
  directory: string,
  { nodes, tempdir }: BenchOptions,
): SharedPlaces & { aside: string | undefined } {
  const root = join(directory, 'root');
  const aside = tempdir ? join(root, '.csync2-temporary') : undefined;
  const places = { root, aside, config: join(directory, 'etc'), hosts: join(directory, 'hosts') };
  mkdirSync(places.root);
  mkdirSync(places.config);
  const names = Array.from({ length: nodes }, (_, index) => `node${index + 1}`);
  const lines = names.map((name, index) => `${addressOf(index + 1)} ${name}\n`);
  writeFileSync(places.hosts, `127.0.0.1 localhost\n${lines.join('')}`);
  const key = join(places.config, 'key');
  execFileSync('csync2', ['-k', key], { stdio: 'ignore' });
  writeFileSync(
    join(places.config, 'csync2.cfg'),
    `nossl * *;
${aside ? `tempdir ${aside};\n` : ''}group bench {
  host ${names.join(' ')};
  key ${key};
  include ${places.root};
${aside ? `  exclude ${aside};\n` : ''}  auto none;
}
`,
  );
  return places;
}
