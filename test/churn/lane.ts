import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SelectionPattern } from '#src/native/selection.js';
import type { WatchStats } from '#src/native/watcher.js';
import { loadNative } from '#src/native.js';
import type { QueueEntry } from '#src/queue/entry.js';
import type { Operation, Plan } from './operations.js';
import { directoriesOf, Shadow } from './shadow.js';

/** What a lane asks of its watching process, see watching.ts. Bytes travel one character each. */
export type Request =
  | { open: { patterns: { text: string; include: boolean }[]; options: Record<string, unknown> } }
  | { quiet: true }
  | { close: true };

interface Answer {
  readonly ready?: true;
  readonly failed?: string;
  readonly stats?: WatchStats;
  readonly closed?: true;
  readonly entries?: readonly (readonly [QueueEntry['kind'], string])[];
}

/** What became of a plan. */
export interface Outcome {
  /** Empty: the shadow equals the tree, and every directory is watched once. */
  readonly faults: readonly string[];
  readonly losses: readonly string[];
  /** Operations that did something. */
  readonly done: number;
  readonly records: number;
}

/**
 * How long a shadow may differ without any news before that is a fault. Only broken code waits for
 * it.
 */
const patience = 3000;
/**
 * As long again as the watcher's longest pause between two repairs in a plan that makes it lose
 * things.
 */
const lossyPatience = 20_000;

/** One watching process and two operating processes, which run plans one after another. */
export class Lane {
  readonly #base: string;
  readonly #deaf: number;
  #operator!: ChildProcessWithoutNullStreams;
  #second!: ChildProcessWithoutNullStreams;
  #watching!: ChildProcessWithoutNullStreams;
  #answers!: (answer: Answer) => void;
  #ended: string | undefined;
  #marks = 0;
  readonly #operated = new Map<ChildProcessWithoutNullStreams, (done: number) => void>();

  /** Every `deaf`th record is lost on purpose; 0: none. */
  constructor(base: string, deaf = 0) {
    this.#base = base;
    this.#deaf = deaf;
    this.#start();
  }

