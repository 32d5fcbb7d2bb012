import type { CursorFile, CursorState, QueuePosition } from './cursor.js';
import { addReason, type DueFullCheck } from './due-full-check.js';

/**
 * The state that outlives the process: the cursor, the end of the log and the full check that is
 * due, in memory and in the cursor file.
 */
export class DurableState {
  readonly #cursorFile: CursorFile;
  #position: QueuePosition;
  #end: QueuePosition;
  #fullCheckDue: DueFullCheck | undefined;
  #ticket = 0;
  #dirty = false;
  #hasSetAside = false;
  /** The reason of the full check that is certainly in the file. */
  #savedReason: string | undefined;

  constructor(cursorFile: CursorFile, position: QueuePosition, end: QueuePosition) {
    this.#cursorFile = cursorFile;
    this.#position = position;
    this.#end = end;
    const before = cursorFile.found?.due;
    this.#fullCheckDue = before && { ...before, ticket: this.#nextTicket() };
    this.#savedReason = before?.reason;
  }

  /** All records before the position are done. */
  get position(): QueuePosition {
    return this.#position;
  }

  get fullCheckDue(): DueFullCheck | undefined {
    return this.#fullCheckDue;
  }

  /** Whether the file lags behind the state in memory. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Moves the position; save it soon. */
  move(position: QueuePosition): void {
    this.#position = position;
    this.#dirty = true;
  }

  /** The log ends here now; save it soon. */
  reach(end: QueuePosition): void {
    this.#end = end;
    this.#dirty = true;
  }

  /**
   * Whether records before the position wait in memory. This is saved together with the next
   * position. A kill leaves the old or the new pair in the file, and both are true.
   */
  noteSetAside(isAny: boolean): void {
    if (isAny === this.#hasSetAside) return;
    this.#hasSetAside = isAny;
    this.#dirty = true;
  }

  /** Whether a full check that is due is in the file. */
  get dueIsSaved(): boolean {
    return this.#fullCheckDue === undefined || this.#fullCheckDue.reason === this.#savedReason;
  }

  /**
   * Makes a full check due. Returns whether that must be saved at once, because the file doesn't
   * have it yet.
   */
  requireFullCheck(reason: string, now: number): boolean {
    this.#fullCheckDue = addReason(this.#fullCheckDue, this.#nextTicket(), reason, now);
    if (this.#fullCheckDue.reason === this.#savedReason) return false;
    this.#dirty = true;
    return true;
  }

  /** Returns whether no full check is due any more, which must be saved at once. */
  fullCheckSucceeded(ticket: number): boolean {
    if (this.#fullCheckDue?.ticket !== ticket) return false;
    this.#fullCheckDue = undefined;
    this.#dirty = true;
    return true;
  }

  /**
   * Writes the whole file again if half of it was damaged, else as `save`. Throws an
   * ErrnoException.
   */
  begin(): void {
    if (this.#cursorFile.health === 'whole') this.save();
    else this.#saveNow((state) => this.#cursorFile.allocate(state), 'open');
  }

  /** Saves, and waits for the disk. Throws an ErrnoException. */
  save(stop: 'clean' | 'open' = 'open'): void {
    this.#saveNow((state) => this.#cursorFile.write(state), stop);
  }

  /** Saves; calls `done` when it is on the disk. Throws an ErrnoException. */
  saveLater(done: (error: Error | null) => void): void {
    this.#saving('open', (state) => {
      this.#cursorFile.writeLater(state, (error) => {
        if (error) this.#failed();
        done(error);
      });
    });
  }

  close(): void {
    this.#cursorFile.close();
  }

  #saveNow(write: (state: CursorState) => void, stop: 'clean' | 'open'): void {
    this.#saving(stop, write);
    this.#savedReason = this.#fullCheckDue?.reason;
  }

  #saving(how: 'clean' | 'open', write: (state: CursorState) => void): void {
    this.#dirty = false;
    // Even an orderly end loses the records that wait in memory.
    const stop = this.#hasSetAside ? 'aside' : how === 'clean' ? 'clean' : 'running';
    try {
      write({ position: this.#position, stop, due: this.#fullCheckDue, end: this.#end });
    } catch (error) {
      this.#failed();
      throw error;
    }
  }

  #failed(): void {
    this.#dirty = true;
    this.#savedReason = undefined;
  }

  #nextTicket(): number {
    this.#ticket += 1;
    return this.#ticket;
  }
}
