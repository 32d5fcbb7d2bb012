import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Cluster } from './cluster.js';
import { childrenOf, signalProcess } from './cluster-namespaces.js';
import type { ClusterNode } from './cluster-node.js';
import { clusterObstacle } from './cluster-obstacle.js';
import { unmounting } from './unmounting.js';

/** Why there can be no such mount here; see {@link clusterObstacle}. */
export function faultyMountObstacle(): string | false {
  const obstacle = clusterObstacle(['python3']);
  if (obstacle) return obstacle;
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return false;
  } catch {
    if (process.env.CI === 'true') throw new Error('no FUSE here: /dev/fuse cannot be opened');
    return '/dev/fuse cannot be opened';
  }
}

/** A file system in the tree of a node that fails where it is told to; see faulty-fs.py. */
export class FaultyMount {
  /** Name of the mount point in the tree. */
  readonly name: string;
  /** The mount point, as the node sees it. */
  readonly point: string;
  /** File of the rules, as the node sees it, too. */
  readonly rules: string;
  readonly #node: ClusterNode;
  readonly #store: string;
  #server: ChildProcess | undefined;

  /** Makes its store and the mount point. It is not mounted yet. */
  constructor(cluster: Cluster, number: number, name: string) {
    const node = cluster.node(number);
    const folder = join(cluster.folder, `faulty-${number}`);
    this.#node = node;
    this.#store = join(folder, 'store');
    this.name = name;
    this.point = join(cluster.root, name);
    this.rules = join(folder, 'rules');
    mkdirSync(this.#store, { recursive: true });
    mkdirSync(node.path(name), { recursive: true });
  }

  async mount(): Promise<void> {
    const words = this.#node.namespaces.enter([
      'python3',
      program,
      this.#store,
      this.point,
      this.rules,
    ]);
    const [command = '', ...args] = words;
    const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#server = server;
    for await (const line of createInterface({ input: server.stdout }))
      if (line === 'ready') return;
    throw new Error('the faulty file system was not mounted');
  }

  async unmount(): Promise<void> {
    const ended = this.#server && once(this.#server, 'exit');
    await this.#node.mustRun(...unmounting(this.point));
    await ended;
    this.#server = undefined;
  }

  /** The server dies: from now on everything is answered with ENOTCONN. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server?.pid === undefined) throw new Error('it is not mounted');
    const ended = once(server, 'exit');
    for (const pid of childrenOf(server.pid)) signalProcess(pid, 'SIGKILL');
    await ended;
    this.#server = undefined;
  }

  /** Lines such as `EIO d1/f1`; none: all is well. */
  fail(...lines: readonly string[]): void {
    if (lines.length === 0) rmSync(this.rules, { force: true });
    else writeFileSync(this.rules, `${lines.join('\n')}\n`);
  }

  /** Writes so many files into it. */
  fill(count: number): void {
    for (let index = 0; index < count; index++) {
      this.#node.write(join(this.name, `d${index % 4}`, `f${index}`), `file ${index}`);
    }
  }
}

// This file runs as build/test/support/faulty-mount.js.
const program = fileURLToPath(new URL('../../../test/support/faulty-fs.py', import.meta.url));