  async run(plan: Plan): Promise<Outcome> {
    if (this.#ended !== undefined) {
      await this.close();
      this.#start();
    }
    const directory = join(this.#base, `seed-${plan.seed}`);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(join(directory, 'root'), { recursive: true });
    mkdirSync(join(directory, 'outside'));
    try {
      return await this.#churn(plan, directory);
    } catch (error) {
      this.#ended ??= String(error);
      return { faults: [`the watching process: ${this.#ended}`], losses: [], done: 0, records: 0 };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    for (const child of [this.#operator, this.#second, this.#watching]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    }
  }

  async #churn(plan: Plan, directory: string): Promise<Outcome> {
    const root = Buffer.from(join(directory, 'root'));
    const patterns: SelectionPattern[] = [{ text: root, include: true }];
    if (plan.excluded !== undefined)
      patterns.push({
        text: Buffer.from(plan.excluded.replace(/[*?\\[\]]/g, '\\$&'), 'latin1'),
        include: false,
      });
    const selection = new (loadNative().Selection)({ groups: [{ patterns }], prefixes: [] });
    const shadow = new Shadow(root, selection);
    const losses: string[] = [];
    let records = 0;
    let stats: WatchStats | undefined;
    let ready = false;
    let closed = false;
    this.#answers = (answer) => {
      if (answer.failed !== undefined) this.#ended = answer.failed;
      if (answer.ready) ready = true;
      if (answer.closed) closed = true;
      if (answer.stats) stats = answer.stats;
      for (const [kind, text] of answer.entries ?? []) {
        records++;
        if (kind === 'loss') losses.push(text);
        shadow.apply(
          kind === 'loss' ? { kind, reason: text } : { kind, path: Buffer.from(text, 'hex') },
        );
      }
    };

    const operate = (operations: readonly Operation[]) => this.#operate(directory, operations);
    const first: readonly Operation[] = [...plan.first, ['cont']];
    let done = plan.early ? 0 : await operate(first);
    this.#ask({
      open: {
        patterns: patterns.map(({ text, include }) => ({ text: text.toString('latin1'), include })),
        options: { walkers: plan.walkers, native: plan.native },
      },
    });
    if (plan.early) done += await operate(first);
    await this.#until(() => ready);
    // The first check of everything begins when all is watched.
    shadow.copyAll();
    const ends: readonly Operation[] = [['finish'], ['release'], ['cont']];
    const both = [operate([...plan.later, ...ends])];
    if (plan.beside.length > 0)
      both.push(this.#operate(directory, [...plan.beside, ...ends], this.#second));
    for (const count of await Promise.all(both)) done += count;
    // The one may have stopped what the other had continued.
    await operate([['cont']]);

    const above = directory.split('/').length;
    const bound = plan.lossy || losses.length > 0 ? lossyPatience : patience;
    const settle = async (): Promise<string[]> => {
      for (; ; await sleep(20)) {
        const text = `mark ${++this.#marks}`;
        await operate([['mark', text]]);
        stats = undefined;
        this.#ask({ quiet: true });
        await this.#until(() => stats !== undefined);
        const { watches, detached, heldEvents } = stats as unknown as WatchStats;
        const faults = shadow.differences();
        const wanted = above + directoriesOf(root, selection);
        if (watches !== wanted) faults.push(`${watches} watches for ${wanted} directories`);
        if (detached !== 0) faults.push(`${detached} directories are detached`);
        if (heldEvents !== 0) faults.push(`${heldEvents} events are held`);
        if (faults.length === 0 || Date.now() - this.#since > bound) return faults;
      }
    };
    this.#since = Date.now();
    const faults = await settle();
    if (faults.length === 0) {
      await operate([['probe']]);
      this.#since = Date.now();
      faults.push(
        ...(await settle()).map((fault) => `after a write into every directory: ${fault}`),
      );
    }
    faults.push(...shadow.foreign.map((path) => `a record of ${path}, which is outside`));
    if (!plan.lossy) faults.push(...losses.map((reason) => `a loss: ${reason}`));
    this.#ask({ close: true });
    await this.#until(() => closed);
    return { faults, losses, done, records };
  }

  #since = 0;

  #start(): void {
    this.#ended = undefined;
    this.#operator = startOperator();
    this.#second = startOperator();
    this.#watching = spawn(process.execPath, [
      fileURLToPath(new URL('watching.js', import.meta.url)),
      String(this.#deaf),
    ]);
    for (const child of [this.#operator, this.#second, this.#watching]) {
      let said = '';
      child.stderr.on('data', (text) => {
        said += text;
      });
      child.on('exit', (code, signal) => {
        this.#ended ??= `${child.spawnargs[1]} ended with ${code ?? signal}: ${said}`;
      });
    }
    for (const operator of [this.#operator, this.#second]) {
      createInterface({ input: operator.stdout }).on('line', (line) => {
        this.#operated.get(operator)?.((JSON.parse(line) as { done: number }).done);
      });
    }
    createInterface({ input: this.#watching.stdout }).on('line', (line) =>
      this.#answers(JSON.parse(line)),
    );
  }

  async #operate(
    directory: string,
    operations: readonly Operation[],
    operator = this.#operator,
  ): Promise<number> {
    let done: number | undefined;
    this.#operated.set(operator, (count) => {
      done = count;
    });
    const watching = this.#watching.pid;
    operator.stdin.write(`${JSON.stringify({ directory, watching, operations })}\n`);
    await this.#until(() => done !== undefined);
    return done ?? 0;
  }

  #ask(request: Request): void {
    this.#watching.stdin.write(`${JSON.stringify(request)}\n`);
  }

  async #until(condition: () => boolean): Promise<void> {
    for (const end = Date.now() + 60_000; !condition(); await sleep(2)) {
      if (this.#ended !== undefined) throw new Error(this.#ended);
      if (Date.now() > end) throw new Error('no answer in a minute');
    }
  }
}

function startOperator(): ChildProcessWithoutNullStreams {
  return spawn('python3', [fileURLToPath(new URL(operatorSource, import.meta.url))]);
}

/** The compiled test lies in build/test/churn, what is not compiled stays with the sources. */
const operatorSource = '../../../test/churn/operator.py';
