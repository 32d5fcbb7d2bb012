/** One way to keep the hosts equal: what is compared. */
export interface Side {
  readonly name: string;
  /** Starts it on all hosts. Resolves when nothing is left to do. */
  start(): Promise<void>;
  /**
   * Brings what has changed on the sender to the peers; only where nothing watches.
   *
   * @param path - what has changed, as the host names it
   * @param recursive - and all below it
   */
  sync?(path: string, recursive: boolean): Promise<void>;
  /** Ends it on all hosts. */
  stop(): Promise<void>;
}
