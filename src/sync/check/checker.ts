import { type PathCheck, ProgramCheck } from '../../csync2/check/path-check.js';
import type { Ledger } from '../../csync2/database/ledger.js';
import { removePending } from '../../csync2/database/pending-writes.js';
import { encodeName, namesOf, type PathPrefix } from '../../csync2/files/name-encoding.js';
import type { Runner } from '../../csync2/run/runner.js';
import type { BrokenSession } from '../../csync2/server-log/session-log.js';
import { receivedFiles } from '../../csync2/sessions/half-received.js';
import type { PathBytes } from '../../text/path-bytes.js';
import type { Batch } from '../common/batch.js';
import { lookAt, statOf } from '../common/stat-of.js';
import type { Timelines } from '../common/timelines.js';
import type { CheckJournal, Checkpoint } from '../database/check-journal.js';
import { type DatabaseWindow, whenNotBusy } from '../database/database-window.js';
import { stampOf } from '../memory/file-stamp.js';
import type { NoteHistory } from '../memory/note-history.js';
import { sweepTree } from '../sweep/sweep-tree.js';
import { type CheckPlan, CheckPlanner, type CheckPlannerParts } from './check-planner.js';
import { CheckRunner, type RunReport } from './check-runner.js';
import { Clearance, type ClearanceParts } from './clearance.js';
import type { FailedPath, NoteFailure } from './failed-path.js';
import { MistakenDeletions } from './mistaken-deletions.js';
import type { PostponedPath } from './postponed-paths.js';
import type { TornChecks } from './torn/torn-checks.js';

/** The result of {@link Checker.check} for one batch. */
export interface CheckReport {
  /** Paths given to csync2. */
  readonly checked: number;
  /**
   * Paths that needed no check: gone and never known to csync2, such as its own temporary files.
   */
  readonly skipped: number;
  /**
   * Paths that csync2 could not check, or that can't be looked at, with the reason. They are still
   * to be done.
   */
  readonly failed: readonly FailedPath[];
  /** Paths that lie at or below a place that is not there. */
  readonly held: readonly PathBytes[];
  /** Paths that an open session is just writing: to be looked at again when it has ended. */
  readonly postponed: readonly PostponedPath[];
  /** Of these, the files whose sender may have died in the middle of them. */
  readonly halfReceived: readonly PathBytes[];
  /** Sockets, which csync2 can't transfer and would keep dirty for ever. */
  readonly sockets: readonly PathBytes[];
}

/** How a batch is checked. */
export interface CheckOptions {
  /**
   * Whether files that are being received may be postponed; if not, they are checked as they are.
   */
  readonly waits: boolean;
  readonly signal: AbortSignal;
}

/** How a part of a full check is made. */
export interface SweepOptions {
  readonly recursive: boolean;
  /**
   * Since when files may have changed in a way that csync2 overlooks and that no event has
   * reported; milliseconds since 1970.
   */
  readonly unseenSince: number;
  readonly signal: AbortSignal;
}

/** What a part of a full check came to. */
export interface SweepReport extends RunReport {
  /** Files that csync2 found changed. */
  readonly marked: readonly PathBytes[];
  /**
   * Number of files that may have other content although csync2 sees no change: they are compared
   * with the peers.
   */
  readonly doubted: number;
}

/** What the checker works with. */
export interface CheckerParts extends CheckPlannerParts {
  readonly ledger: Ledger | undefined;
  readonly runner: Runner;
  /** Undefined: by the csync2 program. */
  readonly check?: PathCheck;
  readonly journal: CheckJournal;
  readonly window: DatabaseWindow;
  readonly torn: TornChecks;
  readonly prefixes: readonly PathPrefix[];
  readonly notes: NoteHistory;
  /** Undefined: no place is held. */
  readonly guard?: ClearanceParts['guard'];
  /** Called with the paths that csync2 had taken for deleted by mistake. */
  readonly onRestored?: (paths: readonly PathBytes[]) => void;
  readonly survey: ClearanceParts['survey'];
  /** Undefined: nobody wants to know where the time goes. */
  readonly timelines?: Timelines | undefined;
  /** Sessions of the server that have been broken off since the last call. */
  readonly takeBroken: () => readonly BrokenSession[];
  /** Paths that sessions have left empty since the last call; see {@link Activity.takeEmptied}. */
  readonly takeEmptied: () => readonly PathBytes[];
}

