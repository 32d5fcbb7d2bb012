import type { ServerState } from '../csync2/server/server.js';
import type { Session } from '../csync2/server-log/session-log.js';
import type { RefusedOthers, RefusedPeer } from '../csync2/sessions/refused-sessions.js';
import type { FailedPath } from '../sync/check/failed-path.js';
import type { UnsupportedSummary } from '../sync/full-check/unsupported-paths.js';
import type { GuardedRoot } from '../sync/guard/root-guard.js';
import type { LaneStatus } from '../sync/push/lane.js';
import type { SchedulerState } from '../sync/scheduler.js';
import type { BacklogPace } from './backlog.js';
import type { RecentTrouble } from './recent-troubles.js';

/** The sources of the status. Times are milliseconds since 1970. */
export interface StatusSources {
  readonly host: string;
  readonly version: string;
  readonly strategy: string;
  readonly startedAt: number;
  readonly scheduler: SchedulerState;
  readonly directories: number;
  /** Topmost directories that are not watched for want of watches, and those that can't be read. */
  readonly unwatched: number;
  readonly unreadable: number;
  readonly queue: {
    readonly depth: number;
    readonly oldestAt: number | undefined;
    readonly resets: number;
  };
  readonly fullCheckDue: { readonly reason: string; readonly since: number } | undefined;
  /** How often, in a row, a full check could not be completed, and when it is tried again. */
  readonly fullCheckTries: { readonly failures: number; readonly nextAt: number };
  /** What is wrong with the configuration on disk, while an older one is in use. */
  readonly configTroubles: readonly ConfigTrouble[];
  /** Peers that have not been compared yet, and why the last try failed. */
  readonly newPeers: ReadonlyMap<string, Comparing>;
  /** Who checks files; how many were checked without csync2, and how many were left to it. */
  readonly checks: {
    readonly checker: 'csync2' | 'auto';
    readonly here: number;
    readonly left: ReadonlyMap<string, number>;
  };
  readonly detectedLate: { readonly count: number; readonly paths: readonly string[] };
  readonly roots: readonly GuardedRoot[];
  readonly lanes: readonly LaneStatus[];
  /** How fast what is pending goes to each peer. */
  readonly paces: ReadonlyMap<string, BacklogPace>;
  readonly deferred: { readonly count: number; readonly first: readonly FailedPath[] };
  readonly unsupported: UnsupportedSummary;
  readonly server: ServerState | 'external';
  readonly sessions: ReadonlyMap<number, Session>;
  readonly received: ReadonlyMap<string, number>;
  /** Peers whose sessions csync2's server refuses, how many it has refused of each, and others. */
  readonly refused: {
    readonly peers: readonly RefusedPeer[];
    readonly counts: ReadonlyMap<string, number>;
    readonly others: RefusedOthers;
  };
  readonly recentTroubles: readonly RecentTrouble[];
  /** How many paths are left out, for who may not see them; undefined: none. */
  readonly pathsLeftOut?: number;
}

/** A mistake in the settings or in csync2.cfg. */
export interface ConfigTrouble {
  readonly message: string;
  readonly hint: string;
  readonly since: number;
}

/** The state of a new peer. */
export interface Comparing {
  /** Since when it could not be compared with; undefined: it has not failed yet. */
  readonly failingSince: number | undefined;
  readonly reason: string;
}
