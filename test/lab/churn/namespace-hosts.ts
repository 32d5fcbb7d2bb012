/**
 * A churn on nodes in namespaces of this machine, where no hosts can be booted: {@link Cluster}.
 * They can't be struck.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster } from '../../support/cluster.js';
import type { ClusterNode } from '../../support/cluster-node.js';
import {
  type ChurnCluster,
  type ChurnHost,
  filesFoundBy,
  type HostStatus,
  type JournalEntry,
  messageIds,
} from './hosts.js';
import { hostStatus } from './lab-hosts.js';

export class NamespaceCluster implements ChurnCluster {
  readonly hosts: readonly NamespaceHost[];
  readonly striker = undefined;
  readonly #cluster: Cluster;
  readonly #ends: (() => unknown)[];

  private constructor(cluster: Cluster, ends: (() => unknown)[]) {
    this.#cluster = cluster;
    this.#ends = ends;
    this.hosts = cluster.nodes.map((node, index) => new NamespaceHost(cluster, node, index + 1));
  }

  /** Makes so many nodes; {@link reset} makes them work. */
  static async make(nodes: number, logLevel: string, checker: string): Promise<NamespaceCluster> {
    const ends: (() => unknown)[] = [];
    const context = {
      after: (end?: unknown) => void (typeof end === 'function' && ends.push(end as () => unknown)),
    };
    const flags = [
      '--num-lines-until-reset',
      '1000000000',
      '--log-level',
      logLevel,
      '--checker',
      checker,
    ];
    const cluster = await Cluster.make(context, { nodes, flags });
    return new NamespaceCluster(cluster, ends);
  }

  async reset(auto: 'none' | 'younger'): Promise<void> {
    const { nodes, root } = this.#cluster;
    const text = this.#cluster.configuration(nodes, [`exclude ${root}/outside;`]);
    for (const node of nodes) {
      if (node.running) await node.crash();
      for (const name of readdirSync(node.path(), 'latin1'))
        rmSync(Buffer.from(join(node.path(), name), 'latin1'), { recursive: true });
      for (const name of readdirSync(this.#folder(node)).filter((each) =>
        each.startsWith('queue.log'),
      ))
        rmSync(join(this.#folder(node), name));
      rmSync(node.database, { recursive: true, force: true });
      mkdirSync(node.database);
      mkdirSync(node.path('outside'));
      node.configure(text.replace('auto none;', `auto ${auto};`));
    }
    for (const node of nodes) await node.csync2('-cIr', '/');
    await this.#cluster.start();
  }

  async fullCheck(): Promise<number> {
    const ask = (index: number) => this.#cluster.node(index + 1).command('check');
    const found = await Promise.all(
      this.hosts.map((host, index) => filesFoundBy(host, () => ask(index))),
    );
    return found.reduce((sum, files) => sum + files, 0);
  }

  async down(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end();
  }

  async leave(): Promise<string> {
    await this.down();
    return 'nodes in namespaces end with this process';
  }

  #folder(node: ClusterNode): string {
    return join(this.#cluster.folder, node.name);
  }
}

class NamespaceHost implements ChurnHost {
  readonly number: number;
  readonly seen: string;
  readonly #node: ClusterNode;

  constructor(cluster: Cluster, node: ClusterNode, number: number) {
    this.#node = node;
    this.number = number;
    this.seen = cluster.root;
  }

  get name(): string {
    return this.#node.name;
  }

  get tree(): string {
    return this.#node.path();
  }

  get outside(): string {
    return this.#node.path('outside');
  }

  get enter(): readonly string[] {
    return ['nsenter', '--target', String(this.#node.namespaces.pid), '--mount', '--'];
  }

  async status(): Promise<HostStatus | undefined> {
    const status = await this.#node.status();
    return status && hostStatus(status);
  }

  /** Away from systemd entries have no fields: these are known by their words. */
  async journal(since: number): Promise<readonly JournalEntry[]> {
    return this.#node
      .logged(/^\d{4}-/)
      .map((line) => ({
        time: Date.parse(line.slice(0, line.indexOf(' '))),
        message: line.replace(/^\S+ \w+: /, ''),
      }))
      .filter(({ time }) => time >= since)
      .map(({ time, message }) => ({ time, message, fields: fieldsOf(message) }));
  }

  async logs(): Promise<Record<string, string>> {
    return { journal: this.#node.log(), csync2: readFileSync(this.#node.serverLog, 'latin1') };
  }
}

function fieldsOf(message: string): Record<string, string> {
  const check = /^full check begins: (.*)/.exec(message);
  if (check) return { MESSAGE_ID: messageIds.fullCheckBegun, REASON: check[1] ?? '' };
  return / was changed both here and on /.test(message) ? { MESSAGE_ID: messageIds.conflict } : {};
}
