import { mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { type Random, seededRandom } from '../support/csync2-random.js';

/**
 * A cluster on which changes of all kinds are made, on these nodes in a directory of their own
 * each, until `end`.
 */
export async function streaming(context: TestContext, numbers: readonly number[] = [1, 2]) {
  const random = seededRandom(context);
  const cluster = await Cluster.started(context);
  const streams = numbers.map((number) => new Stream(cluster.node(number), random));
  context.after(() => Promise.all(streams.map((stream) => stream.end())));
  return {
    cluster,
    random,
    stream: { end: () => Promise.all(streams.map((stream) => stream.end())) },
  };
}

/** Changes of all kinds in a directory of the node's own, until it is ended. */
class Stream {
  readonly #node: ClusterNode;
  readonly #random: Random;
  readonly #running: Promise<void>;
  #isOver = false;
  #count = 0;

  constructor(node: ClusterNode, random: Random) {
    this.#node = node;
    this.#random = random;
    this.#running = this.#run();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const files: string[] = [];
    while (!this.#isOver) {
      this.#change(files);
      await sleep(this.#random.below(40));
    }
  }

  #change(files: string[]): void {
    const random = this.#random;
    const directory = `${this.#node.name}/${random.below(5)}`;
    const chosen = files.length > 0 ? random.below(files.length) : -1;
    const count = ++this.#count;
    switch (random.below(6)) {
      case 0:
        if (chosen < 0) return;
        unlinkSync(this.#node.path(files.splice(chosen, 1)[0] as string));
        return;
      case 1:
        if (chosen < 0) return;
        this.#node.write(files[chosen] as string, `rewritten ${count}`);
        return;
      case 2: {
        const tree = `${this.#node.name}/tree-${random.below(3)}`;
        rmSync(this.#node.path(tree), { recursive: true, force: true });
        mkdirSync(this.#node.path(tree, 'deep', 'er'), { recursive: true });
        this.#node.write(`${tree}/deep/er/file`, `in a tree ${count}`);
        renameSync(this.#node.path(tree), this.#node.path(`${this.#node.name}/moved-${count}`));
        return;
      }
      default: {
        const name = `${directory}/${count}`;
        this.#node.write(name, `new ${count}`);
        files.push(name);
      }
    }
  }
}
