import type { PendingRow } from '../../../csync2/database/pending-table.js';
import type { RefusalClassifier } from './refusal-classifier.js';
import type { RejectedRows } from './rejected-rows.js';

/**
 * Chooses the row that is pushed alone, so that csync2 tells why the peer rejects it. A row is
 * asked about when nothing else waits, but soon in any case.
 */
export class Question {
  readonly #rejected: RejectedRows;
  readonly #refusal: RefusalClassifier;
  #isUrgent = false;
  /** When a row was asked about last, by the clock of `performance`. */
  #askedAt = 0;

  constructor(rejected: RejectedRows, refusal: RefusalClassifier) {
    this.#rejected = rejected;
    this.#refusal = refusal;
  }

  /** Asks about a row alone in the next push, even if others wait. */
  hurry(): void {
    this.#isUrgent = true;
  }

  /** The row that is asked about, of the rows that may be pushed now; undefined for none. */
  choose(rows: readonly PendingRow[]): PendingRow | undefined {
    if (this.#refusal.isPeer) return rows[0];
    const suspects = rows.filter((row) => this.#rejected.isSuspect(row));
    // A row that has overtaken the others tells nothing of the reason that holds them.
    if (suspects.length === 0) return undefined;
    const isTime = this.#isUrgent || performance.now() - this.#askedAt > askMilliseconds;
    if (suspects.length < rows.length && !isTime) return undefined;
    this.#isUrgent = false;
    this.#askedAt = performance.now();
    return this.#rejected.longestWaiting(suspects);
  }
}

/** How long rows that were refused wait for fresh changes before one is asked about. */
const askMilliseconds = 1000;