/** Stage 1: makes csync2 look at changed paths, so that it marks them dirty for the peers. */
export class Checker {
  readonly #parts: CheckerParts;
  readonly #window: DatabaseWindow;
  readonly #journal: CheckJournal;
  readonly #torn: TornChecks;
  readonly #planner: CheckPlanner;
  readonly #runner: CheckRunner;
  #broken: readonly BrokenSession[] = [];
  #emptied: readonly PathBytes[] = [];

  constructor(parts: CheckerParts) {
    this.#parts = parts;
    this.#window = parts.window;
    this.#journal = parts.journal;
    this.#torn = parts.torn;
    this.#planner = new CheckPlanner(parts);
    const { guard, ledger, onRestored, prefixes, runner } = parts;
    const { check = new ProgramCheck(runner, prefixes) } = parts;
    const clearance = new Clearance({
      guard,
      tree: sweepTree(ledger?.tree, () => true),
      survey: parts.survey,
    });
    const mistakes = new MistakenDeletions({ ledger, prefixes, guard, onRestored });
    this.#runner = new CheckRunner({ ...parts, check, clearance, mistakes });
  }

  /**
   * Checks a batch while the csync2 server is quiet, or beside its sessions if they go on. Every
   * path is either done, or among `failed` or `postponed`.
   */
  check(batch: Batch, options: CheckOptions): Promise<CheckReport> {
    return this.#window.run(() => this.#check(batch, options), options.signal);
  }

