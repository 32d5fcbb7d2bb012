import type { FlushPending } from '../daemon/flush/progress.js';
import type { RingPage } from './event-ring.js';

/**
 * The daemon's replies to the requests of the control socket, except the status. Paths are as they
 * are shown, except those of events. `docs/reference/commands.md` is made of these comments.
 */

/** The reply to `check`. */
export interface CheckReply {
  /** The paths that are checked, or with `--dry-run` would be, with everything below them. */
  readonly queued: readonly string[] | 'everything';
  /** The paths that are not checked, because csync2 synchronises nothing there. */
  readonly outside: readonly string[];
  /** Only with `--dry-run`: what the check would find now. */
  readonly found?: {
    /** How many files differ from what csync2 has noted of them. */
    readonly changed: number;
    /** How many files csync2 does not know. */
    readonly new: number;
    /** How many files csync2 knows that are not there: they would be deleted on the peers. */
    readonly deleted: number;
    /** The first thousand of them. */
    readonly paths: readonly {
      /** The path. */
      readonly path: string;
      /** How the file differs. */
      readonly what: 'changed' | 'new' | 'deleted';
    }[];
  };
}

/** The reply to `retry`. */
export interface RetryReply {
  /** The peers that are tried now. */
  readonly peers: readonly string[];
  /** The peers that are not tried, because they are paused. */
  readonly paused: readonly string[];
}

/** The reply to `pause`, sent when nothing is being sent to these peers any more. */
export interface PauseReply {
  /** The peers that are paused now. */
  readonly paused: readonly string[];
  /** The peers that were paused before. */
  readonly already: readonly string[];
}

/** The reply to `resume`. */
export interface ResumeReply {
  /** The peers that are sent to again. */
  readonly resumed: readonly string[];
  /** The peers that were not paused. */
  readonly not_paused: readonly string[];
}

/** The reply to `accept-root`. */
export interface AcceptRootReply {
  /** The directory; null with `--dry-run`. */
  readonly accepted: string | null;
  /** How many files csync2 knows in it that are not there; null if unknown. */
  readonly missing: number | null;
  /** The peers on which they are deleted. */
  readonly peers: readonly {
    /** Its name. */
    readonly peer: string;
    /** How many of them it has to delete. */
    readonly files: number;
  }[];
}

/** The reply to a successful `reload`. */
export interface ReloadReply {
  /** Settings that differ and need a restart to take effect. */
  readonly needs_restart: readonly string[];
}

/** The reply to `verify`. */
export interface VerifyReply {
  /** All peers were compared with, and nothing differs. */
  readonly equal: boolean;
  /** The result for each peer. */
  readonly peers: readonly VerifiedReply[];
}

/** The result of comparing with one peer. */
export interface VerifiedReply {
  /** Its name. */
  readonly peer: string;
  /** Why it could not be compared with; null if it was. */
  readonly error: string | null;
  /** Files and directories that both hosts should have. */
  readonly compared: number;
  /** How many of them differ and are pending. */
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
  /** This host's note of the file, in words; null if it has none. */
  readonly here: string | null;
  /** The peer's note of the file, likewise. */
  readonly there: string | null;
  /** The side that sends the file in a repair; `nobody` if you have to decide. */
  readonly sender: 'here' | 'there' | 'nobody';
}

/** The reply to `flush`. */
export interface FlushReply {
  /** Whether all earlier changes are on the peers. */
  readonly complete: boolean;
  /** The changes that are not on the peers, and why; empty if complete. */
  readonly pending: readonly FlushPending[];
  /** How long it waited. */
  readonly waited_s: number;
}

/** The reply to `conflicts`. */
export interface ConflictsReply {
  /**
   * Version of this format. It grows when a field changes its meaning or goes; fields may be added
   * at any time.
   */
  readonly schema: 1;
  /** This host's name in csync2.cfg. */
  readonly host: string;
  /** The conflicts, by path and peer; empty if there are none. */
  readonly conflicts: readonly ConflictReply[];
}

/** A file, or a tree, that this host and a peer have both changed. */
export interface ConflictReply {
  /** The path. */
  readonly path: string;
  /** The peer. */
  readonly peer: string;
  /** For how long. */
  readonly since_s: number;
  /** Only one host has a directory there, and all below it is part of this conflict. */
  readonly subtree: boolean;
  /** This host's side. */
  readonly here: SideReply;
  /** The peer's side; null if the peer did not tell. */
  readonly there: SideReply | null;
  /** Why the peer's side is not known; null if it is. */
  readonly error: string | null;
}

/** One side of a conflict, as csync2 has noted it there. */
export interface SideReply {
  /**
   * `file`, `directory`, `link`, `pipe`, `character device`, `block device`, `socket`; `removed` if
   * there is nothing.
   */
  readonly type: string;
  /** Bytes of a file; null for all else. */
  readonly size: number | null;
  /**
   * When it was changed last, ISO 8601, in whole seconds; of a subtree, the newest file in it; null
   * if csync2 notes no time.
   */
  readonly changed: string | null;
  /** Numbers of user and group, or their names; null if csync2 does not note them. */
  readonly owner: string | null;
  /** Permissions, octal; null if csync2 does not note them. */
  readonly mode: string | null;
  /** The target of a link; null for all else. */
  readonly target: string | null;
  /** How many files and directories of a subtree are below it; null for all else. */
  readonly entries: number | null;
}

/** The reply to `resolve`. */
export interface ResolveReply {
  /** Version of this format, as of `conflicts`. */
  readonly schema: 1;
  /** This host's name in csync2.cfg. */
  readonly host: string;
  /** Nothing was done. */
  readonly dry_run: boolean;
  /** Each conflict that was decided. */
  readonly resolved: readonly ResolvedReply[];
}

/** A conflict that was decided, with the two sides as they were. */
export interface ResolvedReply extends ConflictReply {
  /** The host whose version is kept. */
  readonly keep: string;
  /** The action, in words. */
  readonly action: string;
  /** `planned` (`--dry-run`), `done`, or `waiting`: decided, and not on both hosts yet. */
  readonly state: 'planned' | 'done' | 'waiting';
  /** What to do if it is still waiting; null otherwise. */
  readonly hint: string | null;
}

/** The reply to `events`. */
export interface EventsReply extends RingPage {
  /** Another one: the daemon has been restarted, and `after` means nothing to it. */
  readonly run: string;
}
