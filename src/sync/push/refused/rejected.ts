import type { DirtyRow } from '../../../csync2/database/ledger.js';
import type { Outcome } from '../../../csync2/run/result.js';

/** A file that a peer has rejected. */
export interface HeldPath {
  readonly name: Buffer;
  readonly reason: Outcome;
  /** What the peer said, if it is more than the reason tells. */
  readonly detail: string;
  readonly failures: number;
  /** When it is tried again, milliseconds since 1970. */
  readonly until: number;
}

/** A file that is in conflict with what a peer has. */
export interface HeldConflict {
  /** As the database has it. */
  readonly name: Buffer;
  /** When the peer called it changed on both sides first; milliseconds since 1970. */
  readonly since: number;
}

/** What is known of a row that was refused. */
export type RowState =
  /** It has failed together with others, and is to be asked about alone. */
  | 'suspect'
  /** It is tried again in a moment: something else goes first, or both sides are compared. */
  | 'again'
  /** It may be taken later: one of those that were refused alike is tried now and then. */
  | 'later'
  /** Both sides have changed it. */
  | 'conflict'
  /** A directory above it was refused: it goes when that has been taken. */
  | 'behind';

/** All that is known of a row that was refused. */
export interface Rejected extends HeldPath {
  state: RowState;
  reason: Outcome;
  detail: string;
  failures: number;
  until: number;
  group: string | undefined;
  /** When the peer called it changed on both sides first. */
  conflictSince: number | undefined;
  /** The directory that it waits for, in the state `behind`. */
  behind: string | undefined;
  /** At the last look at the file. */
  rowid: number;
  stamp: string;
  /** When it was refused last. */
  lastAt: number;
  forced: boolean;
}

export function newRejected({ encoded: name, rowid }: DirtyRow, stamp: string): Rejected {
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

export function keyOf({ encoded }: Pick<DirtyRow, 'encoded'>): string {
  return encoded.toString('latin1');
}

export function directoryOf(encoded: Buffer): string {
  return encoded.toString('latin1', 0, Math.max(0, encoded.lastIndexOf('/')));
}

export function reasonOf({ reason, detail }: HeldPath): string {
  return `${reason} ${detail}`;
}

/**
 * What hinders one thing hinders others, wherever they are; a conflict is that of a file, or of a
 * directory that was removed.
 */
export function isRefusedAlike(one: Rejected, other: Rejected): boolean {
  const isSame = reasonOf(one) === reasonOf(other);
  return isSame && (one.reason !== 'conflict' || directoryOf(one.name) === directoryOf(other.name));
}
