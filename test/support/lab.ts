import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandResult, mustRun, runCommand } from './command.js';
import { unmounting } from './unmounting.js';
import { waitFor } from './wait-for.js';

/**
 * One booted host. `data` and `root` are folders of this machine: the host's /srv/data and its
 * whole root.
 */
export interface LabNode {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  /** The pid, here, of the host's PID 1. */
  readonly leader: number;
  readonly data: string;
  readonly root: string;
}

/**
 * A laboratory of real systemd hosts with the product installed (`scripts/lab`). It lives no longer
 * than this process: if {@link down} is not reached, the next run of anything takes it down.
 */
export class Lab {
  readonly id: string;
  readonly #nodes: LabNode[];
  /** Names that {@link differences} passes over, wherever they stand. */
  readonly ignoredNames: string[] = [];
  #unequal = false;

  private constructor(id: string, nodes: readonly LabNode[]) {
    this.id = id;
    this.#nodes = [...nodes];
  }

  /**
   * Boots so many hosts. Their trees are empty, csync2 is configured, the service is not started.
   */
  static async boot(nodes: number): Promise<Lab> {
    const owner = String(process.pid);
    const text = await mustRun([
      script,
      'up',
      '--nodes',
      String(nodes),
      '--owner',
      owner,
      '--json',
    ]);
    const lab = JSON.parse(text) as { id: string; nodes: LabNode[] };
    return new Lab(lab.id, lab.nodes);
  }

  /**
   * Boots hosts, makes the databases, and starts the service on each; returns when all are ready.
   */
  static async started(nodes: number): Promise<Lab> {
    const lab = await Lab.boot(nodes);
    try {
      await lab.start();
    } catch (error) {
      await lab.down();
      throw error;
    }
    return lab;
  }

  /**
   * csync2's databases learn the trees as they are, and the service is enabled and started on each
   * host.
   */
  async start(): Promise<void> {
    await mustRun([script, 'initialise', this.id]);
    await mustRun([script, 'start', this.id]);
  }

  /** Further statements for csync2.cfg's group, such as `exclude *.tmp;`. */
  async configure(...statements: string[]): Promise<void> {
    await mustRun([script, 'configure', this.id, ...statements]);
  }

  get nodes(): readonly LabNode[] {
    return this.#nodes;
  }

  /** Power loss: a host ends without a word, and boots again. */
  async powerLoss(number: number): Promise<void> {
    await mustRun([script, 'restart', this.id, String(number)]);
    const node = this.node(number);
    const [leader = ''] = readFileSync(join(dirname(node.root), 'leader'), 'ascii').split(' ');
    this.#nodes[this.#nodes.indexOf(node)] = { ...node, leader: Number(leader) };
  }

  /** The host of this number, counted from 1. */
  node(number: number): LabNode {
    const node = this.nodes[number - 1];
    if (!node) throw new RangeError(`the lab has no node ${number}`);
    return node;
  }

