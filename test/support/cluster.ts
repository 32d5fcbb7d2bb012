import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Namespaces } from './cluster-namespaces.js';
import { addressOf, ClusterNode } from './cluster-node.js';
import { differences } from './cluster-tree.js';
import { mustRun } from './command.js';

/** How a cluster is set up. */
export interface ClusterOptions {
  /** 2 unless told otherwise. */
  readonly nodes?: number;
  /** How many of them are in csync2.cfg; all unless told otherwise. */
  readonly members?: number;
  /** csync2's `auto`. */
  readonly auto?: string;
  /** Further statements of the group. */
  readonly rules?: readonly string[];
  /** Statements outside the group, instead of `nossl * *;`. */
  readonly statements?: readonly string[];
  /** Settings of all daemons, as flags. */
  readonly flags?: readonly string[];
  /** Bytes of the file system that the data of a node, by number, is on; a tmpfs. */
  readonly dataSize?: Readonly<Record<number, number>>;
}

/**
 * Real csync2 nodes in namespaces of this machine, each with the real daemon. All of it goes when
 * the test ends, and also when this process is killed.
 */
export class Cluster {
  readonly nodes: readonly ClusterNode[];
  /** The synchronised tree, as the nodes see it. */
  readonly root: string;
  readonly folder: string;
  readonly #hub: Namespaces;
  readonly #options: ClusterOptions;

  private constructor(
    folder: string,
    root: string,
    nodes: readonly ClusterNode[],
    hub: Namespaces,
    options: ClusterOptions,
  ) {
    this.folder = folder;
    this.root = root;
    this.nodes = nodes;
    this.#hub = hub;
    this.#options = options;
  }

  /** Makes nodes, network and configuration. No daemon is started, no database made. */
  static async make(
    context: Pick<TestContext, 'after'>,
    options: ClusterOptions = {},
  ): Promise<Cluster> {
    removeStale();
    const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
    const ends: (() => Promise<void>)[] = [];
    context.after(async () => {
      for (const end of ends.reverse()) await end();
      removeTree(folder);
    });
    const places = { folder, data: join(folder, 'data'), tree: join(folder, 'data', 'tree') };
    mkdirSync(places.data);
    const hub = await Namespaces.create('ip link add bridge type bridge; ip link set bridge up');
    ends.push(() => hub.end());
    const nodes: ClusterNode[] = [];
    for (let number = 1; number <= (options.nodes ?? 2); number++) {
      const node = await ClusterNode.create(number, places, options.dataSize?.[number]);
      ends.push(() => node.end());
      node.flags = options.flags ?? [];
      nodes.push(node);
    }
    const cluster = new Cluster(folder, places.tree, nodes, hub, options);
    for (const [index, node] of nodes.entries()) await cluster.#plug(index + 1, node);
    const hosts = nodes.map((node) => `${node.address} ${node.name}\n`).join('');
    for (const node of nodes) {
      node.setHosts(`127.0.0.1 localhost\n${hosts}`);
      writeFileSync(join(node.systemDirectory, 'cluster.key'), `${'k'.repeat(64)}\n`, {
        mode: 0o600,
      });
      node.configure(cluster.configuration(nodes.slice(0, options.members ?? nodes.length)));
    }
    return cluster;
  }

  /**
   * Makes a cluster and has all its daemons at work; `prepare` may fill the tree of the first node
   * before.
   */
  static async started(
    context: TestContext,
    options: ClusterOptions = {},
    prepare: (cluster: Cluster) => void | Promise<void> = () => {},
  ): Promise<Cluster> {
    const cluster = await Cluster.make(context, options);
    await prepare(cluster);
    await cluster.initialise();
    await cluster.start();
    return cluster;
  }

  /** csync2.cfg for these members. */
  configuration(
    members: readonly ClusterNode[],
    rules: readonly string[] = this.#options.rules ?? [],
  ): string {
    return `${(this.#options.statements ?? ['nossl * *;']).join('\n')}
group cluster {
  host ${members.map((node) => node.name).join(' ')};
  key cluster.key;
  include ${this.root};
  ${rules.join('\n  ')}
  auto ${this.#options.auto ?? 'none'};
}
`;
  }

  /** Gives all members the tree of the first node and a database in which nothing is pending. */
  async initialise(): Promise<void> {
    const [first, ...others] = this.members;
    for (const node of others) await mustRun(['cp', '-a', `${this.node(1).path()}/.`, node.path()]);
    for (const node of first ? [first, ...others] : []) await node.csync2('-cIr', '/');
  }

  /** Starts the daemons and waits until they have nothing to do. */
  async start(nodes = this.members): Promise<void> {
    for (const node of nodes) node.start();
    await this.untilQuiet(nodes);
  }

