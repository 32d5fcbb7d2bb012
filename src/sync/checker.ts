import { receivedFiles } from '../csync2/half-received.js';
import type { PathPrefix } from '../csync2/name-encoding.js';
import type { Runner } from '../csync2/runner.js';
import type { BrokenSession } from '../csync2/server-log/session-log.js';
import type { PathBytes } from '../path-bytes.js';
import type { Batch } from './batch.js';
import type { CheckJournal, Mark } from './check-journal.js';
import { CheckPlanner, type CheckPlannerParts } from './check-planner.js';
import { CheckRunner, type FailedPath } from './check-runner.js';
import type { DatabaseWindow } from './database-window.js';
import { stampOf } from './file-stamp.js';
import type { NoteHistory } from './note-history.js';
import type { PostponedPath } from './postponed-paths.js';
import { statOf } from './stat-of.js';
import type { TornChecks } from './torn-checks.js';

/** What a check of a batch came to. */
export interface CheckReport {
  /** Paths given to csync2. */
  readonly checked: number;
  /** Paths that needed no check: gone and never known to csync2, such as its own temporary files. */
  readonly skipped: number;
  /** Paths that csync2 could not check, with the reason. They are still to be done. */
  readonly failed: readonly FailedPath[];
  /** Paths that an open session is just writing: to be looked at again when it has ended. */
  readonly postponed: readonly PostponedPath[];
  /** Of these, the files whose sender may have died in the middle of them. */
  readonly halfReceived: readonly PathBytes[];
  /** Sockets, which csync2 can't transfer and would keep dirty for ever. */
  readonly sockets: readonly PathBytes[];
}

/** How a batch is checked. */
export interface CheckOptions {
  /** Whether files that are being received may be postponed; if not, they are checked as they are. */
  readonly waits: boolean;
  readonly signal: AbortSignal;
}

/** How a part of a full check is made. */
export interface SweepOptions {
  readonly recursive: boolean;
  /** Since when files may have changed in a way that csync2 overlooks and nobody has told of; milliseconds since 1970. */
  readonly unseenSince: number;
  readonly signal: AbortSignal;
}

/** What a part of a full check came to. */
export interface SweepReport {
  readonly failed: readonly FailedPath[];
  /** Files that csync2 found changed. */
  readonly marked: readonly PathBytes[];
  /** Number of files that may have other content although csync2 sees no change: they are compared with the peers. */
  readonly doubted: number;
}

/** What the checker works with. */
export interface CheckerParts extends CheckPlannerParts {
  readonly runner: Runner;
  readonly journal: CheckJournal;
  readonly window: DatabaseWindow;
  readonly torn: TornChecks;
  readonly prefixes: readonly PathPrefix[];
  readonly notes: NoteHistory;
  /** Sessions of the server that have been broken off since the last call. */
  readonly takeBroken: () => readonly BrokenSession[];
}

/** Stage 1: has csync2 look at changed paths, so that it marks them dirty for the peers. */
export class Checker {
  readonly #parts: CheckerParts;
  readonly #window: DatabaseWindow;
  readonly #journal: CheckJournal;
  readonly #torn: TornChecks;
  readonly #planner: CheckPlanner;
  readonly #runner: CheckRunner;
  #broken: readonly BrokenSession[] = [];

  constructor(parts: CheckerParts) {
    this.#parts = parts;
    this.#window = parts.window;
    this.#journal = parts.journal;
    this.#torn = parts.torn;
    this.#planner = new CheckPlanner(parts);
    this.#runner = new CheckRunner(parts);
  }

  /**
   * Checks a batch while the csync2 server is quiet, or beside its sessions if they go on. Every path is either done,
   * or among `failed` or `postponed`.
   */
  check(batch: Batch, options: CheckOptions): Promise<CheckReport> {
    return this.#window.run(() => this.#check(batch, options), options.signal);
  }

  async #check(batch: Batch, { waits, signal }: CheckOptions): Promise<CheckReport> {
    await this.#noteReceived();
    const plan = await this.#planner.plan(batch, waits, signal);
    const { trees, files, overlooked } = plan;
    const failed = [
      // Trees first: a new directory must be known before what is in it is pushed.
      ...(await this.#runner.run(trees, { mode: '-c', recursive: true, signal })),
      ...(await this.#runner.run(files, { mode: '-c', recursive: false, signal })),
      ...(await this.#runner.run(overlooked, { mode: '-m', recursive: false, signal })),
    ];
    this.#planner.remember(plan, failed);
    this.#sampleNotes();
    const { skipped, postponed, halfReceived, sockets } = plan;
    const checked = trees.length + files.length + overlooked.length;
    return { checked, skipped, postponed, halfReceived, failed, sockets };
  }

  /**
   * Checks paths at idle priority, as a part of a full check, and tells what csync2 found changed. Call it in a
   * database window.
   */
  async sweep(paths: readonly PathBytes[], options: SweepOptions): Promise<SweepReport> {
    const { recursive, signal } = options;
    await this.#noteReceived();
    const plan = await this.#planner.planSweep(paths, options);
    const marked: PathBytes[] = [];
    const onMarked = (found: readonly PathBytes[]) => {
      for (const path of found) marked.push(path);
    };
    const how = { mode: '-c', recursive, idle: true, signal, onMarked } as const;
    const failed = await this.#runner.run(paths, how);
    const unmarked = await this.#runner.run(plan.overlooked, { mode: '-m', recursive: false, signal });
    for (const path of unmarked) failed.push(path);
    this.#planner.remember(plan, failed);
    this.#sampleNotes();
    return { failed, marked, doubted: plan.overlooked.length };
  }

  /** What is noted from here on, and not by us, a session has noted. */
  #sampleNotes(): void {
    const { ledger, notes } = this.#parts;
    if (ledger) notes.sample(ledger.lastRow(), Date.now());
  }

  /**
   * Marks once more what checks have marked since a moment, and releases it: an update that ran since then may have taken
   * these marks off with those that it has sent.
   *
   * @returns how many paths; undefined if csync2 could not mark them: they are still owed
   */
  async markAgain(mark: Mark): Promise<number | undefined> {
    return await this.#window.run(async () => {
      await this.#runner.markOwed();
      const lost = this.#journal.markedSince(mark);
      this.#torn.owe(lost);
      this.#journal.release(mark);
      // Were these marks in the journal, two lanes would have each other mark for ever.
      const isMarked = await this.#runner.markOwed(false);
      return isMarked ? lost.files.length + lost.trees.length : undefined;
    });
  }

  /** Sees to it that a check which was cut short, by a kill or a power cut, has lost nothing. */
  async repair(): Promise<void> {
    await this.#window.run(async () => {
      this.#torn.recover();
      await this.#runner.markOwed();
    });
  }

  /** Before csync2 looks at anything, it takes note of what broken-off sessions have written; see {@link receivedFiles}. */
  async #noteReceived(): Promise<void> {
    const { memory, prefixes, takeBroken } = this.#parts;
    this.#broken = [...this.#broken, ...takeBroken()];
    if (this.#broken.length === 0) return;
    const received = receivedFiles(this.#broken, prefixes, statOf);
    if (!(await this.#runner.note(received.map(({ path }) => path)))) return;
    for (const { path, stat } of received) memory.remember(path, stampOf(stat));
    this.#broken = [];
  }
}
