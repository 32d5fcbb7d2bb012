import { setImmediate as othersTurn } from 'node:timers/promises';
import { isShortage } from '../proc/shortage.js';
import type { QueuePosition } from '../queue/cursor.js';
import type { Queue } from '../queue/queue.js';
import { counted } from '../text/counted.js';
import type { PathBytes } from '../text/path-bytes.js';
import type { Checker, CheckReport } from './check/checker.js';
import { DeferredPaths } from './check/deferred-paths.js';
import type { FailedPath } from './check/failed-path.js';
import { type PostponedPath, PostponedPaths } from './check/postponed-paths.js';
import { type Batch, batchSize, makeBatch, mergeBatches, onlyPath } from './common/batch.js';
import { statOf } from './common/stat-of.js';
import type { Timelines } from './common/timelines.js';
import { Waker } from './common/waker.js';
import type { DetectedLate } from './full-check/detected-late.js';
import {
  FullCheckDuty,
  type FullCheckDutyParts,
  type FullCheckEvents,
  type FullCheckTimes,
} from './full-check/full-check-duty.js';
import type { UnsupportedPaths } from './full-check/unsupported-paths.js';
import type { GuardedRoot, RootGuard } from './guard/root-guard.js';
import type { SweepTree } from './sweep/sweep-plan.js';
import { Backlog, type Portion } from './take/backlog.js';
import { Gathering, type Noticed } from './take/gathering.js';
import { portionsOf } from './take/portions.js';

/** The state of the scheduler, the one loop of the sync stage; see {@link schedulerStateText}. */
export type SchedulerState = 'idle' | 'gathering' | 'checking' | 'full-check' | 'stopped';

/** One phrase for each state. */
export const schedulerStateText: Readonly<Record<SchedulerState, string>> = {
  idle: 'waiting for changes',
  gathering: 'collecting changes',
  checking: 'checking changes, or waiting for an incoming session',
  'full-check': 'running a full check',
  stopped: 'stopped',
};

/** Times in seconds. */
export interface SchedulerOptions extends FullCheckTimes {
  readonly settle: number;
  readonly checkInterval: number;
  readonly batchedChangesThreshold: number;
}

/** What the scheduler joins, and what it tells. */
export interface SchedulerParts extends FullCheckDutyParts {
  readonly queue: FullCheckDutyParts['queue'] &
    Pick<Queue, 'append' | 'commit' | 'noteSetAside' | 'read' | 'written'>;
  readonly detectedLate: FullCheckDutyParts['detectedLate'] & Pick<DetectedLate, 'reported'>;
  readonly unsupported: FullCheckDutyParts['unsupported'] & Pick<UnsupportedPaths, 'add'>;
  readonly checker: Pick<Checker, 'check'>;
  readonly guard: Pick<RootGuard, 'forbids' | 'look' | 'whole'>;
  readonly tree: SweepTree;
  /**
   * Commands of csync2, and surveys before them: running ones, and those begun so far. They may
   * take any time.
   */
  readonly csync2: { readonly running: number; readonly started: number };
  readonly events: SchedulerEvents;
  /** Undefined: nobody wants to know where the time goes. */
  readonly timelines?: Timelines | undefined;
}

/**
 * The movement of a part. A part stands still if something waits for it at two looks and it has not
 * moved between them.
 */
export interface Movement {
  /** A number that grows with its work. */
  readonly moved: number;
  /** Something waits for it now that it should do by itself. */
  readonly waiting: boolean;
}

/** Told what happens, for log and status; nothing here may throw. */
export interface SchedulerEvents extends FullCheckEvents {
  onState?(state: SchedulerState): void;
  onChecked?(batch: Batch, report: CheckReport, seconds: number): void;
  onFailedPath?(failed: FailedPath, attempts: number): void;
  /** None of the paths that csync2 could not check has failed again. */
  onNoFailedPath?(): void;
  onRoot?(root: GuardedRoot): void;
  /**
   * Something failed because descriptors, memory or processes were short, and is tried again.
   * `onEnough` follows when nothing fails for that reason any more.
   */
  onShortage?(error: unknown): void;
  onEnough?(): void;
  onHeld?(paths: readonly PathBytes[]): void;
}