  /** The nodes that csync2.cfg named in the beginning. */
  get members(): readonly ClusterNode[] {
    return this.nodes.slice(0, this.#options.members ?? this.nodes.length);
  }

  /** The node of this number, counted from 1. */
  node(number: number): ClusterNode {
    const node = this.nodes[number - 1];
    if (!node) throw new RangeError(`there is no node ${number}`);
    return node;
  }

  /**
   * Waits for a condition; throws with what the daemons said last. The time is only there to end a
   * failing test.
   */
  async until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    seconds = 90,
    interval = 20,
  ): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    while (!(await condition())) {
      if (performance.now() > deadline)
        throw new Error(`waited ${seconds} s for ${what}\n${await this.#report()}`);
      await sleep(interval);
    }
  }

  /** Waits until a daemon answers; throws at once if it has ended. */
  untilWorking(node: ClusterNode): Promise<void> {
    return this.until(
      `${node.name} to work`,
      async () => this.#mustRun(node) && (await node.status()) !== undefined,
    );
  }

  /** Waits until nobody has anything to do. */
  async untilQuiet(nodes = this.members, seconds = 90): Promise<void> {
    for (const node of nodes) {
      await this.until(
        `${node.name} to be quiet`,
        async () => this.#mustRun(node) && (await node.isQuiet()),
        seconds,
        restInterval,
      );
    }
  }

  /** Waits until the trees of these nodes are equal. */
  async untilEqual(nodes = this.members, seconds = 90): Promise<void> {
    const [first, ...others] = nodes;
    if (!first) return;
    let last: string[] = [];
    const equal = () => {
      const tree = first.tree();
      last = others.flatMap((node) =>
        differences(tree, node.tree()).map((line) => `${first.name}/${node.name} ${line}`),
      );
      return last.length === 0;
    };
    try {
      await this.until('equal trees', equal, seconds, restInterval);
    } catch (error) {
      throw new Error(`${last.join('\n')}\n${(error as Error).message}`);
    }
  }

  /** Waits until a file has this content on a node. */
  async untilRead(
    node: ClusterNode,
    name: string,
    text: string | undefined,
    seconds?: number,
  ): Promise<void> {
    await this.until(
      `${name} on ${node.name} to be ${text}`,
      () => node.read(name) === text,
      seconds,
    );
  }

  /** Pulls a node's cable: its peers' connects fail after a while. */
  cut(node: ClusterNode): Promise<void> {
    return this.#ip(this.#hub, 'link', 'set', linkOf(node), 'down');
  }

  /** Packets to and from a node vanish without a word: connects hang. */
  async blackhole(node: ClusterNode): Promise<void> {
    // Without fixed neighbour entries, ARP would tell that the node is gone.
    for (const from of this.nodes) {
      for (const [index] of this.nodes.entries()) {
        const entry = [
          addressOf(index + 1),
          'lladdr',
          hardwareAddress(index + 1),
          'nud',
          'permanent',
          'dev',
          'eth0',
        ];
        await this.#ip(from.namespaces, 'neighbour', 'replace', ...entry);
      }
    }
    await this.#ip(this.#hub, 'link', 'set', linkOf(node), 'nomaster');
  }

  /** What goes to a node gets there some hundred bytes a second. */
  async drip(node: ClusterNode): Promise<void> {
    const rate = ['root', 'tbf', 'rate', '4kbit', 'burst', '1600', 'limit', '1000000'];
    await mustRun(this.#hub.enterNetwork(['tc', 'qdisc', 'add', 'dev', linkOf(node), ...rate]));
  }

  /** Undoes {@link drip}. */
  async dripNoMore(node: ClusterNode): Promise<void> {
    await mustRun(this.#hub.enterNetwork(['tc', 'qdisc', 'del', 'dev', linkOf(node), 'root']));
  }

  /** Undoes {@link cut} and {@link blackhole}. */
  async heal(node: ClusterNode): Promise<void> {
    await this.#ip(this.#hub, 'link', 'set', linkOf(node), 'master', 'bridge');
    await this.#ip(this.#hub, 'link', 'set', linkOf(node), 'up');
  }

  async #plug(number: number, node: ClusterNode): Promise<void> {
    const { pid } = node.namespaces;
    const far = ['name', 'eth0', 'address', hardwareAddress(number), 'netns', String(pid)];
    await this.#ip(this.#hub, 'link', 'add', linkOf(node), 'type', 'veth', 'peer', ...far);
    await this.#ip(this.#hub, 'link', 'set', linkOf(node), 'master', 'bridge', 'up');
    await this.#ip(node.namespaces, 'address', 'add', `${node.address}/24`, 'dev', 'eth0');
    await this.#ip(node.namespaces, 'link', 'set', 'eth0', 'up');
  }

  async #ip(where: Namespaces, ...words: readonly string[]): Promise<void> {
    await mustRun(where.enterNetwork(['ip', ...words]));
  }

  #mustRun(node: ClusterNode): boolean {
    if (!node.running) throw new Error(`the daemon of ${node.name} has ended:\n${node.log()}`);
    return true;
  }

  async #report(): Promise<string> {
    const parts = this.nodes.map(async (node) => {
      const status = JSON.stringify(await node.status().catch(String));
      const lines = node.log().trimEnd().split('\n').slice(-25);
      return [`--- ${node.name}: ${status}`, ...lines].join('\n');
    });
    return (await Promise.all(parts)).join('\n');
  }
}

const prefix = 'ics-cluster-';
/** Milliseconds between two looks at what stays so once it is so. */
const restInterval = 60;

function linkOf(node: ClusterNode): string {
  return `to-${node.name}`;
}

function hardwareAddress(number: number): string {
  return `02:00:00:4d:00:${number.toString(16).padStart(2, '0')}`;
}

/** Folders of runs that were killed; their processes and mounts are gone. */
function removeStale(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : undefined;
    if (pid === undefined || isAlive(Number(pid))) continue;
    removeTree(join(tmpdir(), name));
  }
}

/** Node's own removal goes by path, and ends at PATH_MAX. */
function removeTree(folder: string): void {
  spawnSync('rm', ['-rf', '--', folder]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
