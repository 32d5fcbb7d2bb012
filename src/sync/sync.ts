import type { PathBytes } from '../text/path-bytes.js';
import type { Comparisons } from './create-comparisons.js';
import type { DetectedLate } from './full-check/detected-late.js';
import type { Preview } from './full-check/preview.js';
import type { UnsupportedPaths } from './full-check/unsupported-paths.js';
import type { RootGuard } from './guard/root-guard.js';
import type { NewcomerState } from './newcomers/newcomers.js';
import type { SyncParts } from './parts.js';
import type { Lane, PushReport } from './push/lane.js';
import type { Scheduler } from './scheduler.js';

/** What the sync stage offers to the daemon. */
export interface Sync {
  readonly scheduler: Scheduler;
  readonly lanes: readonly Lane[];
  readonly guard: RootGuard;
  readonly detectedLate: DetectedLate;
  readonly unsupported: UnsupportedPaths;
  /** Who checks changed files: see {@link SyncParts.checker}. */
  readonly checker: SyncParts['checker'];
  /** Whether something is still to be marked that a check which was cut short may have torn. */
  isMarking(): boolean;
  /** The peers whose first comparison is still to come, with its state. */
  newPeers(): ReadonlyMap<string, NewcomerState>;
  /**
   * Compares with a peer; undefined where updates work on csync2's own database. See
   * {@link Comparisons.verify}.
   */
  readonly verify: Comparisons['verify'] | undefined;
  /**
   * Sends nothing more to these peers, which are noted as paused; resolves when nothing is on its
   * way to them.
   */
  pause(peers: readonly string[]): Promise<void>;
  /** Sends what waits for these peers, which are no longer noted as paused. */
  resume(peers: readonly string[]): void;
  /**
   * What this host and its peers have both changed; undefined where updates work on csync2's own
   * database.
   */
  readonly conflicts: Comparisons['conflicts'] | undefined;
  /** Tells what a check would find; undefined where csync2's database can't be read. */
  readonly preview: Preview | undefined;
  /** Outermost included paths: what a full check looks at. */
  readonly roots: readonly PathBytes[];
  /**
   * The files, on this host, that a peer lacks; undefined where csync2's database can't be read.
   */
  lackedBy(peer: string): readonly PathBytes[] | undefined;
  /** The files, on this host, that names of csync2's database stand for. */
  placesOf(names: readonly Buffer[]): PathBytes[];
  /** Calls `onPush` after each push, until the returned function is called. */
  listen(onPush: (report: PushReport) => void): () => void;
  /**
   * Whether updates work on csync2's own database, and may take off marks that they make again
   * before they end.
   */
  readonly isShared: boolean;
  /** Whether csync2's database can't be read, so that csync2 has to be asked what is pending. */
  readonly isCounted: boolean;
  /**
   * Asks csync2 how many files are pending for each peer that lacks any; undefined if it could not
   * tell.
   */
  countPending(): Promise<ReadonlyMap<string, number> | undefined>;
  /** How the lanes work and why, for the status. */
  readonly strategy: string;
  /** Sends what is pending from before, and brings new peers up to date. */
  start(): void;
  /** After an unclean stop: see {@link Checker.repair}. */
  repair(): Promise<void>;
  close(): Promise<void>;
}