  async #check(batch: Batch, { waits, signal }: CheckOptions): Promise<CheckReport> {
    this.#parts.timelines?.mark('window');
    const failure = await this.#noteReceived(signal);
    if (failure?.isForAll) return { ...nothingDone, failed: failedOf(batch, failure) };
    const plan = await this.#planner.plan(batch, waits, signal);
    const { trees, files, overlooked } = plan;
    const reports = [
      // Trees first: a new directory must be known before what is in it is pushed.
      await this.#runner.run(trees, { mode: '-c', recursive: true, signal }),
      await this.#runner.run(files, { mode: '-c', recursive: false, isLookedAt: true, signal }),
      await this.#runner.run(overlooked, { mode: '-m', recursive: false, signal }),
    ];
    const failed = plan.unreadable.concat(...reports.map((report) => report.failed));
    const held = reports.flatMap((report) => report.held);
    this.#remember(plan, { failed, held });
    for (const file of plan.linked) this.#parts.links?.changed(file);
    const { skipped, postponed, halfReceived, sockets } = plan;
    const checked = trees.length + files.length + overlooked.length - held.length;
    return { checked, skipped, postponed, halfReceived, failed, held, sockets };
  }

  /**
   * Checks paths at idle priority, as a part of a full check, and tells what csync2 found changed.
   * Call it in a database window.
   */
  async sweep(paths: readonly PathBytes[], options: SweepOptions): Promise<SweepReport> {
    const { recursive, signal } = options;
    const failure = await this.#noteReceived(signal);
    if (failure?.isForAll) {
      const failed = failedOf(
        recursive ? { files: [], trees: paths } : { files: paths, trees: [] },
        failure,
      );
      return { failed, held: [], marked: [], doubted: 0 };
    }
    const plan = await this.#planner.planSweep(paths, options);
    const marked: PathBytes[] = [];
    const onMarked = (found: readonly PathBytes[]) => {
      for (const path of found) marked.push(path);
    };
    const how = { mode: '-c', recursive, idle: true, signal, onMarked } as const;
    const { failed, held } = await this.#runner.run(paths, how);
    const unmarked = await this.#runner.run(plan.overlooked, {
      mode: '-m',
      recursive: false,
      signal,
    });
    const report = { failed: failed.concat(unmarked.failed), held: held.concat(unmarked.held) };
    this.#remember(plan, report);
    return { ...report, marked, doubted: plan.overlooked.length };
  }

  #remember(plan: CheckPlan, { failed, held }: RunReport): void {
    const { ledger, notes } = this.#parts;
    this.#planner.remember(plan, held.concat(failed.map(({ path }) => path)));
    // Later notes that are not ours come from sessions.
    if (ledger) notes.sample(ledger.notes.lastRow(), Date.now());
  }

  /**
   * Marks once more the paths that checks have marked since a checkpoint, and releases it. An
   * update during that time may have removed these marks along with those of the files that it has
   * sent.
   *
   * @returns the number of paths; undefined if csync2 could not mark them: they are still unmarked
   */
  async markAgain(checkpoint: Checkpoint): Promise<number | undefined> {
    return await this.#window.run(async () => {
      await this.#runner.markUnmarked();
      const lost = this.#journal.markedSince(checkpoint);
      this.#torn.add(lost);
      this.#journal.release(checkpoint);
      // If these marks were in the journal, two lanes would make each other mark for ever.
      const isMarked = await this.#runner.markUnmarked(false);
      return isMarked ? lost.files.length + lost.trees.length : undefined;
    });
  }

  /**
   * Has csync2 take note of files as they are, there or not, with nothing pending for any peer.
   *
   * @returns whether it has
   */
  async takeAsTheyAre(files: readonly PathBytes[]): Promise<boolean> {
    return await this.#window.run(async () => (await this.#runner.note(files)) === undefined);
  }

  /** Whether paths that a cut-off check may have torn must still be marked. */
  get isMarking(): boolean {
    const { files, trees } = this.#torn.unmarked;
    return files.length + trees.length > 0;
  }

  /** Takes the marks of files off, where csync2's database is ours to write. */
  async unmark(files: readonly PathBytes[]): Promise<void> {
    const { ledger, prefixes } = this.#parts;
    if (!ledger) return;
    const names = files.flatMap((path) => namesOf(path, prefixes).map(encodeName));
    await this.#window.run(() => whenNotBusy(() => removePending(ledger, names)));
  }

  /** Marks files, whatever csync2 knows of them. */
  async mark(files: readonly PathBytes[]): Promise<void> {
    await this.#window.run(async () => {
      this.#torn.add({ files, trees: [] });
      await this.#runner.markUnmarked();
    });
  }

  /** Sees to it that a check which was cut short, by a kill or a power cut, has lost nothing. */
  async repair(): Promise<void> {
    await this.#window.run(async () => {
      this.#torn.recover();
      await this.#runner.markUnmarked();
    });
  }

  /**
   * Makes csync2 note the files that broken-off sessions have written, see {@link receivedFiles},
   * and the files that sessions have removed for others that have not come, which their peers send
   * again. This happens before csync2 looks at anything. Until it has succeeded, csync2 must not
   * look at these files, because it would take them for local changes. A session must not look at
   * them either, as each one does with a file that it will receive: if the database can't be
   * written, our window holds up the sessions for a while.
   */
  async #noteReceived(signal: AbortSignal): Promise<NoteFailure | undefined> {
    const { ledger, memory, prefixes, takeBroken, takeEmptied } = this.#parts;
    this.#broken = [...this.#broken, ...takeBroken()];
    this.#emptied = [...this.#emptied, ...takeEmptied()];
    if (this.#broken.length + this.#emptied.length === 0) return undefined;
    const received = receivedFiles(this.#broken, prefixes, statOf);
    const isGone = (path: PathBytes) =>
      lookAt(path).kind === 'absent' && (ledger?.tree.knows(path) ?? true);
    const paths = [...received.map(({ path }) => path), ...this.#emptied.filter(isGone)];
    const begun = performance.now();
    let failure = await this.#runner.note(paths);
    while (failure?.isForAll && !signal.aborted && performance.now() - begun < noteMilliseconds) {
      await new Promise((resolve) => setTimeout(resolve, noteAgainMilliseconds));
      failure = await this.#runner.note(paths);
    }
    if (failure) return failure;
    for (const { path, stat } of received) memory.remember(path, stampOf(stat));
    this.#broken = [];
    this.#emptied = [];
    return undefined;
  }
}

/** A full disk has room again after a moment, or after long. */
const noteMilliseconds = 10_000;
const noteAgainMilliseconds = 100;
const nothingDone: CheckReport = {
  ...{ checked: 0, skipped: 0, failed: [], held: [], postponed: [], halfReceived: [], sockets: [] },
};

function failedOf(
  { files, trees }: Pick<Batch, 'files' | 'trees'>,
  failure: NoteFailure,
): FailedPath[] {
  const failed = (recursive: boolean) => (path: PathBytes) => ({ path, recursive, ...failure });
  return [...trees.map(failed(true)), ...files.map(failed(false))];
}
