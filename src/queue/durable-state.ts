import type { CursorFile, CursorState, QueuePosition } from './cursor.js';
import { addReason, type DueFullCheck } from './due-full-check.js';

/**
 * What outlives the process: the cursor, the end of the log and the full check that is due, in
 * memory and in the cursor file.
 */
export class DurableState {
  readonly #cursorFile: CursorFile;
  #position: QueuePosition;
  #end: QueuePosition;
  #fullCheckDue: DueFullCheck | undefined;
  #ticket = 0;
  #dirty = false;
  #aside = false;
  /** The reason of the full check that is in the file for certain. */
  #savedReason: string | undefined;

  constructor(cursorFile: CursorFile, position: QueuePosition, end: QueuePosition) {
    this.#cursorFile = cursorFile;
    this.#position = position;
    this.#end = end;
    const before = cursorFile.found?.due;
    this.#fullCheckDue = before && { ...before, ticket: this.#nextTicket() };
    this.#savedReason = before?.reason;
  }

  /** All before it is done. */
  get position(): QueuePosition {
    return this.#position;
  }

  get fullCheckDue(): DueFullCheck | undefined {
    return this.#fullCheckDue;
  }

  /** Whether the file is behind. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** To be saved soon. */
  move(position: QueuePosition): void {
    this.#position = position;
    this.#dirty = true;
  }

  /** The log ends here now; to be saved soon. */
  reach(end: QueuePosition): void {
    this.#end = end;
    this.#dirty = true;
  }

  /**
   * Whether records before the position wait in memory. Saved together with the next position:
   * whichever of the two a kill leaves in the file, the old one or the new, it is true.
   */
  setAside(aside: boolean): void {
    if (aside === this.#aside) return;
    this.#aside = aside;
    this.#dirty = true;
  }

  /** Whether the file tells of the full check that is due, if one is. */
  get dueIsSaved(): boolean {
    return this.#fullCheckDue === undefined || this.#fullCheckDue.reason === this.#savedReason;
  }

  /** Makes a full check due. True if that must be saved at once: the file doesn't know it yet. */
  requireFullCheck(reason: string, now: number): boolean {
    this.#fullCheckDue = addReason(this.#fullCheckDue, this.#nextTicket(), reason, now);
    if (this.#fullCheckDue.reason === this.#savedReason) return false;
    this.#dirty = true;
    return true;
  }

  /** True if no full check is due any more; to be saved at once. */
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
    // However orderly the end: what waits in memory ends with it.
    const stop = this.#aside ? 'aside' : how === 'clean' ? 'clean' : 'running';
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
