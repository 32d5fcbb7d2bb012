import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../csync2/run/result.js';
import { backoffSeconds } from '../common/backoff.js';
import type { LaneState, LaneStatus } from './lane.js';

/**
 * When a lane works and when it waits: woken by changes, held back after a failure with growing
 * pauses, woken again by itself. What the work is, is the lane's own affair.
 */
export class LaneRhythm {
  readonly #work: () => Promise<void>;
  readonly #isPaused: () => boolean;
  readonly #abort = new AbortController();
  #state: LaneState = 'idle';
  #reason: Outcome | undefined;
  #failures = 0;
  #failedAt = 0;
  #failingSince: number | undefined;
  #nextAttemptAt: number | undefined;
  #awake = false;
  #stopping = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param work - does all that is to be done, reports through {@link failed} or {@link succeeded},
   *   never throws
   * @param isPaused - whether an administrator has paused the peer: the lane works then, too, but
   *   begins no update
   */
  constructor(work: () => Promise<void>, isPaused: () => boolean = () => false) {
    this.#work = work;
    this.#isPaused = isPaused;
  }

  /** Aborted when work that goes on is to be broken off. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The lane is to stop: nothing new is begun. */
  get isStopping(): boolean {
    return this.#stopping;
  }

  /** No update may be begun: the lane is to stop, or the peer is paused. */
  get isHeldBack(): boolean {
    return this.#stopping || this.#isPaused();
  }

  get status(): Pick<LaneStatus, 'state' | 'reason' | 'failingSince' | 'nextAttemptAt'> {
    return {
      state: pausable.has(this.#state) && this.#isPaused() ? 'paused' : this.#state,
      reason: this.#reason,
      failingSince: this.#failingSince,
      nextAttemptAt: this.#nextAttemptAt,
    };
  }

  /**
   * There may be work. While the lane waits after a failure this changes nothing: the wait has its
   * end.
   */
  wake(): void {
    if (this.#isHeld()) return;
    this.#awake = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A wake-up between the last look for work and this moment.
      if (this.#awake) this.wake();
    });
  }

  /**
   * As {@link wake}, but a wait that has lasted for some seconds is ended: what has come since may
   * fare better.
   */
  probe(): void {
    if (this.#state === 'waiting' && Date.now() - this.#failedAt > probeMilliseconds) this.retry();
    else this.wake();
  }

  /** Wakes the lane at a time, in milliseconds since 1970. */
  wakeAt(time: number): void {
    this.#setTimer(() => this.wake(), time - Date.now());
  }

  /** Ends the wait after a failure now. */
  retry(): void {
    if (this.#state !== 'waiting') return;
    clearTimeout(this.#timer);
    this.#state = 'idle';
    this.wake();
  }

  /** The peer has been paused or resumed: no failure counts any more, and no wait goes on. */
  renew(): void {
    clearTimeout(this.#timer);
    if (this.#state === 'waiting') this.#state = 'idle';
    this.succeeded();
    this.wake();
  }

  /**
   * Resolves when no update goes on, or the peer is paused no longer.
   *
   * @param end - ends one that has not ended by itself after `graceSeconds`
   */
  async silence(end: () => void, graceSeconds = graceful): Promise<void> {
    const grace = setTimeout(() => {
      if (this.#isPaused()) end();
    }, graceSeconds * 1000);
    while (this.#state === 'updating' && this.#isPaused()) await sleep(silenceMilliseconds);
    clearTimeout(grace);
  }

  /** Resolves when the lane does nothing at the moment. */
  async rest(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /**
   * Begins nothing new and waits for what goes on; breaks it off after `graceSeconds`. An update
   * that is broken off may leave a file on the peer without its owner, mode and time.
   */
  async stop(graceSeconds = graceful): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const grace = setTimeout(() => this.#abort.abort(), graceSeconds * 1000);
    await this.rest();
    clearTimeout(grace);
    this.#abort.abort();
    this.#state = 'stopped';
  }

  /** Work is being done. */
  updating(): void {
    this.#state = 'updating';
  }

  succeeded(): void {
    this.#failures = 0;
    this.#failingSince = undefined;
    this.#reason = undefined;
    this.#nextAttemptAt = undefined;
  }

  failed(reason: Outcome): void {
    // Nothing is tried again while the peer is paused; what is pending is to be known.
    if (this.#isPaused()) {
      this.wakeAt(Date.now() + pausedMilliseconds);
      return;
    }
    this.#failures++;
    this.#reason = reason;
    this.#failingSince ??= Date.now();
    this.#state = 'waiting';
    this.#failedAt = Date.now();
    const seconds = backoffSeconds(
      this.#failures,
      ofFiles.has(reason) ? fileBackoff : backoff,
      Math.random(),
    );
    this.#nextAttemptAt = Date.now() + seconds * 1000;
    this.#setTimer(() => this.retry(), seconds * 1000);
  }

  async #run(): Promise<void> {
    while (this.#awake && !this.#isHeld()) {
      this.#awake = false;
      await this.#work();
      if (this.#state === 'updating') this.#state = 'idle';
    }
  }

  #isHeld(): boolean {
    return this.#stopping || (this.#state === 'waiting' && !this.#isPaused());
  }

  #setTimer(action: () => void, milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, Math.max(0, milliseconds));
    this.#timer.unref();
  }
}

/** States that say nothing of a peer that is paused. */
const pausable: ReadonlySet<LaneState> = new Set(['idle', 'waiting']);
/**
 * Seconds for which an update may go on that is not to: broken off, it may leave a file there
 * without owner, mode and time.
 */
const graceful = 8;
/** How often it is looked whether it has ended. */
const silenceMilliseconds = 20;
const pausedMilliseconds = 1000;
const backoff = { first: 1, most: 300 };
/**
 * The peer answers, and does not take some file: what comes next it may take. It may be that only a
 * disk is missing there.
 */
const ofFiles: ReadonlySet<Outcome> = new Set(['denied', 'refused', 'conflict']);
const fileBackoff = { first: 1, most: 60 };
const probeMilliseconds = 5000;
