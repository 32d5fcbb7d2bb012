import type { DirtyRow } from '../csync2/ledger.js';
import type { Outcome } from '../csync2/result.js';

/** A file that a peer does not take. */
export interface ParkedPath {
  readonly name: Buffer;
  readonly reason: Outcome;
  /** What the peer said, if it is more than the reason tells. */
  readonly detail: string;
  readonly failures: number;
  /** When it is tried again, milliseconds since 1970. */
  readonly until: number;
}

/**
 * Files that fail at a peer that is otherwise up: a conflict, a directory that holds foreign files. Each rests for a
 * moment, is asked about the second time, and is parked the third time: left out of the pushes, so that it doesn't
 * fail every run, and tried again rarely. A new change of the file releases it at once.
 *
 * A change is told by the file's stamp, and not by its row in the debt: a peer that pushes the same file to us in
 * vain has csync2 mark it here anew each time.
 */
export class ParkedPaths {
  readonly #counted = new Map<string, Counted>();

  /**
   * Whether a row rests or is parked now.
   *
   * @param stamp - what the file is like; only asked for when the row has failed before
   * @param isAmongNewest - if not, the file is only looked at if it has another rowid than at the last look
   */
  has(row: DirtyRow, stamp: () => string, now = Date.now(), isAmongNewest = true): boolean {
    const counted = this.#find(row);
    if (!counted) return false;
    // A file that has changed is marked again, and then among the newest. To look at each of 100,000 files before each
    // push would take longer than the push.
    const isOld = !isAmongNewest && row.rowid === counted.rowid;
    if (isOld || counted.stamp === stamp()) {
      counted.rowid = row.rowid;
      return now < counted.until;
    }
    this.#counted.delete(keyOf(row));
    return false;
  }

  /** Whether a row has failed as often as to be asked about alone. */
  isSuspect(row: DirtyRow): boolean {
    return this.#find(row)?.failures === failuresToPark - 1;
  }

  /** Whether a row has failed, and not been sent since. */
  hasFailed(row: DirtyRow): boolean {
    return this.#find(row) !== undefined;
  }

  /** Whether a row is to be pushed with force. */
  isForced(row: DirtyRow): boolean {
    return this.#find(row)?.forced ?? false;
  }

  /** The rows that are parked: how many, and the first of them. */
  list(limit: number): { readonly count: number; readonly first: readonly ParkedPath[] } {
    const first: ParkedPath[] = [];
    let count = 0;
    for (const counted of this.#counted.values()) {
      if (counted.failures < failuresToPark || counted.forced) continue;
      if (++count <= limit) first.push(counted);
    }
    return { count, first };
  }

  failed(row: DirtyRow, stamp: string, why: { reason: Outcome; detail: string }, now: number): void {
    const failures = (this.#find(row)?.failures ?? 0) + 1;
    const seconds = restSeconds[failures - 1] ?? (why.reason === 'denied' ? deniedSeconds : parkSeconds);
    const until = now + seconds * 1000;
    const { rowid, encoded: name } = row;
    this.#counted.set(keyOf(row), { name, rowid, stamp, ...why, failures, until, forced: false });
  }

  /** The row is to be pushed with force, now. */
  force(row: DirtyRow): void {
    const counted = this.#find(row);
    if (counted) this.#counted.set(keyOf(row), { ...counted, until: 0, forced: true });
  }

  forget(rows: readonly DirtyRow[]): void {
    for (const row of rows) this.#counted.delete(keyOf(row));
  }

  /** When the next of these rows is due, milliseconds since 1970. All others are no longer owed, and forgotten. */
  nextRelease(owed: readonly DirtyRow[]): number | undefined {
    const keys = new Set(owed.map(keyOf));
    for (const key of this.#counted.keys()) if (!keys.has(key)) this.#counted.delete(key);
    let first: number | undefined;
    for (const { until } of this.#counted.values()) first = Math.min(first ?? until, until);
    return first;
  }

  /** Releases all, to be tried at once. */
  release(): void {
    this.#counted.clear();
  }

  #find(row: DirtyRow): Counted | undefined {
    return this.#counted.get(keyOf(row));
  }
}

interface Counted extends ParkedPath {
  /** At the last look at the file. */
  rowid: number;
  readonly stamp: string;
  readonly forced: boolean;
}

function keyOf(row: DirtyRow): string {
  return row.encoded.toString('latin1');
}

const failuresToPark = 3;
const restSeconds = [1, 2];
const parkSeconds = 600;
/** It may be that only a disk is missing on the peer. */
const deniedSeconds = 60;
