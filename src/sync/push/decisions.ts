import type { Ledger } from '../../csync2/database/ledger.js';
import type { PendingRow } from '../../csync2/database/pending-table.js';
import { withdrawPending } from '../../csync2/database/pending-writes.js';
import { type DatabaseWindow, whenNotBusy } from '../database/database-window.js';
import type { HeldConflict } from './refused/rejected.js';
import type { RejectedRows } from './refused/rejected-rows.js';
import type { ContestedVersions } from './versions/contested-versions.js';

/** The parts of {@link Decisions}. */
export interface DecisionsParts {
  readonly peer: string;
  readonly ledger: Ledger;
  readonly window: DatabaseWindow;
  readonly rejected: RejectedRows;
  readonly contested: ContestedVersions;
  /** Asks the lane to look again at the pending rows. */
  readonly wake: () => void;
}

/**
 * Carries out the decisions of the comparisons and of administrators about the files that are
 * pending for one peer. Names are those of the database.
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
   * Sends a file once more if the peer has taken it as it is now: another host may have brought the
   * peer an older version since, which was on its way all the time.
   */
  sendAgain(encoded: Buffer): void {
    if (this.#parts.contested.sendAgain(encoded)) this.#parts.wake();
  }

  /**
   * Sends the file under a name with force, as long as the file does not change, in place of
   * something else that the peer has there.
   */
  sendForced(encoded: Buffer): void {
    this.#send(encoded, true);
  }

  /** Sends the file under a name, as any change is sent. */
  offer(encoded: Buffer): void {
    this.#send(encoded, false);
  }

  /**
   * Removes these names from the pending ones, because the peer's version will come. Until it does,
   * this host keeps its own version on disk.
   *
   * @returns whether that was possible; it is not while csync2's database is locked for seconds
   */
  async giveUp(names: readonly Buffer[]): Promise<boolean> {
    const { contested, ledger, peer, rejected, wake, window } = this.#parts;
    const isDone = await window.run(() =>
      whenNotBusy(() => ledger.withoutWaiting(() => withdrawPending(ledger, names, peer))),
    );
    if (!isDone) return false;
    for (const encoded of names) {
      rejected.forget(encoded);
      contested.giveUp(encoded);
    }
    wake();
    return true;
  }

  /** Tries some of the names that the peer has refused again, at once. */
  tryAgain(concerns: (encoded: Buffer) => boolean): void {
    if (this.#parts.rejected.forgetWhere(concerns)) this.#parts.wake();
  }

  /**
   * The peer has looked at this host's files, and sent nothing. It may have given up its version of
   * files in conflict.
   */
  lookedAt(): void {
    if (this.#parts.rejected.retryConflicts()) this.#parts.wake();
  }

  /** The files that the peer has changed as well, and that no one has decided. */
  conflicts(): readonly HeldConflict[] {
    return this.#parts.rejected.conflicts();
  }

  /** Whether the peer has refused a file, and has not taken it since. */
  hasRejected(row: PendingRow): boolean {
    return this.#parts.rejected.hasFailed(row);
  }

  /** Whether the peer called a file changed on both sides at the last push of the file. */
  hasConflict(encoded: Buffer): boolean {
    return this.#parts.rejected.wasConflict({ encoded });
  }

  /** As {@link hasConflict}, for anything at or below a name, or a directory above it. */
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
