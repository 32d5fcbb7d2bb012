import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../support/cluster.js';
import { ClusterMount } from '../support/cluster-mount.js';
import type { ClusterNode } from '../support/cluster-node.js';
import { clusterObstacle } from '../support/cluster-obstacle.js';
import { type Random, seededRandom } from '../support/csync2-random.js';

// Mounts that come, go, are covered and uncovered at random on one host, while files change on
// both, and the daemon is stopped and killed.
const skip = clusterObstacle();
const steps = Number(process.env.STEPS ?? 70);

test(
  `${steps} random steps: nothing below a mount is deleted on the peer, and in the end the trees are equal`,
  {
    skip,
  },
  async (context) => {
    const world = await World.make(context, seededRandom(context));
    for (let step = 0; step < steps; step++) await world.step();
    await world.end();
  },
);

/** What a file is to hold, and since when both sides have been seen to agree. */
interface ModelFile {
  readonly owner: 'one' | 'two';
  text: string;
  agreedAt: number | undefined;
}

class World {
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #mounts: readonly ClusterMount[];
  readonly #isMounted: boolean[];
  readonly #isCovered: boolean[];
  /** By name. Each side changes its own files only: two who change one file make a conflict. */
  readonly #files = new Map<string, ModelFile>();
  readonly #done: string[] = [];
  #wrong: readonly string[] = [];
  #strays = 0;
  #texts = 0;

  private constructor(cluster: Cluster, random: Random, mounts: readonly ClusterMount[]) {
    this.#cluster = cluster;
    this.#random = random;
    this.#mounts = mounts;
    this.#isMounted = mounts.map(() => true);
    this.#isCovered = mounts.map(() => false);
  }

  static async make(context: TestContext, random: Random): Promise<World> {
    const cluster = await Cluster.make(context);
    const mounts: ClusterMount[] = [];
    for (const [index, name] of ['m0', 'a/m1', 'm0/deep/m2'].entries()) {
      const kind =
        (['tmpfs', 'bind', 'overlay'] as const)[(index + random.below(3)) % 3] ?? 'tmpfs';
      const mount = await ClusterMount.make(cluster, 1, name, kind);
      await mount.mount();
      mounts.push(mount);
    }
    const world = new World(cluster, random, mounts);
    for (let index = 0; index < 60; index++)
      world.#write(index % 2 === 0 ? 'one' : 'two', `old-${index}`, true);
    await cluster.initialise();
    await cluster.start();
    return world;
  }

