import type { Queue } from '../../queue/queue.js';
import type { KeptTime } from '../../state/kept-time.js';
import type { PathKey } from '../../text/path-bytes.js';
import { backoffSeconds } from '../common/backoff.js';
import type { FileMemory } from '../memory/file-memory.js';
import type { UnseenSpans } from '../memory/unseen-spans.js';
import type { Lane } from '../push/lane.js';
import type { DetectedLate } from './detected-late.js';
import type { FullCheck, FullCheckReport } from './full-check.js';
import type { UnsupportedPaths } from './unsupported-paths.js';

/**
 * The parts of {@link FullCheckDuty}, which decides when a full check runs, and runs it step by
 * step.
 */
export interface FullCheckDutyParts {
  readonly queue: Pick<
    Queue,
    | 'depth'
    | 'droppedAt'
    | 'fullCheckDue'
    | 'fullCheckSucceeded'
    | 'isWritable'
    | 'requireFullCheck'
  >;
  readonly lanes: readonly Pick<Lane, 'wake'>[];
  readonly detectedLate: Pick<DetectedLate, 'begin' | 'end'>;
  /** Collects the paths that csync2 can't handle. */
  readonly unsupported: Pick<UnsupportedPaths, 'look'>;
  readonly history: Pick<KeptTime, 'at' | 'note'>;
  readonly unseen: Pick<UnseenSpans, 'forgetBefore'>;
  readonly memory: Pick<FileMemory, 'fullCheckBegun' | 'fullCheckDone'>;
  readonly beginFullCheck: () => Pick<FullCheck, 'step' | 'close'>;
  readonly events: FullCheckEvents;
}

/** Reports the fate of full checks, for log and status; no callback may throw. */
export interface FullCheckEvents {
  onFullCheckBegun?(reason: string): void;
  onFullCheckEnded?(report: FullCheckReport, reason: string): void;
  onDetectedLate?(paths: readonly PathKey[]): void;
}

/** Times in seconds. */
export interface FullCheckTimes {
  /** Seconds between two regular full checks; 0 for none. */
  readonly fullSyncInterval: number;
  /** How long open sessions of the server may delay a full check. */
  readonly serverWaitMax: number;
}

/**
 * Decides which full check is due when, and runs it one step at a time, so that fresh changes go
 * first.
 */
export class FullCheckDuty {
  readonly #parts: FullCheckDutyParts;
  readonly #times: FullCheckTimes;
  #running: RunningCheck | undefined;
  #notBefore = 0;
  /** While the queue can't be written: when one runs all the same. */
  #heldUntil: number | undefined;
  /** For how long nothing must have been dropped before one begins, in milliseconds. */
  #calm = leastCalm;
  /** The last drop before one that has begun. */
  #seenDropAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** A place has come back since the running check began, which the check may have left out. */
  #isOutdated = false;
  /** Since when the server has delayed the check. */
  #busySince: number | undefined;
  #regularAt: number;
  #judging: { readonly found: readonly PathKey[]; readonly at: number } | undefined;

  constructor(parts: FullCheckDutyParts, times: FullCheckTimes) {
    this.#parts = parts;
    this.#times = times;
    this.#regularAt = this.#regularFrom(parts.history.at ?? Date.now());
  }

  /**
   * A place is back. A full check that waits for it is tried at once, and so is a running one that
   * had found it away.
   */
  retry(): void {
    this.#notBefore = 0;
    this.#failures = 0;
    this.#isOutdated = this.#running !== undefined;
  }

