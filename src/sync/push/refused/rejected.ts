import type { PendingRow } from '../../../csync2/database/pending-table.js';
import type { Outcome } from '../../../csync2/run/result.js';

/** A file that a peer has rejected. */
export interface HeldPath {
  readonly name: Buffer;
  readonly reason: Outcome;
  /** The peer's answer, if it says more than the reason. */
  readonly detail: string;
  readonly failures: number;
  /** When the file is tried again, in milliseconds since 1970. */
  readonly until: number;
}

/** A file that is in conflict with what a peer has. */
export interface HeldConflict {
  /** The name in the database. */
  readonly name: Buffer;
  /** When the peer first called the file changed on both sides, in milliseconds since 1970. */
  readonly since: number;
}

/** The state of a row that was refused. */
export type RowState =
  /** The row has failed together with others, and must be asked about alone. */
  | 'suspect'
  /** The row is tried again in a moment: another row goes first, or both sides are compared. */
  | 'again'
  /**
   * The peer may take the row later: one of the rows that were refused alike is tried now and then.
   */
  | 'later'
  /** Both sides have changed the file. */
  | 'conflict'
  /** A directory above the row was refused: the row goes when the peer has taken that directory. */
  | 'behind';

/** All that is known of a row that was refused. */
export interface Rejected extends HeldPath {
  state: RowState;
  reason: Outcome;
  detail: string;
  failures: number;
  until: number;
  group: string | undefined;
  /** When the peer first called the file changed on both sides. */
  conflictSince: number | undefined;
  /** The directory that the row waits for, in the state `behind`. */
  behind: string | undefined;
  /** The rowid at the last look at the file. */
  rowid: number;
  stamp: string;
  /** When the row was refused last. */
  lastAt: number;
  forced: boolean;
}

export function newRejected({ encoded: name, rowid }: PendingRow, stamp: string): Rejected {
  const said = { reason: 'refused', detail: '', failures: 0, group: undefined } as const;
  const times = { until: 0, lastAt: 0, conflictSince: undefined };
  return {
    name,
    rowid,
    stamp,
    state: 'suspect',
    ...said,
    ...times,
    behind: undefined,
    forced: false,
  };
}

export function keyOf({ encoded }: Pick<PendingRow, 'encoded'>): string {
  return encoded.toString('latin1');
}

export function directoryOf(encoded: Buffer): string {
  return encoded.toString('latin1', 0, Math.max(0, encoded.lastIndexOf('/')));
}

export function reasonOf({ reason, detail }: HeldPath): string {
  return `${reason} ${detail}`;
}

/**
 * Whether two rows were refused for the same reason. A reason holds in all directories; but a
 * conflict belongs to a file, or to a directory that was removed.
 */
export function isRefusedAlike(one: Rejected, other: Rejected): boolean {
  const isSame = reasonOf(one) === reasonOf(other);
  return isSame && (one.reason !== 'conflict' || directoryOf(one.name) === directoryOf(other.name));
}
