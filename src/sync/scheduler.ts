import type { PathBytes, PathKey } from '../path-bytes.js';
import type { QueueBatch } from '../queue/options.js';
import type { Queue } from '../queue/queue.js';
import { backoffSeconds } from './backoff.js';
import { type Batch, batchSize, makeBatch } from './batch.js';
import type { FailedPath } from './check-runner.js';
import type { Checker, CheckReport } from './checker.js';
import { DeferredPaths } from './deferred-paths.js';
import type { FullCheck, FullCheckReport } from './full-check.js';
import { gatherUntil } from './gather.js';
import type { Lane } from './lane.js';
import { type PostponedPath, PostponedPaths } from './postponed-paths.js';
import type { GuardedRoot, RootGuard } from './root-guard.js';
import { Waker } from './waker.js';
import type { WatcherMisses } from './watcher-misses.js';

/** What the scheduler is doing; see {@link schedulerStateText}. */
export type SchedulerState = 'idle' | 'gathering' | 'checking' | 'full-check' | 'stopped';

/** One phrase for each state. */
export const schedulerStateText: Readonly<Record<SchedulerState, string>> = {
  idle: 'waiting for changes',
  gathering: 'gathering changes',
  checking: 'csync2 is checking changes, or waits for a session of its server to end',
  'full-check': 'a full check is going on',
  stopped: 'stopped',
};

/** Times in seconds. */
export interface SchedulerOptions {
  readonly settle: number;
  readonly checkInterval: number;
  readonly fullSyncInterval: number;
  readonly serverWaitMax: number;
  readonly batchedChangesThreshold: number;
}

/** What the scheduler joins, and what it tells. */
export interface SchedulerParts {
  readonly queue: Queue;
  readonly checker: Checker;
  readonly guard: RootGuard;
  readonly lanes: readonly Lane[];
  readonly beginFullCheck: () => FullCheck;
  readonly misses: WatcherMisses;
  /** Commands of csync2 under way, and begun so far. A command may take as long as it likes. */
  readonly csync2: { readonly running: number; readonly started: number };
  readonly events: SchedulerEvents;
}

/** If something waits for a part at two looks and it has not moved between them, it stands still. */
export interface Movement {
  /** A number that grows with its work. */
  readonly moved: number;
  /** Something waits for it now that it should do by itself. */
  readonly waiting: boolean;
}

/** Told what happens, for log and status; nothing here may throw. */
export interface SchedulerEvents {
  onState?(state: SchedulerState): void;
  onChecked?(batch: Batch, report: CheckReport, seconds: number): void;
  onFailedPath?(failed: FailedPath, attempts: number): void;
  /** None of the paths that csync2 could not check has failed again. */
  onNoFailedPath?(): void;
  onRoot?(root: GuardedRoot): void;
  onHeld?(paths: readonly PathBytes[]): void;
  onFullCheckBegun?(reason: string): void;
  onFullCheckEnded?(report: FullCheckReport, reason: string): void;
  onMissed?(paths: readonly PathKey[]): void;
}