/**
 * The one loop of the sync stage: takes changes from the queue, asks for their checks, wakes the
 * lanes, and slips in the steps of a full check when one is due. One csync2 check at a time.
 */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #options: SchedulerOptions;
  readonly #waker = new Waker();
  readonly #deferred = new DeferredPaths();
  readonly #postponed: PostponedPaths;
  readonly #fullChecks: FullCheckDuty;
  #state: SchedulerState = 'idle';
  readonly #gathering: Gathering;
  readonly #backlog = new Backlog<QueuePosition>();
  #isRunning = false;
  #requeuedUpTo = 0;
  #rechecks = 0;
  /** Turns of the loop. */
  #turns = 0;
  /** The latest time of the next turn, while the loop sleeps; undefined while it works. */
  #dueAt: number | undefined;

  constructor(parts: SchedulerParts, options: SchedulerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#postponed = new PostponedPaths(options.serverWaitMax * 1000);
    this.#fullChecks = new FullCheckDuty(parts, options);
    this.#gathering = new Gathering({
      settle: options.settle * 1000,
      most: options.checkInterval * 1000,
    });
  }

  get state(): SchedulerState {
    return this.#state;
  }

  /**
   * Paths that csync2 could not check and that are tried again later: how many, and the first of
   * them.
   */
  get deferred(): { readonly count: number; readonly first: readonly FailedPath[] } {
    return this.#deferred.failing(deferredShown);
  }

  /** See {@link FullCheckDuty.tries}. */
  get fullCheckTries(): FullCheckDuty['tries'] {
    return this.#fullChecks.tries;
  }

  /** Every path that is no longer in the queue and will be in it again, and why. */
  *setAside(): Generator<{ readonly path: PathBytes; readonly failed: FailedPath | undefined }> {
    for (const failed of this.#deferred.list()) yield { path: failed.path, failed };
    for (const { path } of this.#postponed.list()) yield { path, failed: undefined };
  }

  /** What had been set aside is in the queue again, up to the record of this number. */
  get requeuedUpTo(): number {
    return this.#requeuedUpTo;
  }

  /** How often {@link recheck} has been called. */
  get rechecks(): number {
    return this.#rechecks;
  }

  /** Asks for another check of a file that csync2 has taken for deleted, as a lane has found. */
  recheck(path: PathBytes): void {
    this.#rechecks++;
    this.#parts.queue.append([{ kind: 'file', path }]);
    this.wake();
  }

  /**
   * The queue has got something, or a full check is due. Only `trace` if all that came is csync2's
   * own doing.
   */
  wake(what: Noticed = 'change'): void {
    if (this.#parts.queue.depth > 0) this.#gathering.note(what, Date.now());
    this.#wake();
  }

  /** A root may be back: a full check that waits for one is tried at once. */
  retryFullCheck(): void {
    this.#fullChecks.retry();
    this.#wake();
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    this.#requeueDue();
    if (!this.#parts.guard.whole) this.#parts.guard.look();
    this.#fullChecks.judgeDetectedLate(Date.now());
    if (this.#isGathered() || !this.#backlog.isEmpty) await this.#checkChanges(signal);
    else if (this.#gathering.until === undefined && this.#fullChecks.isDue(Date.now())) {
      // To see whether the queue can be written, that changes were dropped may have been written.
      if (this.#parts.queue.depth > 0) this.#gathering.note('change', Date.now());
      this.#become('full-check');
      await this.#fullChecks.step(signal);
    } else await this.#sleep();
  }

  /**
   * Works until the signal. A running csync2 command may end. Deferred paths go back into the
   * queue.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#wake();
    signal.addEventListener('abort', stop, { once: true });
    const { queue } = this.#parts;
    if (queue.depth > 0) this.#gathering.note('change', Date.now());
    this.#isRunning = true;
    while (!signal.aborted) {
      this.#turns++;
      // Some turns find much to look for and nothing to wait for: timers, sockets and the end of
      // commands come in between.
      await othersTurn();
      try {
        await this.#takeTurn(signal);
        this.#parts.events.onEnough?.();
      } catch (error) {
        // The run ended in the middle of a look at files, whose entries are still in the queue, or
        // a full check is due.
        if (signal.aborted && (error as Error).name === 'AbortError') break;
        if (!isShortage(error)) throw error;
        // The cut into portions may not go on from where it was.
        this.#parts.queue.requireFullCheck('descriptors, memory or processes were short');
        this.#fullChecks.close();
        this.#parts.events.onShortage?.(error);
        await new Promise((resolve) => setTimeout(resolve, shortageMilliseconds));
      }
    }
    this.#requeue(this.#deferred.list(), this.#postponed.takeDue(Number.POSITIVE_INFINITY));
    queue.noteSetAside(false);
    this.#fullChecks.close();
    this.#backlog.clear();
    this.#isRunning = false;
    this.#become('stopped');
  }

  /** Whether it moves: what waits at two looks, with nothing moved between them, stands still. */
  movement(): Movement {
    const { csync2 } = this.#parts;
    const isOverdue = this.#dueAt === undefined ? csync2.running === 0 : this.#dueAt < Date.now();
    return { moved: this.#turns + csync2.started, waiting: this.#isRunning && isOverdue };
  }

  #isGathered(): boolean {
    if (this.#parts.queue.depth === 0) this.#gathering.clear();
    return Date.now() >= (this.#gathering.until ?? Number.POSITIVE_INFINITY);
  }

  /**
   * Takes new entries from the queue, beside the rest of earlier ones, and checks the next portion.
   */
  async #checkChanges(signal: AbortSignal): Promise<void> {
    if (this.#isGathered()) this.#take();
    const { next } = this.#backlog;
    // Ended half-way: the cursor stays, and the next start reads the batch again.
    if (next && !(await this.#check(next, signal))) return;
    const end = this.#backlog.done();
    if (end) this.#commit(end);
  }

  #commit(end: QueuePosition): void {
    const { events, queue } = this.#parts;
    queue.commit(end);
    // Paths that are tried again are behind it now.
    if (end.sequence >= this.#requeuedUpTo && this.#deferred.settle()) events.onNoFailedPath?.();
  }

  #take(): void {
    const { queue, detectedLate, timelines, tree } = this.#parts;
    const { batchedChangesThreshold: threshold } = this.#options;
    this.#gathering.clear();
    const read = queue.read({ records: threshold, bytes: batchBytes, after: this.#backlog.end });
    if (!read) return;
    const { end, entries, oldestAt, full } = read;
    const fresh = makeBatch(entries);
    detectedLate.reported(fresh);
    const left = this.#backlog.recall();
    const batch = mergeBatches([...(left?.batches ?? []), fresh]);
    timelines?.taken(end.sequence, this.#backlog.isEmpty ? onlyPath(batch) : undefined);
    const changedAt = Math.min(oldestAt, left?.changedAt ?? oldestAt);
    if (batchSize(batch) + this.#backlog.size >= threshold) {
      queue.requireFullCheck(`more than ${counted(threshold - 1, 'change')} at once`);
      this.#backlog.clear();
      this.#commit(end);
    } else {
      const portions = portionsOf(batch, tree, filesPerPortion, !this.#backlog.isEmpty, isLink);
      this.#backlog.take({ batch, portions, changedAt, end });
    }
    // There is more: it has waited already.
    if (full) this.#gathering.note('change', Date.now());
  }

  /** @returns whether the portion is done; it is not if the check ended half-way */
  async #check({ batch: whole }: Portion, signal: AbortSignal): Promise<boolean> {
    const { lanes, events, timelines } = this.#parts;
    const batch = this.#withoutHeld(whole);
    if (batch.leftOut) this.#parts.unsupported.add(batch.leftOut);
    if (batchSize(batch) + batch.covered.length === 0) return true;
    this.#become('checking');
    const started = performance.now();
    const waits = !this.#postponed.isOverdue(Date.now());
    const report = await this.#parts.checker.check(batch, { waits, signal });
    if (signal.aborted && report.failed.length > 0) return false;
    this.#hold(report.held);
    this.#defer(report.failed);
    this.#postponed.set(report.postponed, Date.now());
    // This comes before the cursor passes the paths, so that a kill does not lose them.
    this.#noteAside();
    this.#gathering.checked(Date.now());
    events.onChecked?.(batch, report, (performance.now() - started) / 1000);
    timelines?.checked(report.checked > report.failed.length);
    // What was received may have ended that something is pending.
    if (report.checked + report.skipped > report.failed.length)
      for (const lane of lanes) lane.wake();
    return true;
  }

  /**
   * The batch without paths at or below a missing place. The checker leaves such a place out of the
   * trees above it.
   */
  #withoutHeld(batch: Batch): Batch {
    const { guard } = this.#parts;
    guard.look();
    if (guard.whole) return batch;
    const isHeld = (path: PathBytes) => guard.forbids(path, false);
    this.#hold([...batch.files, ...batch.trees].filter(isHeld));
    const [files, trees, covered] = [batch.files, batch.trees, batch.covered].map((paths) =>
      paths.filter((path) => !isHeld(path)),
    ) as [PathBytes[], PathBytes[], PathBytes[]];
    return { ...batch, files, trees, covered };
  }

  #hold(held: readonly PathBytes[]): void {
    if (held.length === 0) return;
    this.#parts.queue.requireFullCheck('changes below a root that is not there');
    this.#parts.events.onHeld?.(held);
  }

  #defer(failed: readonly FailedPath[]): void {
    const { events, queue } = this.#parts;
    for (const path of failed) {
      const attempts = this.#deferred.add(path, Date.now());
      if (attempts === undefined)
        queue.requireFullCheck(
          'more paths could not be checked than can be tried again one by one',
        );
      else events.onFailedPath?.(path, attempts);
    }
  }

  /** Puts paths whose time has come back into the queue. */
  #requeueDue(): void {
    const now = Date.now();
    const deferred = this.#deferred.takeDue(now);
    const postponed = this.#postponed.takeDue(now);
    if (deferred.length + postponed.length === 0) return;
    this.#requeue(deferred, postponed);
    this.#noteAside();
    this.wake();
  }

  #noteAside(): void {
    this.#parts.queue.noteSetAside(this.#deferred.count > 0 || this.#postponed.isHolding);
  }

  #requeue(deferred: readonly PostponedPath[], postponed: readonly PostponedPath[]): void {
    this.#parts.queue.append(
      [...deferred, ...postponed].map((each) => ({ kind: kindOf(each), path: each.path })),
    );
    this.#requeuedUpTo = this.#parts.queue.written;
  }

  async #sleep(): Promise<void> {
    const gatherUntil = this.#gathering.until;
    this.#become(gatherUntil === undefined ? 'idle' : 'gathering');
    this.#dueAt = Math.min(
      this.#deferred.dueAt,
      this.#postponed.dueAt,
      this.#fullChecks.dueAt,
      gatherUntil ?? Number.POSITIVE_INFINITY,
      this.#parts.guard.whole ? Number.POSITIVE_INFINITY : Date.now() + rootProbeMilliseconds,
    );
    await this.#waker.sleep(this.#dueAt - Date.now());
    this.#dueAt = undefined;
  }

  #wake(): void {
    if (this.#dueAt !== undefined) this.#dueAt = Math.min(this.#dueAt, Date.now());
    this.#waker.wake();
  }

  #become(state: SchedulerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#parts.events.onState?.(state);
  }
}

/**
 * A file that csync2 has just sent or received, and that is looked at for its times alone, is not
 * in doubt because it has waited.
 */
function kindOf({ isTrusted = false, recursive }: PostponedPath) {
  if (recursive) return isTrusted ? 'recheck' : 'tree';
  return isTrusted ? 'touch' : 'file';
}

const batchBytes = 8 * 1024 * 1024;
const deferredShown = 100;
/** csync2 looks at some 7,000 new files a second. */
const filesPerPortion = 1000;
/** How often a root that is not there is looked for. */
const rootProbeMilliseconds = 1000;

function isLink(path: PathBytes): boolean {
  return statOf(path)?.isSymbolicLink() ?? false;
}

const shortageMilliseconds = 500;
