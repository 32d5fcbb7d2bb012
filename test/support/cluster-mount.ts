import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster.js';
import type { ClusterNode } from './cluster-node.js';
import { unmounting } from './unmounting.js';

/** How something is mounted below a tree. */
export type MountKind = 'bind' | 'tmpfs' | 'overlay' | 'ext4';

/** A mount below the tree of a node that can go and come back with its files, as a disk does. */
export class ClusterMount {
  /** Name of the mount point in the tree. */
  readonly name: string;
  readonly kind: MountKind;
  readonly #node: ClusterNode;
  readonly #store: string;

  private constructor(node: ClusterNode, name: string, kind: MountKind, store: string) {
    this.#node = node;
    this.name = name;
    this.kind = kind;
    this.#store = store;
  }

  /** Makes what is to be mounted, empty, and its mount point. It is not mounted yet. */
  static async make(
    cluster: Cluster,
    number: number,
    name: string,
    kind: MountKind,
  ): Promise<ClusterMount> {
    const node = cluster.node(number);
    const store = join(cluster.folder, `store-${node.name}-${name.replaceAll('/', '-')}-${kind}`);
    for (const part of ['lower', 'upper', 'work', 'keep'])
      mkdirSync(join(store, part), { recursive: true });
    const mount = new ClusterMount(node, name, kind, store);
    mkdirSync(node.path(name), { recursive: true });
    // A tmpfs lives as long as it is mounted somewhere.
    if (kind === 'tmpfs') await node.mustRun('mount', '-t', 'tmpfs', 'store', join(store, 'keep'));
    if (kind === 'ext4') {
      await node.mustRun('truncate', '-s', '8M', join(store, 'image'));
      await node.mustRun('mkfs.ext4', '-q', join(store, 'image'));
    }
    return mount;
  }

  /** The mount point, as the node sees it. */
  get point(): string {
    return join(this.#node.treePath, this.name);
  }

  async mount(): Promise<void> {
    const { point } = this;
    const words: Record<MountKind, string[]> = {
      bind: ['--bind', join(this.#store, 'lower'), point],
      tmpfs: ['--bind', join(this.#store, 'keep'), point],
      ext4: ['-o', 'loop', join(this.#store, 'image'), point],
      overlay: ['-t', 'overlay', '-o', this.#layers, 'overlay', point],
    };
    await this.#node.mustRun('mount', ...words[this.kind]);
    // What mkfs makes would differ from the peers' trees.
    if (this.kind === 'ext4') await this.#node.mustRun('rm', '-rf', join(point, 'lost+found'));
    await this.#node.mustRun('chmod', '755', point);
  }

  async unmount(): Promise<void> {
    await this.#node.mustRun(...unmounting(this.point));
  }

  /** Writes so many files into it. */
  fill(count: number): void {
    for (let index = 0; index < count; index++) {
      const name = join(this.name, `d${index % 4}`, `f${index}`);
      mkdirSync(join(this.#node.path(name), '..'), { recursive: true });
      writeFileSync(this.#node.path(name), `file ${index}`);
    }
  }

  get #layers(): string {
    const [lower, upper, work] = ['lower', 'upper', 'work'].map((part) => join(this.#store, part));
    return `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  }
}
