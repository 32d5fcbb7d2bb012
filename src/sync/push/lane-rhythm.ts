import type { Outcome } from '../../csync2/run/result.js';
import { backoffSeconds } from '../common/backoff.js';
import type { LaneState, LaneStatus } from './lane.js';

/**
 * When a lane works and when it waits: woken by changes, held back after a failure with growing pauses, woken again
 * by itself. What the work is, is the lane's own affair.
 */
export class LaneRhythm {
  readonly #work: () => Promise<void>;
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

  /** @param work - does all that is to be done, reports through {@link failed} or {@link succeeded}, never throws */
  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Aborted when work that goes on is to be broken off. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The lane is to stop: nothing new is begun. */
  get isStopping(): boolean {
    return this.#stopping;
  }

  get status(): Pick<LaneStatus, 'state' | 'reason' | 'failingSince' | 'nextAttemptAt'> {
    return {
      state: this.#state,
      reason: this.#reason,
      failingSince: this.#failingSince,
      nextAttemptAt: this.#nextAttemptAt,
    };
  }

  /** There may be work. While the lane waits after a failure this changes nothing: the wait has its end. */
  wake(): void {
    if (this.#isHeld()) return;
    this.#awake = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A wake-up between the last look for work and this moment.
      if (this.#awake) this.wake();
    });
  }

  /** As {@link wake}, but a wait that has lasted for some seconds is ended: what has come since may fare better. */
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

  /** Resolves when the lane does nothing at the moment. */
  async rest(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /**
   * Begins nothing new and waits for what goes on; breaks it off after `graceSeconds`. An update that is broken off may
   * leave a file on the peer without its owner, mode and time.
   */
  async stop(graceSeconds = 8): Promise<void> {
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
    return this.#stopping || this.#state === 'waiting';
  }

  #setTimer(action: () => void, milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, Math.max(0, milliseconds));
    this.#timer.unref();
  }
}

const backoff = { first: 1, most: 300 };
/** The peer answers, and does not take some file: what comes next it may take. It may be that only a disk is missing there. */
const ofFiles: ReadonlySet<Outcome> = new Set(['denied', 'refused', 'conflict']);
const fileBackoff = { first: 1, most: 60 };
const probeMilliseconds = 5000;