  /**
   * How often in a row a full check could not be completed, and when it is tried again, in
   * milliseconds since 1970.
   */
  get tries(): { readonly failures: number; readonly nextAt: number } {
    return { failures: this.#failures, nextAt: this.#notBefore };
  }

  /** The latest time of the next step if no event comes before, in milliseconds since 1970. */
  get dueAt(): number {
    const due =
      this.#running || this.#parts.queue.fullCheckDue ? this.#notBefore : Number.POSITIVE_INFINITY;
    return Math.min(due, this.#regularAt, this.#judging?.at ?? Number.POSITIVE_INFINITY);
  }

  /** Whether a step is due. Makes the regular full check due when its time has come. */
  isDue(now: number): boolean {
    if (this.#running) return now >= this.#notBefore;
    if (now >= this.#regularAt) {
      this.#regularAt = this.#regularFrom(now);
      this.#parts.queue.requireFullCheck(regular);
    }
    if (this.#parts.queue.fullCheckDue === undefined || now < this.#notBefore) return false;
    return !this.#isHeld(now);
  }

  /**
   * While changes are dropped, since the queue can't be written, the next one would make another
   * full check due: one that begins a moment after the last does for all of them. The moments grow
   * while it happens again and again. Where that takes long, one runs now and then.
   */
  #isHeld(now: number): boolean {
    const { queue } = this.#parts;
    const { droppedAt } = queue;
    if (droppedAt === undefined) return false;
    const isAgain = droppedAt - this.#seenDropAt < heldMilliseconds.next;
    const calm = isAgain ? this.#calm : leastCalm;
    const isOver = now >= droppedAt + calm && queue.isWritable();
    if (!isOver) {
      this.#heldUntil ??= now + heldMilliseconds.first;
      if (now < this.#heldUntil) {
        this.#notBefore = now + heldMilliseconds.look;
        return true;
      }
    }
    this.#heldUntil = isOver ? undefined : now + heldMilliseconds.next;
    if (droppedAt !== this.#seenDropAt) {
      this.#calm = Math.min(calm * 2, mostCalm);
      this.#seenDropAt = droppedAt;
    }
    return false;
  }

  /** Takes the next step of the running check, or the first step of the one that is due. */
  async step(signal: AbortSignal): Promise<void> {
    const { queue, lanes } = this.#parts;
    this.#running ??= this.#begin();
    if (!this.#running) return;
    const now = Date.now();
    const waits = now - (this.#busySince ?? now) < this.#times.serverWaitMax * 1000;
    const report = await this.#running.check.step(waits, signal);
    if (report === 'busy') {
      this.#busySince ??= now;
      this.#notBefore = Date.now() + busyMilliseconds;
      return;
    }
    this.#busySince = undefined;
    for (const lane of lanes) lane.wake();
    if (!report || signal.aborted) return;
    this.#parts.unsupported.look();
    const { ticket, reason, begunAt } = this.#running;
    this.#running = undefined;
    if (report.complete) {
      queue.fullCheckSucceeded(ticket);
      this.#succeed(begunAt);
    } else if (!this.#isOutdated) {
      // A place that comes back ends the pause. Until then the other paths need no look every few
      // minutes.
      const isHeldOnly = report.failed.length === 0 && report.isWaiting;
      const pauses = isHeldOnly ? heldBackoff : backoff;
      const seconds = backoffSeconds(++this.#failures, pauses, Math.random());
      this.#notBefore = Date.now() + seconds * 1000;
    }
    if (reason === regular)
      this.#judging = { found: report.paths, at: Date.now() + reportMilliseconds };
    this.#parts.events.onFullCheckEnded?.(report, reason);
  }

  /** Drops the running check, which stays due. */
  close(): void {
    this.#running?.check.close();
    this.#running = undefined;
  }

  /**
   * Judges a regular full check that ended a moment ago: the watcher should have reported all its
   * findings.
   */
  judgeDetectedLate(now: number): void {
    const { detectedLate, queue, events } = this.#parts;
    if (!this.#judging || now < this.#judging.at || queue.depth > 0) return;
    const late = detectedLate.end(this.#judging.found);
    this.#judging = undefined;
    if (late.length > 0) events.onDetectedLate?.(late);
  }

  #begin() {
    const { beginFullCheck, events, memory, detectedLate, queue } = this.#parts;
    const { fullCheckDue: due } = queue;
    if (!due) return undefined;
    if (due.reason === regular) detectedLate.begin();
    events.onFullCheckBegun?.(due.reason);
    memory.fullCheckBegun();
    this.#isOutdated = false;
    return { check: beginFullCheck(), ticket: due.ticket, reason: due.reason, begunAt: Date.now() };
  }

  #succeed(begunAt: number): void {
    this.#failures = 0;
    this.#parts.memory.fullCheckDone();
    // Changes since the check began may have been missed.
    this.#parts.history.note(begunAt);
    this.#parts.unseen.forgetBefore(begunAt);
    this.#regularAt = this.#regularFrom(Date.now());
  }

  #regularFrom(time: number): number {
    const { fullSyncInterval } = this.#times;
    if (fullSyncInterval === 0) return Number.POSITIVE_INFINITY;
    // Jittered, so that the hosts of a cluster don't all check at the same moment.
    return time + fullSyncInterval * 1000 * (0.9 + Math.random() / 5);
  }
}

interface RunningCheck {
  readonly check: Pick<FullCheck, 'step' | 'close'>;
  readonly ticket: number;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly begunAt: number;
}

/** The reason of a regular full check. */
const regular = 'the regular interval has passed';
/** Time for the watcher to report changes that the end of a full check still saw. */
const reportMilliseconds = 1000;
const backoff = { first: 5, most: 300 };
const heldBackoff = { first: 5, most: 3600 };
/**
 * While changes are dropped: how often it is asked whether that is over, and after how long a full
 * check runs all the same, at first and then.
 */
const heldMilliseconds = { look: 1000, first: 60_000, next: 300_000 };
const leastCalm = 1000;
const mostCalm = 60_000;
/** Pause of a full check that found the server busy. */
const busyMilliseconds = 250;
