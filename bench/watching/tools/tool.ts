/** One watcher that is measured. Its parts run in a process of its own (tool-process.ts). */
export interface Tool {
  /** Its key in the JSON object. */
  readonly name: string;
  /** How people know it. */
  readonly title: string;
  /** Where it comes from; absent for what is there anyway. */
  readonly source?: Source;
  /** Loads or starts everything that is not the watching itself. */
  load(place: Place): Promise<Loaded>;
}

/** A package and its version, or a Debian package. */
export type Source = { readonly npm: string } | { readonly apt: string };

/** Where a tool's parts are. */
export interface Place {
  /** Directory that it has been installed in; empty without a source. */
  readonly installed: string;
  /** An empty directory for files of its own. */
  readonly scratch: string;
}

export interface Loaded {
  /** Watches everything below `root`. Resolves when the last watch stands. */
  open(root: string, sink: Sink): Promise<Watching>;
}

/**
 * Told every path that the tool reports; `below` when the report means everything below it, too.
 */
export type Sink = (path: string, below?: boolean) => void;

export interface Watching {
  /** The process that holds the watches. */
  readonly pid: number;
  /** How often it says it has lost events; absent where it can't say so. */
  readonly overflows?: () => number;
  close(): unknown;
}
