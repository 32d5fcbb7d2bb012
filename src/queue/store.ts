import type { QueuePosition } from './cursor.js';
import type { DueFullCheck } from './due-full-check.js';
import type { DurableState } from './durable-state.js';
import { QueueTrouble } from './errors.js';
import { errnoOf } from './files.js';
import type { Lock } from './lock.js';
import type { SegmentLog } from './segment-log.js';
import { SpacedJob } from './spaced-job.js';

/**
 * The queue's data on disk: the log and the durable state. They are saved once a second, and at
 * once if they must not be lost. Failures of the disk are reported, not thrown, and the save is
 * tried again.
 */
export class Store {
  readonly log: SegmentLog;
  readonly #state: DurableState;
  readonly #lock: Lock;
  readonly #now: () => number;
  readonly #onTrouble: ((trouble: QueueTrouble) => void) | undefined;
  readonly #onWell: ((trouble: QueueTrouble['trouble']) => void) | undefined;
  /** Actions that have failed and not succeeded since. */
  readonly #failing = new Set<QueueTrouble['trouble']>();
  readonly #saving = new SpacedJob(saveInterval, (done) => this.#saveLater(done));
  #closed = false;

  constructor(
    parts: { log: SegmentLog; state: DurableState; lock: Lock },
    options: {
      now: () => number;
      onTrouble?: ((trouble: QueueTrouble) => void) | undefined;
      onWell?: ((trouble: QueueTrouble['trouble']) => void) | undefined;
    },
  ) {
    this.log = parts.log;
    this.#state = parts.state;
    this.#lock = parts.lock;
    this.#now = options.now;
    this.#onTrouble = options.onTrouble;
    this.#onWell = options.onWell;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** All records before the position are done. */
  get position(): QueuePosition {
    return this.#state.position;
  }

  get fullCheckDue(): DueFullCheck | undefined {
    return this.#state.fullCheckDue;
  }

  /** Makes a full check due, on disk at once. */
  requireFullCheck(reason: string): void {
    if (this.#state.requireFullCheck(reason, this.#now())) this.save();
  }

  /** Settles the full check, on disk at once. */
  fullCheckSucceeded(ticket: number): void {
    if (this.#state.fullCheckSucceeded(ticket)) this.save();
  }

  /** See {@link DurableState.noteSetAside}. */
  noteSetAside(isAny: boolean): void {
    this.#state.noteSetAside(isAny);
    if (this.#state.dirty) this.#saving.request();
  }

  /** See {@link DurableState.dueIsSaved}. */
  get dueIsSaved(): boolean {
    return this.#state.dueIsSaved;
  }

  /** Appends so many records to the log, on disk soon. Throws an ErrnoException. */
  append(lines: Buffer, records: number): void {
    this.log.append(lines, records);
    this.#state.reach(this.log.end);
    this.#saving.request();
  }

  /** Moves the cursor, on disk soon. */
  move(position: QueuePosition): void {
    this.#state.move(position);
    this.#saving.request();
  }

  /** Begins a new segment, if that is possible. */
  roll(): void {
    this.sync();
    this.#attempt('roll', 'a new segment could not be begun', () => this.log.roll());
    const { end } = this.log;
    this.#state.reach(end);
    if (end.sequence === this.position.sequence) this.#state.move(end);
    this.save();
  }

  /** Writes the log to the disk. */
  sync(): void {
    if (!this.#attempt('sync', unconfirmed, () => this.log.sync()))
      this.requireFullCheck(unconfirmed);
  }

  /** Writes the state to the disk, and removes the segments before the cursor. */
  save(stop: 'clean' | 'open' = 'open'): void {
    const { segment } = this.position;
    if (this.#attempt('cursor', unsaved, () => this.#state.save(stop))) this.#remove(segment);
    else this.#saving.request();
  }

  /** Writes everything to the disk. */
  flush(): void {
    this.sync();
    if (this.#state.dirty) this.save();
  }

  close(stop: 'clean' | 'open'): void {
    this.sync();
    this.save(stop);
    this.#closed = true;
    this.#saving.stop();
    this.log.close();
    this.#state.close();
    this.#attempt('unlink', 'the lock could not be removed', () => this.#lock.release());
  }

  report(trouble: QueueTrouble['trouble'], text: string, cause?: unknown, dropped = 0): void {
    this.#failing.add(trouble);
    this.#onTrouble?.(new QueueTrouble(trouble, text, { cause, dropped }));
  }

  /** Reports the end of a trouble that {@link report} has reported, if any. */
  succeeded(trouble: QueueTrouble['trouble']): void {
    if (this.#failing.delete(trouble)) this.#onWell?.(trouble);
  }

  /**
   * Saves once a second, off the event loop: a disk that is busy with csync2's work must not block
   * the rest.
   */
  #saveLater(done: () => void): void {
    this.log.syncLater((error) => {
      if (this.#closed) return;
      if (error) {
        this.report('sync', unconfirmed, error);
        this.requireFullCheck(unconfirmed);
      } else this.succeeded('sync');
      const { segment } = this.position;
      const saved = (failure: Error | null): void => {
        if (this.#closed) return;
        if (failure) this.report('cursor', unsaved, failure);
        else {
          this.succeeded('cursor');
          this.#remove(segment);
        }
        if (this.log.dirty || this.#state.dirty) this.#saving.request();
        done();
      };
      if (!this.#state.dirty) saved(null);
      else if (!this.#try('cursor', unsaved, () => this.#state.saveLater(saved))) {
        this.#saving.request();
        done();
      }
    });
  }

  /** Removes segments, only after a cursor beyond them is on the disk. */
  #remove(before: number): void {
    this.#attempt('unlink', 'a segment that is done could not be removed', () =>
      this.log.removeBefore(before),
    );
  }

  #attempt(trouble: QueueTrouble['trouble'], text: string, action: () => void): boolean {
    const isDone = this.#try(trouble, text, action);
    if (isDone) this.succeeded(trouble);
    return isDone;
  }

  #try(trouble: QueueTrouble['trouble'], text: string, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      this.report(trouble, text, error);
      return false;
    }
  }
}

/** Milliseconds between two syncs. */
const saveInterval = 1000;
const unconfirmed = 'the disk did not confirm what was written to the queue';
const unsaved = 'the cursor could not be saved';