  async step(): Promise<void> {
    const action = this.#random.pick(actions);
    const what = await this[action]();
    if (what === undefined) return;
    this.#done.push(`${new Date().toISOString().slice(11, -1)} ${what}`);
    await sleep(this.#random.below(10) < 4 ? 0 : this.#random.below(400));
    this.#judge();
  }

  /** All is mounted again, and everything arrives. */
  async end(): Promise<void> {
    for (const index of this.#mounts.keys()) {
      if (this.#isCovered[index]) await this.uncover(index);
    }
    for (const index of this.#mounts.keys()) if (!this.#isMounted[index]) await this.mount(index);
    const [one, two] = [this.#cluster.node(1), this.#cluster.node(2)];
    for (const node of [one, two]) if (!node.running) node.start();
    for (const node of [one, two]) await this.#cluster.untilWorking(node);
    try {
      await this.#cluster.until('all places to be there', async () => {
        this.#judge();
        return (await one.status())?.roots.every(({ state }) => state === 'present') ?? false;
      });
      // What was refused meanwhile is tried again every minute.
      const begun = performance.now();
      await this.#cluster.until('the files to agree', async () => {
        await two.command('retry');
        await sleep(200);
        if (this.#judge()) return true;
        if (performance.now() - begun > 5000) await this.#sendUnseen();
        return false;
      });
      await this.#cluster.untilEqual();
      await this.#cluster.untilQuiet();
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.#report()}`);
    }
  }

  /**
   * What the second host has sent onto a cover in the moment before csync2's server was kept from
   * that, is lost with the cover. The journal says so, and what to do.
   */
  async #sendUnseen(): Promise<void> {
    if (!this.#one.log().includes('while it was missing are not in it')) return;
    const two = this.#cluster.node(2);
    for (const [name, { owner, text }] of this.#files) {
      if (owner !== 'two' || textOf(this.#one.path(name)) === text) continue;
      await two.csync2('-m', two.path(name));
      this.#done.push(`sent again: ${name}`);
    }
  }

  // The steps. Each says what it has done, or nothing if it could not be done.

  async unmount(): Promise<string | undefined> {
    const index = this.#random.below(this.#mounts.length);
    if (!this.#isMounted[index] || this.#isCovered[index] || this.#isBusy(index)) return undefined;
    await this.#mounts[index]?.unmount();
    this.#isMounted[index] = false;
    return `unmount ${this.#mounts[index]?.name}`;
  }

  async mount(index = this.#random.below(this.#mounts.length)): Promise<string | undefined> {
    if (this.#isMounted[index] || this.#isCovered[index] || !this.#isReachable(index))
      return undefined;
    mkdirSync(this.#one.path(this.#mounts[index]?.name ?? ''), { recursive: true });
    await this.#mounts[index]?.mount();
    this.#isMounted[index] = true;
    return `mount ${this.#mounts[index]?.name}`;
  }

  /** Something else is mounted there. */
  async cover(): Promise<string | undefined> {
    const index = this.#random.below(this.#mounts.length);
    const mount = this.#mounts[index];
    if (!mount || this.#isCovered[index] || this.#isBusy(index) || !this.#isReachable(index))
      return undefined;
    mkdirSync(this.#one.path(mount.name), { recursive: true });
    await this.#one.mustRun('mount', '-t', 'tmpfs', 'cover', mount.point);
    this.#isCovered[index] = true;
    return `cover ${mount.name}`;
  }

  async uncover(index = this.#random.below(this.#mounts.length)): Promise<string | undefined> {
    if (!this.#isCovered[index]) return undefined;
    await this.#mounts[index]?.unmount();
    this.#isCovered[index] = false;
    return `uncover ${this.#mounts[index]?.name}`;
  }

  async change(): Promise<string | undefined> {
    const owner = this.#random.pick(['one', 'two'] as const);
    return this.#write(owner, `new-${this.#random.below(40)}`);
  }

  async burst(): Promise<string | undefined> {
    const owner = this.#random.pick(['one', 'two'] as const);
    for (let count = 0; count < 15; count++) this.#write(owner, `burst-${this.#random.below(60)}`);
    return `burst of ${owner}`;
  }

  async remove(): Promise<string | undefined> {
    const names = [...this.#files].filter(
      ([name, { owner }]) => owner === 'two' || this.#isInSight(name),
    );
    if (names.length === 0) return undefined;
    const [name, { owner }] = this.#random.pick(names);
    this.#files.delete(name);
    this.#node(owner).remove(name);
    return `remove ${name} on ${owner}`;
  }

  /** Somebody writes where a disk should be. */
  async stray(): Promise<string | undefined> {
    const index = this.#random.below(this.#mounts.length);
    const isBare = !this.#isMounted[index] || this.#isCovered[index];
    if (!isBare || !this.#isReachable(index)) return undefined;
    const name = `${this.#mounts[index]?.name}/stray-${this.#strays++}`;
    mkdirSync(dirname(this.#one.path(name)), { recursive: true });
    writeFileSync(this.#one.path(name), 'stray');
    return `stray ${name}`;
  }

  async ask(): Promise<string | undefined> {
    if (!this.#one.running) return undefined;
    const { point } = this.#random.pick(this.#mounts);
    const paths = this.#random.pick([[], [this.#cluster.root], [point]]);
    await this.#one.command('check', ...paths);
    return `check ${paths}`;
  }

  async restart(): Promise<string | undefined> {
    if (this.#one.running) {
      const how = this.#random.pick(['stop', 'crash'] as const);
      await this.#one[how]();
      return how;
    }
    this.#one.start();
    return 'start';
  }

  get #one(): ClusterNode {
    return this.#cluster.node(1);
  }

  #node(owner: 'one' | 'two'): ClusterNode {
    return this.#cluster.node(owner === 'one' ? 1 : 2);
  }

  #write(owner: 'one' | 'two', base: string, isFirst = false): string | undefined {
    const folder = this.#random.pick([
      'm0',
      'm0/x',
      'a',
      'a/m1',
      'a/m1/y',
      'm0/deep',
      'm0/deep/m2',
      'm0/deep/m2/z',
    ]);
    const name = `${folder}/${owner}-${base}`;
    if (owner === 'one' && !this.#isInSight(name)) return undefined;
    const text = `${name} ${this.#texts++} ${'x'.repeat(this.#random.below(50))}`;
    // Before initialisation all files are made on the first.
    const node = isFirst ? this.#one : this.#node(owner);
    node.write(name, text);
    // What was written just before an end is looked at, and sent, once more at the next start.
    if (isFirst) utimesSync(node.path(name), longAgo, longAgo);
    this.#files.set(name, { owner, text, agreedAt: isFirst ? 0 : undefined });
    return `write ${name}`;
  }

  /** Whether the first host sees the file system that a file belongs to. */
  #isInSight(name: string): boolean {
    const index = this.#innermost(name);
    return (
      index < 0 ||
      (this.#isMounted[index] === true && !this.#isCovered[index] && this.#isReachable(index))
    );
  }

  /** Whether what is around a mount point is what it should be. */
  #isReachable(index: number): boolean {
    const name = this.#mounts[index]?.name ?? '';
    return this.#mounts.every(
      (mount, other) =>
        other === index ||
        !name.startsWith(`${mount.name}/`) ||
        (this.#isMounted[other] === true && !this.#isCovered[other]),
    );
  }

  /** Whether something is mounted below. */
  #isBusy(index: number): boolean {
    const name = this.#mounts[index]?.name ?? '';
    return this.#mounts.some(
      (mount, other) =>
        mount.name.startsWith(`${name}/`) &&
        (this.#isMounted[other] === true || this.#isCovered[other] === true),
    );
  }

  #innermost(name: string): number {
    let found = -1;
    for (const [index, mount] of this.#mounts.entries()) {
      const isBetter = found < 0 || mount.name.length > (this.#mounts[found]?.name.length ?? 0);
      if (name.startsWith(`${mount.name}/`) && isBetter) found = index;
    }
    return found;
  }

  /**
   * Looks at the second host. A file about which both have agreed for a moment may only go, or
   * become an older one, when its owner says so. (One that has just changed may go with its disk,
   * if that goes while csync2 looks at it.)
   *
   * @returns whether all files are there as they should be
   */
  #judge(): boolean {
    const two = this.#cluster.node(2);
    const now = performance.now();
    const wrong: string[] = [];
    for (const [name, file] of this.#files) {
      const text = textOf(two.path(name));
      const isRight = text === file.text;
      const here = textOf(this.#one.path(name));
      if (!isRight || here !== file.text)
        wrong.push(`${name} is ${here} and ${text} instead of ${file.text}`);
      if (!isRight && file.agreedAt !== undefined && now - file.agreedAt > 1500) {
        assert.fail(`${name} is ${text} instead of ${file.text}\n${this.#report()}`);
      }
      if (!isRight) file.agreedAt = undefined;
      else file.agreedAt ??= now;
    }
    for (const mount of this.#mounts) {
      for (let index = 0; index < this.#strays; index++) {
        assert.equal(
          textOf(two.path(`${mount.name}/stray-${index}`)),
          undefined,
          this.#done.join('\n'),
        );
      }
    }
    this.#wrong = wrong;
    return wrong.length === 0;
  }

  #report(): string {
    const logs = this.#cluster.nodes.map((node) => `--- ${node.name}\n${node.log()}`);
    return [...this.#done, '--- wrong', ...this.#wrong, ...logs].join('\n');
  }
}

function textOf(path: string): string | undefined {
  try {
    lstatSync(path);
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

const longAgo = Math.floor(Date.now() / 1000) - 3600;

const actions = [
  'unmount', 'unmount', 'unmount', 'mount', 'mount', 'mount', 'cover', 'uncover', 'uncover', 'change', 'change',
  'change', 'change', 'burst', 'remove', 'stray', 'ask', 'restart',
] as const; // biome-ignore format: a list of words