/**
 * Decides what happens when: takes changes from the queue, has them checked, wakes the lanes, and slips in the steps of a full check when one is owed. One csync2 check at a time.
 */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #options: SchedulerOptions;
  readonly #waker = new Waker();
  readonly #deferred = new DeferredPaths();
  readonly #postponed: PostponedPaths;
  #state: SchedulerState = 'idle';
  #firstAt: number | undefined;
  #lastAt = 0;
  #checkedAt = 0;
  #fullCheck: { readonly check: FullCheck; readonly ticket: number; readonly reason: string } | undefined;
  #fullCheckNotBefore = 0;
  #judgeAt: { readonly found: readonly PathKey[]; readonly at: number } | undefined;
  #fullCheckFailures = 0;
  /** Since when the server has held the full check up. */
  #busySince: number | undefined;
  #nextInterval: number;
  #isRunning = false;
  /** Turns of the loop. */
  #turns = 0;
  /** When it turns at the latest, while it sleeps; undefined while it works. */
  #dueAt: number | undefined;

  constructor(parts: SchedulerParts, options: SchedulerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#postponed = new PostponedPaths(options.serverWaitMax * 1000);
    this.#nextInterval = this.#intervalFrom(Date.now());
  }

  get state(): SchedulerState {
    return this.#state;
  }

  /** Paths that csync2 could not check and that are tried again later. */
  get deferred(): readonly FailedPath[] {
    return this.#deferred.list();
  }

  /** The queue has got something, or a full check is owed. */
  wake(): void {
    const now = Date.now();
    if (this.#parts.queue.depth > 0) this.#firstAt ??= now;
    this.#lastAt = now;
    this.#wake();
  }

  /** A root may be back: a full check that waits for one is tried at once. */
  retryFullCheck(): void {
    this.#fullCheckNotBefore = 0;
    this.#wake();
  }

  /** Works until the signal; a running csync2 command is left to end. Deferred paths go back into the queue. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#wake();
    signal.addEventListener('abort', stop, { once: true });
    const { queue } = this.#parts;
    if (queue.depth > 0) this.#firstAt ??= Date.now();
    this.#isRunning = true;
    while (!signal.aborted) {
      this.#turns++;
      this.#requeueDue();
      if (!this.#parts.guard.whole) this.#parts.guard.look();
      this.#judgeMisses();
      if (this.#isGathered()) await this.#checkChanges(signal);
      else if (this.#firstAt === undefined && this.#isFullCheckDue()) await this.#stepFullCheck(signal);
      else await this.#sleep();
    }
    this.#requeue(this.#deferred.list(), this.#postponed.takeDue(Number.POSITIVE_INFINITY));
    queue.setAside(false);
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
    if (this.#firstAt === undefined) return false;
    if (this.#parts.queue.depth === 0) {
      this.#firstAt = undefined;
      return false;
    }
    return Date.now() >= this.#gatherUntil(this.#firstAt);
  }

  #gatherUntil(firstAt: number): number {
    const { settle, checkInterval } = this.#options;
    const waiting = { firstAt, lastAt: this.#lastAt, checkedAt: this.#checkedAt };
    return gatherUntil(waiting, { settle: settle * 1000, most: checkInterval * 1000 });
  }

  async #checkChanges(signal: AbortSignal): Promise<void> {
    const { queue } = this.#parts;
    const read = queue.read({ records: this.#options.batchedChangesThreshold, bytes: batchBytes });
    this.#firstAt = undefined;
    if (!read) return;
    await this.#checkBatch(read, signal);
    if (signal.aborted && queue.depth > 0) return;
    // What came while csync2 ran has waited already: its window began with the run.
    if (queue.depth > 0) this.#firstAt ??= this.#lastAt;
  }

  async #checkBatch(read: QueueBatch, signal: AbortSignal): Promise<void> {
    const { queue, lanes, events } = this.#parts;
    const whole = makeBatch(read.entries);
    this.#parts.misses.reported(whole);
    if (batchSize(whole) >= this.#options.batchedChangesThreshold) {
      queue.owe(`more than ${this.#options.batchedChangesThreshold - 1} changes at once`);
      queue.commit(read.end);
      return;
    }
    const batch = this.#withoutHeld(whole);
    if (batchSize(batch) > 0) {
      this.#become('checking');
      const started = performance.now();
      const waits = !this.#postponed.isOverdue(Date.now());
      const report = await this.#parts.checker.check(batch, { changedAt: read.oldestAt, waits, signal });
      // Ended half-way: the cursor stays, and the next start reads the batch again.
      if (signal.aborted && report.failed.length > 0) return;
      this.#defer(report.failed);
      this.#postponed.set(report.postponed, Date.now());
      // Before the cursor passes them: should we be killed, somebody must know that they were here.
      this.#noteAside();
      this.#checkedAt = Date.now();
      events.onChecked?.(batch, report, (performance.now() - started) / 1000);
      if (report.checked > report.failed.length) for (const lane of lanes) lane.wake();
    }
    queue.commit(read.end);
  }

  #withoutHeld(batch: Batch): Batch {
    const { guard, queue, events } = this.#parts;
    guard.look();
    if (guard.whole) return batch;
    const files = batch.files.filter((path) => !guard.forbids(path, false));
    const trees = batch.trees.filter((path) => !guard.forbids(path, true));
    const held = [...batch.files, ...batch.trees].filter(
      (path) => !files.includes(path) && !trees.includes(path),
    );
    if (held.length > 0) {
      queue.owe('changes below a root that is not there');
      events.onHeld?.(held);
    }
    return { ...batch, files, trees };
  }

  #defer(failed: readonly FailedPath[]): void {
    for (const path of failed) this.#parts.events.onFailedPath?.(path, this.#deferred.add(path, Date.now()));
  }

  /** Puts paths whose time has come back into the queue. */
  #requeueDue(): void {
    const now = Date.now();
    const isFailing = this.#deferred.list().length > 0;
    const deferred = this.#deferred.takeDue(now);
    if (isFailing && this.#deferred.list().length === 0) this.#parts.events.onNoFailedPath?.();
    const postponed = this.#postponed.takeDue(now);
    if (deferred.length + postponed.length === 0) return;
    this.#requeue(deferred, postponed);
    this.#noteAside();
    this.wake();
  }

  #noteAside(): void {
    this.#parts.queue.setAside(this.#deferred.isHolding || this.#postponed.isHolding);
  }

  #requeue(deferred: readonly PostponedPath[], postponed: readonly PostponedPath[]): void {
    this.#parts.queue.append(
      [...deferred, ...postponed].map(({ path, recursive }) => ({ kind: recursive ? 'tree' : 'file', path })),
    );
  }

  #isFullCheckDue(): boolean {
    const now = Date.now();
    if (this.#fullCheck) return now >= this.#fullCheckNotBefore;
    if (now >= this.#nextInterval) {
      this.#nextInterval = this.#intervalFrom(now);
      this.#parts.queue.owe(regular);
    }
    return this.#parts.queue.owed !== undefined && now >= this.#fullCheckNotBefore;
  }

  async #stepFullCheck(signal: AbortSignal): Promise<void> {
    const { beginFullCheck, events, lanes, queue } = this.#parts;
    if (!this.#fullCheck) {
      const owed = queue.owed;
      if (!owed) return;
      this.#fullCheck = { check: beginFullCheck(), ticket: owed.ticket, reason: owed.reason };
      if (owed.reason === regular) this.#parts.misses.begin();
      events.onFullCheckBegun?.(owed.reason);
    }
    this.#become('full-check');
    const now = Date.now();
    const waits = now - (this.#busySince ?? now) < this.#options.serverWaitMax * 1000;
    const report = await this.#fullCheck.check.step(waits, signal);
    if (report === 'busy') {
      this.#busySince ??= now;
      this.#fullCheckNotBefore = Date.now() + busyMilliseconds;
      return;
    }
    this.#busySince = undefined;
    for (const lane of lanes) lane.wake();
    if (!report || signal.aborted) return;
    const { ticket, reason } = this.#fullCheck;
    this.#fullCheck = undefined;
    if (report.complete) {
      queue.settle(ticket);
      this.#fullCheckFailures = 0;
      this.#nextInterval = this.#intervalFrom(Date.now());
    } else {
      const seconds = backoffSeconds(++this.#fullCheckFailures, fullCheckBackoff, Math.random());
      this.#fullCheckNotBefore = Date.now() + seconds * 1000;
    }
    if (reason === regular) this.#judgeAt = { found: report.paths, at: Date.now() + reportMilliseconds };
    events.onFullCheckEnded?.(report, reason);
  }

  /** A regular full check has ended a moment ago: what it found should be what the watcher has reported. */
  #judgeMisses(): void {
    if (!this.#judgeAt || Date.now() < this.#judgeAt.at || this.#parts.queue.depth > 0) return;
    const missed = this.#parts.misses.end(this.#judgeAt.found);
    this.#judgeAt = undefined;
    if (missed.length > 0) this.#parts.events.onMissed?.(missed);
  }

  async #sleep(): Promise<void> {
    const deadlines = [this.#deferred.dueAt, this.#postponed.dueAt];
    if (this.#firstAt !== undefined) deadlines.push(this.#gatherUntil(this.#firstAt));
    if (this.#parts.queue.owed || this.#fullCheck) deadlines.push(this.#fullCheckNotBefore);
    if (!this.#parts.guard.whole) deadlines.push(Date.now() + rootProbeMilliseconds);
    if (this.#judgeAt) deadlines.push(this.#judgeAt.at);
    deadlines.push(this.#nextInterval);
    this.#become(this.#firstAt === undefined ? 'idle' : 'gathering');
    this.#dueAt = Math.min(...deadlines);
    await this.#waker.sleep(this.#dueAt - Date.now());
    this.#dueAt = undefined;
  }

  #wake(): void {
    if (this.#dueAt !== undefined) this.#dueAt = Math.min(this.#dueAt, Date.now());
    this.#waker.wake();
  }

  #intervalFrom(now: number): number {
    const { fullSyncInterval } = this.#options;
    if (fullSyncInterval === 0) return Number.POSITIVE_INFINITY;
    // Jittered, so that the hosts of a cluster don't all check at the same moment.
    return now + fullSyncInterval * 1000 * (0.9 + Math.random() / 5);
  }

  #become(state: SchedulerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#parts.events.onState?.(state);
  }
}

/** Why a regular full check is owed. */
const regular = 'the regular interval has passed';
/** Time for the watcher to report what the end of a full check still saw. */
const reportMilliseconds = 1000;
const batchBytes = 8 * 1024 * 1024;
const fullCheckBackoff = { first: 5, most: 300 };
/** Pause of a full check that found the server busy. */
const busyMilliseconds = 250;
/** How often a root that is not there is looked for. */
const rootProbeMilliseconds = 1000;
