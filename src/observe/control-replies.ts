import type { FlushPending } from '../daemon/flush/progress.js';

/** What the daemon answers the requests of the control socket with, beside the status. Paths are as they are shown. */

/** Of `check`. */
export interface CheckReply {
  /** What is checked, with all below it. */
  readonly queued: readonly string[] | 'everything';
  /** What is not, because csync2 synchronises nothing there. */
  readonly outside: readonly string[];
}

/** Of `retry`. */
export interface RetryReply {
  readonly peers: readonly string[];
}

/** Of `accept-root`. */
export interface AcceptRootReply {
  readonly accepted: string;
}

/** Of `reload`, which worked. */
export interface ReloadReply {
  /** Settings that differ and need a restart to take effect. */
  readonly needs_restart: readonly string[];
}

/** Of `verify`. */
export interface VerifyReply {
  /** All peers were compared with, and nothing differs. */
  readonly equal: boolean;
  readonly peers: readonly VerifiedReply[];
}

/** What came of comparing with one peer. */
export interface VerifiedReply {
  readonly peer: string;
  /** Why it could not be compared with; null: it was. */
  readonly error: string | null;
  /** Files and directories that both sides should have alike. */
  readonly compared: number;
  /** Those of them that differ and are on their way to the peer. */
  readonly pending: number;
  /** The first of those that differ while nothing of them is on its way. */
  readonly differences: readonly DifferenceReply[];
  /** How many there are in all. */
  readonly different: number;
  /** How many this host sends now, since it was asked to. */
  readonly repaired: number;
}

/** A file that differs. */
export interface DifferenceReply {
  readonly path: string;
  /** What each side has noted, for people; null: it has none. */
  readonly here: string | null;
  readonly there: string | null;
  /** Who sends it to the other in a repair; `nobody`: a person has to decide. */
  readonly sender: 'here' | 'there' | 'nobody';
}

/** Of `flush`. */
export interface FlushReply {
  /** All that had been changed before is on the peers. */
  readonly complete: boolean;
  /** What is not, and why; empty if all is. */
  readonly pending: readonly FlushPending[];
  readonly waited_s: number;
}
