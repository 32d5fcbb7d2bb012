import type { Diagnosis } from '../../csync2/refusals/diagnosis.js';
import type { Outcome } from '../../csync2/run/result.js';
import type { PathBytes } from '../../text/path-bytes.js';
import type { HeldPath } from './refused/rejected.js';

/** The state of a lane, which sends to one peer; see {@link laneStateText}. */
export type LaneState = 'idle' | 'updating' | 'waiting' | 'paused' | 'stopped';

/** One phrase for each state. */
export const laneStateText: Readonly<Record<LaneState, string>> = {
  idle: 'nothing pending',
  updating: 'sending',
  waiting: 'waiting to try again',
  paused: 'paused: nothing is sent until it is resumed',
  stopped: 'stopped',
};

/** Stage 2 for one peer, implemented by `PeerLane` and `SharedLane`. */
export interface Lane {
  readonly peer: string;
  /** Something may be pending for the peer. */
  wake(): void;
  /** Ends the wait after a failure now. */
  retry(): void;
  /** Ends a running push if it may send something at or below a path that is out of sight. */
  halt(path: PathBytes): void;
  /**
   * A session of csync2's server has marked a file, by its name in the database: either the file
   * had changed, or it was pending for some peer when a peer offered another version. `isOffered`:
   * the session was this peer's. `at`: when, in milliseconds since 1970.
   */
  marked?(encoded: Buffer, isOffered: boolean, at: number): void;
  /**
   * The peer has been paused. Begins no update, and resolves when none runs. An update that takes
   * seconds is ended.
   */
  pause(): Promise<void>;
  /**
   * The peer has been resumed. Sends at once all that waits, also files that the peer had rejected.
   */
  resume(): void;
  /** Resolves when the lane does nothing at the moment. */
  rest(): Promise<void>;
  status(): LaneStatus;
  /** Ends a running push. The files that it had not sent stay pending. */
  stop(): Promise<void>;
}

/** A lane's state for people and scripts. Times are milliseconds since 1970. */
export interface LaneStatus {
  readonly peer: string;
  readonly state: LaneState;
  /** Since when the peer has been paused; undefined if it is not paused. */
  readonly pausedSince?: number | undefined;
  /** Why the last run failed, if it did. */
  readonly reason: Outcome | undefined;
  readonly failingSince: number | undefined;
  readonly nextAttemptAt: number | undefined;
  readonly lastSentAt: number | undefined;
  /** Files pending when the lane last looked; undefined if that can't be read. */
  readonly pending: number | undefined;
  /** Since when something has been pending without a break; undefined if that can't be read. */
  readonly pendingSince: number | undefined;
  readonly sent: number;
  /** The first of the files that the peer rejects, and the number of all of them. */
  readonly onHold: readonly HeldPath[];
  readonly onHoldCount: number;
  /** How many of them were changed on both sides; undefined where that can't be told. */
  readonly conflictCount?: number;
  /**
   * Files that are held back because this host can't look at them, as far as the lane has met them.
   */
  readonly unreadable?: number;
}

/** A file that a peer has accepted. Times are milliseconds since 1970. */
export interface AcceptedFile {
  /** On this host. */
  readonly path: PathBytes;
  readonly kind: 'file' | 'directory' | 'link' | 'other' | 'removal';
  /** When csync2 came to the file. It sent the file as it was then, or a moment later. */
  readonly begunAt: number;
  /** When the peer had accepted it. */
  readonly at: number;
}

/** One push, for logs. */
export interface PushReport {
  readonly peer: string;
  readonly sent: number;
  readonly left: number;
  readonly outcome: Outcome;
  /** The message of csync2 or the peer, for people. */
  readonly text: string;
  readonly seconds: number;
  /** The names of the sent and the left files, if they are few. */
  readonly names: readonly Buffer[];
  /** The names of the sent files that the peer had not taken before. */
  readonly taken?: readonly Buffer[];
  /**
   * The files that the peer has accepted, without those it had already; undefined if only the
   * number is known.
   */
  readonly accepted?: readonly AcceptedFile[];
  /**
   * The path, on this host, of the file that the `diagnosis` is about, if the peer had not rejected
   * it before for this reason.
   */
  readonly rejected?: PathBytes;
  /** The reason is the peer as a whole, and not single files. */
  readonly isAboutPeer: boolean;
  /** Set when csync2 was asked why the peer does not take a file. */
  readonly diagnosis?: Diagnosis;
}
