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

/** Of `flush`. */
export interface FlushReply {
  /** All that had been changed before is on the peers. */
  readonly complete: boolean;
  /** What is not, and why; empty if all is. */
  readonly pending: readonly FlushPending[];
  readonly waited_s: number;
}
