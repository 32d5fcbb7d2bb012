import type { QueuePosition } from './cursor.js';
import type { QueueEntry } from './entry.js';
import type { QueueTrouble } from './errors.js';
import type { Files } from './files.js';

export interface QueueOptions {
  /** The queue's name: segments are `FILE.NNNNNN`, beside them `FILE.cursor` and `FILE.lock`. */
  readonly file: string;
  /** Records read until a new segment is begun and `onReset` called. */
  readonly linesUntilReset: number;
  /**
   * The changes that a run without a clean stop had seen and not yet written: `lost`, which makes a
   * full check due, or `none`, if there certainly were none. Default `lost`.
   */
  readonly unwritten?: 'lost' | 'none';
  /** Bytes at which a new segment is begun; default 16 MiB. */
  readonly segmentBytes?: number;
  /**
   * When this many bytes of records are not done, one full check replaces all of them; default 256
   * MiB.
   */
  readonly maxBytes?: number;
  /** The file system, for tests. */
  readonly files?: Files;
  /** Unix time in ms. */
  readonly now?: () => number;
  /** Called at the end of the `commit` with which `linesUntilReset` records have been read. */
  readonly onReset?: () => void;
  /** A full check is due, for another reason than before. */
  readonly onFullCheckDue?: () => void;
  readonly onTrouble?: (trouble: QueueTrouble) => void;
  /** An action that had failed, as reported to `onTrouble`, has succeeded. */
  readonly onWell?: (trouble: QueueTrouble['trouble']) => void;
}

/** The state of the queue at its start. */
export interface QueueRecovery {
  /** The last run did not stop cleanly. */
  readonly unclean: boolean;
  /** Why a full check is due after this start, if it is. */
  readonly reason?: string;
  /** Records that were not done. */
  readonly pending: number;
}

/** Records that must be worked on. */
export interface ReadBatch {
  readonly entries: readonly QueueEntry[];
  /** The place to `commit` when all entries are done. */
  readonly end: QueuePosition;
  /** When the oldest of them was written, unix time in ms. */
  readonly oldestAt: number;
  /** A limit was reached: more is waiting. */
  readonly full: boolean;
}
