/**
 * The programs that carry out a plan: one operator and one answerer for each host, and for each
 * copy of the plan.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ChurnCluster, ChurnHost } from './hosts.js';
import type { Chain, Plan } from './plan.js';
import { Program } from './programs.js';
import type { Activity } from './trees.js';

/**
 * What an operator says of one step: when, in milliseconds after the start, and why it failed, in
 * the tree and in the shadow.
 */
type StepResult = readonly [at: number, error: string | null, shadowError: string | null];
/** What an answerer says of one answer: which, and when, in seconds since the epoch. */
type Answer = readonly [index: number, time: number];

export interface PlayersOptions {
  /** Name of the folder, at the top of the tree, in which all happens. */
  readonly name: string;
  readonly copies: number;
  /** Folder in which the operations are done once more, if they are. */
  readonly shadows: string | undefined;
  /** Folder of the files that hold up a host's operations, by index. */
  readonly pauses: string;
}

export class Players implements Activity {
  /** Where operator number `index` works, below the tree; its host is number `index % hosts`. */
  readonly folders: readonly string[];
  /** Fulfilled when all operators have ended. */
  operated: Promise<unknown> = Promise.resolve();
  readonly #hosts: readonly ChurnHost[];
  readonly #plan: Plan;
  readonly #options: PlayersOptions;
  #operators: readonly Program<StepResult>[] = [];
  #answerers: readonly Program<Answer>[] = [];
  #operatedAt = 0;
  #answering = 0;

  constructor({ hosts }: ChurnCluster, plan: Plan, options: PlayersOptions) {
    this.#hosts = hosts;
    this.#plan = plan;
    this.#options = options;
    this.folders = this.#each((index, copy) =>
      this.#named(plan.mode === 'own' ? `own-${index + 1}` : 'shared', copy),
    );
  }

  /** One host makes the folders; the others wait for them. */
  makeFolders(): void {
    const { name, copies } = this.#options;
    const first = this.#hosts[this.#plan.seed % this.#hosts.length] as ChurnHost;
    const turns = Array.from({ length: copies }, (_, copy) => this.#named('turns', copy));
    const probes = this.#hosts.map((_, index) => `${name}/probes/${index}`);
    for (const folder of [...this.folders, ...turns, ...probes])
      mkdirSync(join(first.tree, folder), { recursive: true });
    for (const { outside } of this.#hosts) rmSync(outside, { recursive: true, force: true });
  }

  /**
   * Starts all; the first operation is at `start`, the last answer at `until`, in milliseconds
   * since the epoch.
   */
  start(start: number, until: number): void {
    this.#operators = this.#each((index, copy, host) => this.#operator(index, copy, host, start));
    this.operated = Promise.all(this.#operators.map((operator) => operator.result())).then(() => {
      this.#operatedAt = Date.now();
    });
    if (this.#plan.chains.length === 0) return;
    this.#answerers = this.#each((index, copy, host) =>
      this.#answerer(index, copy, host, start, until),
    );
    this.#answering = this.#answerers.length;
    for (const answerer of this.#answerers) {
      void answerer.result().finally(() => {
        this.#answering--;
      });
    }
  }

  readonly last = (): number => {
    const answers = this.#answerers.flatMap(({ lines }) => lines.map(([, time]) => time * 1000));
    return Math.max(this.#operatedAt, ...answers);
  };

  readonly open = (): boolean => this.#answering > 0;

  /** What became of each step, by operator. */
  get results(): readonly (readonly StepResult[])[] {
    return this.#operators.map(({ lines }) => lines);
  }

  /** How many operations did something. */
  get done(): number {
    return this.results.flat().filter(([, error]) => error === null).length;
  }

  /** How many operations had another result in the tree than in the shadow. */
  get disturbed(): number {
    if (!this.#options.shadows) return 0;
    return this.results.flat().filter(([, error, shadowError]) => error !== shadowError).length;
  }

  get answered(): number {
    return this.#answerers.reduce((sum, { lines }) => sum + lines.length, 0);
  }

  #each<T>(make: (host: number, copy: number, of: ChurnHost) => T): T[] {
    return Array.from({ length: this.#options.copies }, (_, copy) =>
      this.#hosts.map((host, index) => make(index, copy, host)),
    ).flat();
  }

  #named(folder: string, copy: number): string {
    return `${this.#options.name}/${folder}${copy > 0 ? `-copy${copy}` : ''}`;
  }

  #outside(host: ChurnHost, copy: number): string {
    const folder = join(host.outside, `${copy}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  #operator(index: number, copy: number, host: ChurnHost, start: number): Program<StepResult> {
    const number = copy * this.#hosts.length + index;
    const folder = this.folders[number] as string;
    const shadow = this.#options.shadows && join(this.#options.shadows, `${number}`);
    if (shadow)
      for (const side of ['in', 'out']) mkdirSync(join(shadow, side), { recursive: true });
    return new Program<StepResult>('operator.py', {
      inside: join(host.tree, folder),
      outside: this.#outside(host, copy),
      shadow: shadow ?? null,
      enter: host.enter,
      seen: join(host.seen, folder),
      pause: join(this.#options.pauses, `pause-${index}`),
      start: start / 1000,
      steps: this.#plan.streams[index] ?? [],
    });
  }

  #answerer(
    index: number,
    copy: number,
    host: ChurnHost,
    start: number,
    until: number,
  ): Program<Answer> {
    const { chains } = this.#plan;
    return new Program<Answer>('answerer.py', {
      inside: join(host.tree, this.#named('turns', copy)),
      outside: this.#outside(host, copy),
      start: start / 1000,
      until: until / 1000,
      begins: chains.flatMap(({ at, path, size, links: [first] }) =>
        first?.host === index ? [{ at, path, size, token: first.token }] : [],
      ),
      answers: answersOf(chains, index),
    });
  }
}

function answersOf(chains: readonly Chain[], host: number) {
  return chains.flatMap(({ path, size, links }) =>
    links.flatMap((link, index) => {
      const before = links[index - 1];
      return before && link.host === host ? [{ ...link, path, size, expected: before.token }] : [];
    }),
  );
}
