import type { FlushPending } from '../daemon/flush/progress.js';
import type { RingPage } from './event-ring.js';

/**
 * What the daemon answers the requests of the control socket with, beside the status. Paths are as they are shown, but for those
 * of events. `docs/reference/commands.md` is made of these comments.
 */

/** Of `check`. */
export interface CheckReply {
  /** What is checked, with everything below it. */
  readonly queued: readonly string[] | 'everything';
  /** What is not checked, because csync2 synchronises nothing there. */
  readonly outside: readonly string[];
}

/** Of `retry`. */
export interface RetryReply {
  /** The peers that are tried now. */
  readonly peers: readonly string[];
  /** Those that are not, because they are paused. */
  readonly paused: readonly string[];
}

/** Of `pause`, which answers when nothing is on its way to these peers. */
export interface PauseReply {
  /** The peers that are paused now. */
  readonly paused: readonly string[];
  /** Those that were paused before. */
  readonly already: readonly string[];
}

/** Of `resume`. */
export interface ResumeReply {
  /** The peers that are sent to again. */
  readonly resumed: readonly string[];
  /** Those that were not paused. */
  readonly not_paused: readonly string[];
}

/** Of `accept-root`. */
export interface AcceptRootReply {
  /** The directory. */
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
  /** The result for each peer. */
  readonly peers: readonly VerifiedReply[];
}

/** What came of comparing with one peer. */
export interface VerifiedReply {
  /** Its name. */
  readonly peer: string;
  /** Why it could not be compared with; null if it was. */
  readonly error: string | null;
  /** Files and directories that both hosts should have. */
  readonly compared: number;
  /** Those of them that differ and are pending. */
  readonly pending: number;
  /** The first of those that differ and are not pending. */
  readonly differences: readonly DifferenceReply[];
  /** How many differ and are not pending. */
  readonly different: number;
  /** How many this host sends now, with `--repair`. */
  readonly repaired: number;
}

/** A file that differs. */
export interface DifferenceReply {
  /** The path. */
  readonly path: string;
  /** What this host has noted, in words; null if nothing. */
  readonly here: string | null;
  /** What the peer has noted. */
  readonly there: string | null;
  /** Who sends it to the other in a repair; `nobody`: you have to decide. */
  readonly sender: 'here' | 'there' | 'nobody';
}

/** Of `flush`. */
export interface FlushReply {
  /** Whether all earlier changes are on the peers. */
  readonly complete: boolean;
  /** What is not on the peers, and why; empty if complete. */
  readonly pending: readonly FlushPending[];
  /** How long it waited. */
  readonly waited_s: number;
}

/** Of `events`. */
export interface EventsReply extends RingPage {
  /** Another one: the daemon has been restarted, and `after` means nothing to it. */
  readonly run: string;
}
