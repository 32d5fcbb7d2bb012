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
