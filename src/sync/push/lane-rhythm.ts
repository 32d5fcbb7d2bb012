import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../csync2/run/result.js';
import { backoffSeconds } from '../common/backoff.js';
import type { LaneState, LaneStatus } from './lane.js';

/**
 * Decides when a lane works and when it waits: changes wake the lane, a failure holds it back with
 * growing pauses, and a timer wakes it again. The lane itself decides what the work is.
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
   * @param work - does all the work there is, reports through {@link failed} or {@link succeeded},
   * never throws
   * @param isPaused - whether an administrator has paused the peer: the lane works then, too, but
   * begins no update
   */
  constructor(work: () => Promise<void>, isPaused: () => boolean = () => false) {
    this.#work = work;
    this.#isPaused = isPaused;
  }

  /** Aborted when running work must be broken off. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The lane must stop, so nothing new begins. */
  get isStopping(): boolean {
    return this.#stopping;
  }

  /** No update may begin, because the lane must stop or the peer is paused. */
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
   * There may be work. This changes nothing while the lane waits after a failure, because that wait
   * ends by itself.
   */
  wake(): void {
    if (this.#isHeld()) return;
    this.#awake = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A wake-up came after the last look for work.
      if (this.#awake) this.wake();
    });
  }

  /**
   * As {@link wake}, but ends a wait that has lasted for some seconds: newer files may fare better.
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

  /** The peer has been paused or resumed, so no failure counts any more, and no wait goes on. */
  renew(): void {
    clearTimeout(this.#timer);
    if (this.#state === 'waiting') this.#state = 'idle';
    this.succeeded();
    this.wake();
  }

  /**
   * Resolves when no update runs, or the peer is no longer paused.
   *
   * @param end - ends an update that has not ended by itself after `graceSeconds`
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
   * Begins nothing new and waits for running work. Breaks it off after `graceSeconds`. An update
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

  /** An update runs. */
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
    // Nothing is sent while the peer is paused, but the pending files must be counted.
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
 * Seconds that an unwanted update may still run. An update that is broken off may leave a file on
 * the peer without owner, mode and time.
 */
const graceful = 8;
/** How often the lane looks whether the update has ended. */
const silenceMilliseconds = 20;
const pausedMilliseconds = 1000;
const backoff = { first: 1, most: 300 };
/**
 * The peer answers, but rejects some file. It may take the next one. Perhaps only a disk is missing
 * on the peer.
 */
const ofFiles: ReadonlySet<Outcome> = new Set(['denied', 'refused', 'conflict']);
const fileBackoff = { first: 1, most: 60 };
const probeMilliseconds = 5000;
