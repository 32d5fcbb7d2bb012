import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../hosts/cluster.js';
import type { Host } from '../hosts/host.js';
import { textOf } from '../hosts/tree.js';
import { seededRandom } from '../statistics.js';

/** One file that gets a content it did not have. */
export interface Change {
  /** Path as the hosts name it. */
  readonly path: string;
  readonly content: Buffer;
}

/**
 * Makes single changes: new files and rewrites of old ones in turn, anywhere in the tree, none
 * twice.
 */
export class Changes {
  readonly #cluster: Cluster;
  readonly #unused: string[];
  readonly #random: () => number;
  #made = 0;

  constructor(cluster: Cluster, seed: number) {
    this.#cluster = cluster;
    this.#random = seededRandom(seed);
    this.#unused = [...cluster.files];
  }

  /** Writes the next one on the sender. The returned time is from before the first system call. */
  make(): { readonly change: Change; readonly begun: number } {
    const change = this.#next();
    const begun = performance.now();
    writeFileSync(this.#cluster.sender.onMachine(change.path), change.content);
    return { change, begun };
  }

  /** A pause after which no poll of anybody's is in step with us, in milliseconds. */
  pause(): number {
    return 200 + 600 * this.#random();
  }

  #next(): Change {
    const number = this.#made++;
    const picked = this.#unused.splice(Math.floor(this.#random() * this.#unused.length), 1)[0];
    if (picked === undefined) throw new RangeError('more changes than files');
    const isNew = number % 2 === 0;
    const name = isNew ? join(dirname(picked), `new-${number}.txt`) : picked;
    const path = join(this.#cluster.root, name);
    let content = Buffer.from(textOf(`${name} change ${number}`, this.#random));
    // csync2 sees no change when second and size stay what they were.
    if (!isNew && content.length === statSync(this.#cluster.sender.onMachine(path)).size)
      content = Buffer.concat([content, Buffer.from('.')]);
    return { path, content };
  }
}

/** Whether a host has a change: the whole content, under its final name. */
export function hasArrived({ path, content }: Change, host: Host): boolean {
  try {
    return readFileSync(host.onMachine(path)).equals(content);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Milliseconds from `begun` until the last of `hosts` has the change, seen by a look each
 * millisecond; undefined when it is not there after `limitSeconds`.
 */
export async function arrival(
  change: Change,
  hosts: readonly Host[],
  begun: number,
  limitSeconds: number,
): Promise<number | undefined> {
  let waiting = hosts;
  while (true) {
    waiting = waiting.filter((host) => !hasArrived(change, host));
    const elapsed = performance.now() - begun;
    if (waiting.length === 0) return elapsed;
    if (elapsed > limitSeconds * 1000) return undefined;
    await sleep(1);
  }
}