  /** Runs a command on a host. Never throws for an exit code. */
  run(number: number, ...words: string[]): Promise<CommandResult> {
    return runCommand(this.#enter(number, words), { env: hostEnvironment() });
  }

  /** Runs a command on a host that must succeed; gives its stdout. */
  mustRun(number: number, ...words: string[]): Promise<string> {
    return mustRun(this.#enter(number, words), { env: hostEnvironment() });
  }

  /** Runs a bash script on a host that must succeed; gives its stdout. */
  bash(number: number, text: string): Promise<string> {
    return this.mustRun(number, 'bash', '-euc', text);
  }

  /** Unmounts a file system of a host. */
  unmount(number: number, point: string): Promise<string> {
    return this.mustRun(number, ...unmounting(point));
  }

  /** The service's journal on a host, one line an entry. */
  async journal(number: number): Promise<string[]> {
    const options = ['--output=short-precise', '--no-pager', '--quiet'];
    const text = await this.mustRun(
      number,
      'journalctl',
      '--unit=inotify-csync.service',
      ...options,
    );
    return text.split('\n').filter((line) => line !== '');
  }

  /** How many full checks the service has begun on a host, by its journal. */
  async fullChecks(number: number): Promise<number> {
    return (await this.journal(number)).filter((line) => line.includes('full check begins')).length;
  }

  /** Waits until every host has done the full check that it began last, and at least one. */
  async waitUntilChecked(seconds = 60): Promise<void> {
    const checked = async () => {
      const journals = await Promise.all(this.nodes.map(({ number }) => this.journal(number)));
      // Not by counting: one that a restart has cut short is begun twice.
      return journals.every((lines) => {
        const last = (text: string) => lines.findLastIndex((line) => line.includes(text));
        return last('full check begins') < last('full check finished');
      });
    };
    if (!(await waitFor(checked, seconds)))
      throw new Error(`no full check was done:\n${await this.#journals()}`);
  }

  /** `cut` pulls a host's cable, `blackhole` drops its packets silently, `heal` undoes both. */
  async link(action: 'cut' | 'blackhole' | 'heal', number: number): Promise<void> {
    await mustRun([script, action, this.id, String(number)]);
  }

  /** What differs between the trees of node 1 and the others, a line each. */
  async differences(): Promise<string[]> {
    const ignore = this.ignoredNames.flatMap((name) => ['--ignore', name]);
    const trees = this.nodes.map(({ data }) => data);
    const result = await runCommand([process.execPath, compareTrees, ...ignore, ...trees]);
    if (result.code !== 0 && result.code !== 1) throw new Error(result.stderr);
    return result.stdout.split('\n').filter((line) => line !== '');
  }

  /**
   * Waits until all trees are equal, or throws with the differences and every host's journal. Once
   * it has thrown, later calls don't wait: they could only tell of the same difference.
   */
  async waitUntilEqual(seconds = 60): Promise<void> {
    let differences: string[] = [];
    const equal = async () => {
      differences = await this.differences();
      return differences.length === 0;
    };
    if (this.#unequal && !(await equal()))
      throw new Error('the trees differ since an earlier test');
    this.#unequal = !(await waitFor(equal, seconds));
    if (!this.#unequal) return;
    throw new Error(
      `the trees still differ after ${seconds} s:\n${differences.join('\n')}\n${await this.#journals()}`,
    );
  }

  /** Waits for a condition, or throws with every host's journal. */
  async waitFor(
    what: string,
    condition: () => boolean | Promise<boolean>,
    seconds = 60,
  ): Promise<void> {
    if (await waitFor(condition, seconds)) return;
    throw new Error(`waited ${seconds} s for ${what}:\n${await this.#journals()}`);
  }

  /** Lets the hosts outlive this process; gives how to enter them and to end them. */
  async keep(): Promise<string> {
    return mustRun([script, 'keep', this.id]);
  }

  /** Ends the hosts and removes all traces. */
  async down(): Promise<void> {
    await mustRun([script, 'down', this.id]);
  }

  #enter(number: number, words: readonly string[]): string[] {
    return ['nsenter', '--target', String(this.node(number).leader), '--all', '--', ...words];
  }

  async #journals(): Promise<string> {
    const texts = this.nodes.map(async ({ number, name }) =>
      [`${name}:`, ...(await this.journal(number)).slice(-40)].join('\n  '),
    );
    return (await Promise.all(texts)).join('\n');
  }
}

/** A host has no directory of this test's for temporary files. */
function hostEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, TMPDIR: undefined };
}

// This file runs as build/test/support/lab.js.
const script = fileURLToPath(new URL('../../../scripts/lab', import.meta.url));
/** What `scripts/lab compare` calls. */
const compareTrees = fileURLToPath(
  new URL('../../../scripts/lib/compare-trees.mjs', import.meta.url),
);
