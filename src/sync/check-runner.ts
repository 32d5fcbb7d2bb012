import type { Outcome } from '../csync2/result.js';
import type { CommandResult, Runner } from '../csync2/runner.js';
import type { PathBytes } from '../path-bytes.js';
import { argumentChunks } from './argument-chunks.js';
import type { CheckJournal } from './check-journal.js';

/** A path that csync2 could not look at. */
export interface FailedPath {
  readonly path: PathBytes;
  readonly recursive: boolean;
  readonly outcome: Outcome;
  readonly text: string;
}

/** How csync2 looks at paths. */
export interface CheckMode {
  /** Check, or mark dirty without looking. */
  readonly mode: '-c' | '-m';
  readonly recursive: boolean;
  /** Modifiers that go before the mode. */
  readonly options?: readonly string[];
  readonly idle?: boolean;
  readonly signal?: AbortSignal;
  /** Given what each csync2 command came to, the retries too. */
  readonly onResult?: (result: CommandResult) => void;
}

/** Runs csync2 over any number of paths: cut into argument lists, tried again, and split where a path is at fault. */
export class CheckRunner {
  readonly #runner: Runner;
  readonly #journal: CheckJournal;
  readonly #newest: (limit: number) => readonly PathBytes[];

  /** @param newest - the files that csync2 has taken note of last; none where its database can't be read */
  constructor(runner: Runner, journal: CheckJournal, newest: (limit: number) => readonly PathBytes[]) {
    this.#runner = runner;
    this.#journal = journal;
    this.#newest = newest;
  }

  /** @returns the paths that could not be looked at */
  async run(paths: readonly PathBytes[], how: CheckMode): Promise<FailedPath[]> {
    const failed: FailedPath[] = [];
    for (const chunk of argumentChunks(paths)) failed.push(...(await this.#runChunk(how, chunk)));
    return failed;
  }

  /**
   * Marks what csync2 has taken note of last. It writes down what a file is like, and then, for its first 50 statements
   * not in one transaction, that it is dirty: one that ends in between has seen the change and will never send it.
   */
  async markNewest(): Promise<void> {
    const paths = this.#newest(newestLimit);
    if (paths.length === 0) return;
    const ended = this.#journal.begin(paths, false);
    await this.#runner.run({ mode: ['-m'], paths }).finally(ended);
  }

  /** One that fails for good is split until the paths at fault stand alone. */
  async #runChunk(how: CheckMode, chunk: readonly PathBytes[]): Promise<FailedPath[]> {
    const result = await this.#attempt(how, chunk);
    if (result.outcome === 'done') return [];
    const isForAll = hopeless.has(result.outcome) || how.signal?.aborted;
    if (chunk.length === 1 || isForAll) {
      const { outcome, text } = result;
      return chunk.map((path) => ({ path, recursive: how.recursive, outcome, text }));
    }
    const middle = chunk.length >> 1;
    return [
      ...(await this.#runChunk(how, chunk.slice(0, middle))),
      ...(await this.#runChunk(how, chunk.slice(middle))),
    ];
  }

  async #attempt(how: CheckMode, paths: readonly PathBytes[]): Promise<CommandResult> {
    const { mode, recursive, options = [], idle = false, signal, onResult } = how;
    const command = {
      mode: [...options, recursive ? `${mode}r` : mode],
      paths,
      idle,
      ...(signal ? { signal } : {}),
    };
    for (let attempt = 1; ; attempt++) {
      const ended = this.#journal.begin(paths, recursive);
      const result = await this.#runner.run(command).finally(ended);
      onResult?.(result);
      // A file that vanishes ends a recursive check half-way; what it had found is kept, so again is nearer the end.
      if (result.signal !== undefined || torn.has(result.outcome)) await this.markNewest();
      const isWorthIt = passing.has(result.outcome) && attempt < attempts && !signal?.aborted;
      if (!isWorthIt) return result;
    }
  }
}

/** Splitting doesn't help against these: they concern csync2, not a path. */
const hopeless: ReadonlySet<Outcome> = new Set(['config', 'maintenance', 'not-found', 'locked']);
/** Another try may do. */
const passing: ReadonlySet<Outcome> = new Set(['vanished', 'crashed', 'locked']);
/** Ends that may come between two statements, like that by a signal. */
const torn: ReadonlySet<Outcome> = new Set(['crashed', 'locked']);
const attempts = 5;
/** More files than csync2 can have written down in 50 statements. */
const newestLimit = 30;
