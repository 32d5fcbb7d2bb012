import type { DirtyRow, Ledger } from '../../csync2/database/ledger.js';
import { withdrawDirty } from '../../csync2/database/private-database.js';
import { type DatabaseWindow, whenNotBusy } from '../database/database-window.js';
import type { HeldConflict } from './refused/rejected.js';
import type { RejectedRows } from './refused/rejected-rows.js';
import type { ContestedVersions } from './versions/contested-versions.js';

/** What {@link Decisions} changes. */
export interface DecisionsParts {
  readonly peer: string;
  readonly ledger: Ledger;
  readonly window: DatabaseWindow;
  readonly rejected: RejectedRows;
  readonly contested: ContestedVersions;
  /** Has the lane look again at what is pending. */
  readonly wake: () => void;
}

/**
 * What others decide about the files that are pending for one peer: those that compare both sides,
 * and a person. Names are those of the database.
 */
export class Decisions {
  readonly #parts: DecisionsParts;

  constructor(parts: DecisionsParts) {
    this.#parts = parts;
  }

  /** As {@link Lane.marked}. */
  marked(encoded: Buffer, isOffered: boolean, at: number): void {
    if (this.#parts.contested.marked(encoded, isOffered, at)) this.#parts.wake();
  }

  /**
   * Sends a file once more if the peer has taken it as it is now: another host may have brought it
   * an older version since, which was on its way all the time.
   */
  sendAgain(encoded: Buffer): void {
    if (this.#parts.contested.sendAgain(encoded)) this.#parts.wake();
  }

  /**
   * Has what is under a name sent with force, as long as it does not change: the peer has something
   * else there that is to go.
   */
  win(encoded: Buffer): void {
    this.#send(encoded, true);
  }

  /** Has what is under a name sent, as any change is. */
  offer(encoded: Buffer): void {
    this.#send(encoded, false);
  }

  /**
   * Has nothing of these names pending any more: the peer's version is to come. Until it does, this
   * host keeps its own on disk.
   *
   * @returns whether it could be done: not while csync2's database is locked for seconds
   */
  async giveUp(names: readonly Buffer[]): Promise<boolean> {
    const { contested, ledger, peer, rejected, wake, window } = this.#parts;
    const isDone = await window.run(() =>
      whenNotBusy(() => ledger.withoutWaiting(() => withdrawDirty(ledger, names, peer))),
    );
    if (!isDone) return false;
    for (const encoded of names) {
      rejected.forget(encoded);
      contested.giveUp(encoded);
    }
    wake();
    return true;
  }

  /** Tries what the peer has refused of some names, at once. */
  tryAgain(concerns: (encoded: Buffer) => boolean): void {
    if (this.#parts.rejected.forgetWhere(concerns)) this.#parts.wake();
  }

  /**
   * The peer has looked at what this host has, and sent nothing: it may have given up its version
   * of what is in conflict.
   */
  lookedAt(): void {
    if (this.#parts.rejected.retryConflicts()) this.#parts.wake();
  }

  /** What the peer has changed as well, and nobody has decided. */
  conflicts(): readonly HeldConflict[] {
    return this.#parts.rejected.conflicts();
  }

  /** Whether the peer has refused a file, and not taken it since. */
  hasRejected(row: DirtyRow): boolean {
    return this.#parts.rejected.hasFailed(row);
  }

  /** Whether the peer called a file changed on both sides when it was asked last. */
  hasConflict(encoded: Buffer): boolean {
    return this.#parts.rejected.wasConflict({ encoded });
  }

  /** As {@link hasConflict}, anything at or below a name, or a directory above it. */
  hasConflictAround(encoded: Buffer): boolean {
    return this.#parts.rejected.hasConflictAround(encoded);
  }

  #send(encoded: Buffer, isForced: boolean): void {
    const { contested, rejected, wake } = this.#parts;
    rejected.forget(encoded);
    contested.send(encoded, isForced);
    wake();
  }
}
