import type { PushedRow, PushOutcome } from '../../../csync2/database/private-database.js';
import { saidName } from '../../../csync2/files/name-encoding.js';
import type { PathBytes } from '../../../text/path-bytes.js';
import { isBehindLink } from '../../common/stat-of.js';
import type { PendingFiles } from './pending-files.js';

/** The parts of {@link DoubtfulDeletions}. */
export interface DoubtParts {
  readonly files: PendingFiles;
  /** Whether a path lies at or below a missing place. */
  readonly isHeld: (path: PathBytes) => boolean;
}

/**
 * Finds files that a push may have deleted on the peer by mistake, because they were only out of
 * sight here. Between our last look and csync2's own, a disk may have gone, and even come back, or
 * failed for a moment. Such files stay pending, so that the peer gets them again when they are in
 * sight.
 */
export class DoubtfulDeletions {
  readonly #parts: DoubtParts;
  /** How often in a row csync2 has taken a file in plain sight for deleted. */
  readonly #inARow = new Map<string, number>();

  constructor(parts: DoubtParts) {
    this.#parts = parts;
  }

  /**
   * The outcome without the doubtful rows, which are neither sent nor left. Call it after csync2
   * has ended and the places have been looked at once more.
   *
   * @param deleted - names that csync2 has asked the peer to delete, one character a byte
   */
  without(outcome: PushOutcome, deleted: ReadonlySet<string>): PushOutcome {
    const sent = outcome.sent.filter((row) => !this.#isDoubtful(row, deleted));
    return sent.length === outcome.sent.length ? outcome : { ...outcome, sent };
  }

  #isDoubtful(row: PushedRow, deleted: ReadonlySet<string>): boolean {
    const { files, isHeld } = this.#parts;
    const path = files.path(row.encoded);
    if (!path) return false;
    const key = row.encoded.toString('latin1');
    const sight = files.sight(row.encoded);
    if (sight === 'unreadable' || isHeld(path)) return true;
    const isMistaken = sight === 'there' && deleted.has(saidName(row)) && !isBehindLink(path);
    const times = isMistaken ? (this.#inARow.get(key) ?? 0) + 1 : 0;
    if (times > 0) this.#inARow.set(key, times);
    else this.#inARow.delete(key);
    // If csync2 deletes the file again and again, it may have a reason of its own, and gets its
    // way.
    return times > 0 && times <= mostInARow;
  }
}

const mostInARow = 3;
