import { type PathPrefix, realPathOf } from '../csync2/name-encoding.js';
import type { CommandResult, Runner } from '../csync2/runner.js';
import type { BrokenSession } from '../csync2/session-log.js';
import type { PathBytes } from '../path-bytes.js';
import type { Batch } from './batch.js';
import { receivedFiles } from './broken-sessions.js';
import type { CheckJournal } from './check-journal.js';
import { CheckPlanner, type CheckPlannerParts } from './check-planner.js';
import { CheckRunner, type FailedPath } from './check-runner.js';
import type { DatabaseWindow } from './database-window.js';
import { stampOf } from './rewrite-memory.js';
import { statOf } from './stat-of.js';

/** What a check of a batch came to. */
export interface CheckReport {
  /** Paths given to csync2. */
  readonly checked: number;
  /** Paths that needed no check: gone and never known to csync2, such as its own temporary files. */
  readonly skipped: number;
  /** Paths that csync2 could not check, with the reason. They are still to be done. */
  readonly failed: readonly FailedPath[];
  /** Paths that an open session is just writing: to be looked at again when it has ended. */
  readonly postponed: readonly PathBytes[];
  /** Sockets, which csync2 can't transfer and would keep dirty for ever. */
  readonly sockets: readonly PathBytes[];
}

/** How a batch is checked. */
export interface CheckOptions {
  /** When the oldest change was noticed, or earlier; milliseconds since 1970. */
  readonly changedAt: number;
  /** Whether files that are being received may be postponed; if not, they are checked as they are. */
  readonly waits: boolean;
  readonly signal: AbortSignal;
}

/** What a part of a full check came to. */
export interface SweepReport {
  readonly failed: readonly FailedPath[];
  /** Files that csync2 found changed; not all when there are thousands. */
  readonly marked: readonly PathBytes[];
}

/** What the checker works with. */
export interface CheckerParts extends CheckPlannerParts {
  readonly runner: Runner;
  readonly journal: CheckJournal;
  readonly window: DatabaseWindow;
  readonly prefixes: readonly PathPrefix[];
  /** Sessions of the server that have been broken off since the last call. */
  readonly takeBroken: () => readonly BrokenSession[];
}

/** Stage 1: has csync2 look at changed paths, so that it marks them dirty for the peers. */
export class Checker {
  readonly #parts: CheckerParts;
  readonly #window: DatabaseWindow;
  readonly #prefixes: readonly PathPrefix[];
  readonly #planner: CheckPlanner;
  readonly #runner: CheckRunner;
  #broken: readonly BrokenSession[] = [];

  constructor(parts: CheckerParts) {
    this.#parts = parts;
    this.#window = parts.window;
    this.#prefixes = parts.prefixes;
    this.#planner = new CheckPlanner(parts);
    this.#runner = new CheckRunner(parts.runner, parts.journal, (limit) => parts.ledger?.newest(limit) ?? []);
  }

  /**
   * Checks a batch while the csync2 server is quiet, or beside its sessions if they go on. Every path is either done,
   * or among `failed` or `postponed`.
   */
  check(batch: Batch, options: CheckOptions): Promise<CheckReport> {
    return this.#window.run((quiet) => this.#check(batch, options, quiet), options.signal);
  }

  async #check(batch: Batch, options: CheckOptions, quiet: boolean): Promise<CheckReport> {
    const { changedAt, waits, signal } = options;
    await this.#noteReceived();
    const plan = this.#planner.plan(batch, changedAt, !quiet && waits);
    const { trees, files, rewritten } = plan;
    const failed = [
      // Trees first: a new directory must be known before what is in it is pushed.
      ...(await this.#runner.run(trees, { mode: '-c', recursive: true, signal })),
      ...(await this.#runner.run(files, { mode: '-c', recursive: false, signal })),
      ...(await this.#runner.run(rewritten, { mode: '-m', recursive: false, signal })),
    ];
    this.#planner.remember(plan, failed);
    const { skipped, postponed, sockets } = plan;
    return { checked: trees.length + files.length + rewritten.length, skipped, postponed, failed, sockets };
  }

  /**
   * Checks paths at idle priority, as a part of a full check, and tells what csync2 found changed. Call it in a
   * database window.
   */
  async sweep(paths: readonly PathBytes[], recursive: boolean, signal: AbortSignal): Promise<SweepReport> {
    await this.#noteReceived();
    const marked: PathBytes[] = [];
    const onResult = (result: CommandResult) => marked.push(...this.#markedPaths(result.text));
    const how = { mode: '-c', recursive, options: ['-v'], idle: true, signal, onResult } as const;
    return { failed: await this.#runner.run(paths, how), marked };
  }

  /** Marks paths dirty without looking at them. */
  async mark({ files, trees }: Pick<Batch, 'files' | 'trees'>): Promise<void> {
    await this.#window.run(async () => {
      await this.#runner.run(trees, { mode: '-m', recursive: true });
      await this.#runner.run(files, { mode: '-m', recursive: false });
    });
  }

  /** Before csync2 looks at anything, it takes note of what broken-off sessions have written; see {@link receivedFiles}. */
  async #noteReceived(): Promise<void> {
    this.#broken = [...this.#broken, ...this.#parts.takeBroken()];
    if (this.#broken.length === 0) return;
    const received = receivedFiles(this.#broken, this.#prefixes, statOf);
    const paths = received.map(({ path }) => path);
    const failed = await this.#runner.run(paths, { mode: '-c', recursive: false, options: ['-I'] });
    for (const { path, stat } of received) this.#parts.memory.checked(path, stampOf(stat));
    // Tried once more with the next check; a file that csync2 can't look at now is none that it would send back.
    if (failed.length === 0) this.#broken = [];
  }

  /** Sees to it that a check which was cut short, by a kill or a power cut, has lost nothing. */
  async repair(): Promise<void> {
    await this.#window.run(() => this.#runner.markNewest());
  }

  /** csync2 says at `-v` what it marks; of a name with a newline this finds the first line. */
  #markedPaths(text: string): PathBytes[] {
    return [...text.matchAll(/^Marking file as dirty: (.*)$/gm)].flatMap((match) => {
      const path = realPathOf(Buffer.from(match[1] as string), this.#prefixes);
      return path ? [path] : [];
    });
  }
}
