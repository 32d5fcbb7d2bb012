import { type Outcome, outcomeText } from '../csync2/run/result.js';
import { type ServerState, serverStateText } from '../csync2/server/server.js';
import type { Session } from '../csync2/server-log/session-log.js';
import type { FailedPath } from '../sync/check/failed-path.js';
import type { UnsupportedSummary } from '../sync/full-check/unsupported-paths.js';
import { type GuardedRoot, rootText } from '../sync/guard/root-guard.js';
import { type LaneStatus, laneStateText } from '../sync/push/lane.js';
import { type SchedulerState, schedulerStateText } from '../sync/scheduler.js';
import { display, displayShort } from '../text/path-bytes.js';

/** Everything the status is made of. Times are milliseconds since 1970. */
export interface StatusSources {
  readonly host: string;
  readonly strategy: string;
  readonly startedAt: number;
  readonly scheduler: SchedulerState;
  readonly directories: number;
  /** Topmost directories that are not watched for want of watches, and those that can't be read. */
  readonly unwatched: number;
  readonly unreadable: number;
  readonly queue: { readonly depth: number; readonly oldestAt: number | undefined; readonly resets: number };
  readonly fullCheckDue: { readonly reason: string; readonly since: number } | undefined;
  /** How often, in a row, a full check could not be completed, and when it is tried again. */
  readonly fullCheckTries: { readonly failures: number; readonly nextAt: number };
  /** What is wrong with the configuration on disk, while an older one is in use. */
  readonly configTroubles: readonly ConfigTrouble[];
  /** Peers that have not been compared with, and why the last try has failed. */
  readonly newPeers: ReadonlyMap<string, Comparing>;
  readonly detectedLate: { readonly count: number; readonly paths: readonly string[] };
  readonly roots: readonly GuardedRoot[];
  readonly lanes: readonly LaneStatus[];
  readonly deferred: { readonly count: number; readonly first: readonly FailedPath[] };
  readonly unsupported: UnsupportedSummary;
  readonly server: ServerState | 'external';
  readonly sessions: ReadonlyMap<number, Session>;
  readonly received: ReadonlyMap<string, number>;
}

/** A mistake in the settings or in csync2.cfg. */
export interface ConfigTrouble {
  readonly message: string;
  readonly hint: string;
  readonly since: number;
}

/** How it stands with a peer that is new. */
export interface Comparing {
  /** Since when it could not be compared with; undefined: it has not failed yet. */
  readonly failingSince: number | undefined;
  readonly reason: string;
}

/** The status as `status --json` prints it. Ages are in seconds; `health` decides the exit code. */
export interface Status {
  /** Grows when a field changes its meaning or goes; further fields may come. */
  readonly schema: 1;
  readonly health: 'healthy' | 'degraded';
  /** What is wrong, one sentence each; empty when healthy. */
  readonly problems: readonly string[];
  readonly host: string;
  readonly strategy: string;
  readonly uptime_s: number;
  readonly state: SchedulerState;
  readonly state_text: string;
  readonly directories: number;
  /** Topmost directories that are not watched because the watch limit is reached; they are checked now and then. */
  readonly unwatched: number;
  /** Directories that can't be read. */
  readonly unreadable: number;
  readonly queue: { readonly depth: number; readonly oldest_s: number | null; readonly resets: number };
  readonly full_check_due: {
    readonly reason: string;
    readonly age_s: number;
    /** How often, in a row, it could not be completed. */
    readonly failures: number;
  } | null;
  /** What is wrong with the settings or csync2.cfg on disk; an older configuration is in use meanwhile. */
  readonly config_troubles: readonly {
    readonly message: string;
    readonly hint: string;
    readonly age_s: number;
  }[];
  /** Changes that only a periodic full check found: the watcher should have. */
  readonly detected_late: { readonly count: number; readonly paths: readonly string[] };
  /** Included directories, and what is or was mounted in them. */
  readonly roots: readonly RootStatus[];
  readonly peers: readonly PeerStatus[];
  /** Paths that csync2 could not check and that are tried again: the first of them, and how many. */
  readonly deferred: readonly { readonly path: string; readonly reason: string }[];
  readonly deferred_count: number;
  /** Paths that stay on this host, because csync2 can't handle them: how many are known, and the first of them. */
  readonly unsupported: { readonly count: number; readonly more: boolean; readonly paths: readonly string[] };
  readonly server: {
    readonly state: string;
    readonly sessions: readonly { readonly pid: number; readonly from: string; readonly files: number }[];
    readonly received: Readonly<Record<string, number>>;
  };
}

/** A place that has to be there before anything at or below it is checked or sent. */
export interface RootStatus {
  readonly path: string;
  readonly state: string;
  readonly text: string;
  /** Set for a mount point that no include names. */
  readonly mount?: true;
}

/**
 * `retrying`: it could not be reached a moment ago, as when it restarts; `new`: it has not been compared with yet, so
 * that nobody knows what it lacks.
 */
export type PeerHealth = 'ok' | 'retrying' | 'failing' | 'new';

export interface PeerStatus {
  readonly name: string;
  readonly health: PeerHealth;
  readonly state: string;
  readonly state_text: string;
  readonly reason: string | null;
  readonly reason_text: string | null;
  readonly failing_s: number | null;
  readonly next_attempt_s: number | null;
  /** Files pending; null where csync2's database can't be read. */
  readonly pending: number | null;
  /** For how long something has been pending without a break. */
  readonly oldest_pending_s: number | null;
  /** Files that are held back, because they can't be looked at on this host. */
  readonly unreadable: number;
  readonly sent: number;
  readonly last_sent_s: number | null;
  /** Files that the peer rejects: the first of them, and how many. */
  readonly on_hold: readonly { readonly path: string; readonly reason: string; readonly failures: number }[];
  readonly on_hold_count: number;
}

/** Puts the status together. Pure. */
export function assembleStatus(sources: StatusSources, now = Date.now()): Status {
  const age = (since: number | undefined) => (since === undefined ? null : Math.max(0, (now - since) / 1000));
  const peers = sources.lanes.map((lane) => peerStatus(lane, sources.newPeers.get(lane.peer), age));
  const problems = problemsOf(sources, peers);
  return {
    schema: 1,
    health: problems.length === 0 ? 'healthy' : 'degraded',
    problems,
    host: sources.host,
    strategy: sources.strategy,
    uptime_s: age(sources.startedAt) ?? 0,
    state: sources.scheduler,
    state_text: schedulerStateText[sources.scheduler],
    directories: sources.directories,
    unwatched: sources.unwatched,
    unreadable: sources.unreadable,
    queue: {
      depth: sources.queue.depth,
      oldest_s: age(sources.queue.oldestAt),
      resets: sources.queue.resets,
    },
    full_check_due: sources.fullCheckDue
      ? {
          reason: sources.fullCheckDue.reason,
          age_s: age(sources.fullCheckDue.since) ?? 0,
          failures: sources.fullCheckTries.failures,
        }
      : null,
    config_troubles: sources.configTroubles.map(({ message, hint, since }) => ({
      message,
      hint,
      age_s: age(since) ?? 0,
    })),
    detected_late: sources.detectedLate,
    roots: sources.roots.map((root) => ({
      path: display(root.path),
      state: root.state,
      text: rootText(root),
      ...(root.isMount ? { mount: true } : {}),
    })),
    peers,
    deferred: sources.deferred.first.map(({ path, outcome, text }) => ({
      path: displayShort(path),
      reason: outcome === 'unreadable' ? `${outcomeText[outcome]} (${text})` : outcomeText[outcome],
    })),
    deferred_count: sources.deferred.count,
    unsupported: { ...sources.unsupported, paths: sources.unsupported.paths.map(displayShort) },
    server: {
      state: sources.server,
      sessions: [...sources.sessions].map(([pid, { from, received }]) => ({
        pid,
        from,
        files: received.length,
      })),
      received: Object.fromEntries(sources.received),
    },
  };
}

function peerStatus(lane: LaneStatus, comparing: Comparing | undefined, age: Age): PeerStatus {
  return {
    name: lane.peer,
    health: healthOf(lane, comparing, age),
    state: lane.state,
    state_text: laneStateText[lane.state],
    reason: lane.reason ?? null,
    reason_text: lane.reason === undefined ? comparing?.reason || null : outcomeText[lane.reason],
    failing_s: age(lane.failingSince ?? comparing?.failingSince),
    next_attempt_s:
      lane.nextAttemptAt === undefined ? null : Math.max(0, (lane.nextAttemptAt - Date.now()) / 1000),
    pending: lane.pending ?? null,
    oldest_pending_s: lane.pending === 0 ? null : age(lane.pendingSince),
    unreadable: lane.unreadable ?? 0,
    sent: lane.sent,
    last_sent_s: age(lane.lastSentAt),
    on_hold: lane.onHold.map(({ name, reason, detail, failures }) => ({
      path: displayShort(name),
      reason: detail === '' ? outcomeText[reason] : `${outcomeText[reason]}: ${detail}`,
      failures,
    })),
    on_hold_count: lane.onHoldCount,
  };
}

function healthOf(lane: LaneStatus, comparing: Comparing | undefined, age: Age): PeerHealth {
  if (lane.reason === undefined) return comparing ? 'new' : 'ok';
  const isShort = (age(lane.failingSince) ?? 0) < graceSeconds;
  return passing.has(lane.reason) && isShort ? 'retrying' : 'failing';
}

/** What cannot be watched, and what to do. */
export function unwatchedText(count: number): string {
  return `${count} directories are not watched: the watch limit is reached (see inotify-csync watch-limit)`;
}

/** How many paths csync2 can't handle, and the first of them. No problem of this service, and none that ever ends. */
export function unsupportedText({ count, more, paths }: Status['unsupported']): string {
  const number = count === 1 && !more ? 'one path is' : `${count}${more ? ' and more' : ''} paths are`;
  return `${number} too long for csync2, and not synchronised: ${paths[0] ?? ''}`;
}

function problemsOf(sources: StatusSources, peers: readonly PeerStatus[]): string[] {
  const problems = sources.configTroubles.map(configTroubleText);
  for (const root of sources.roots) {
    if (root.state !== 'present') problems.push(`${display(root.path)} is ${rootText(root)}`);
  }
  if (sources.unwatched > 0) problems.push(unwatchedText(sources.unwatched));
  if (sources.unreadable > 0) problems.push(`${sources.unreadable} directories can't be read`);
  for (const peer of peers) {
    const trouble = peerTrouble(peer);
    if (trouble !== undefined) problems.push(`${peer.name}: ${trouble}`);
    if (peer.unreadable > 0) {
      problems.push(`${peer.name}: ${peer.unreadable} files are not sent: this host cannot access them`);
    }
    if (peer.on_hold_count > 0)
      problems.push(`${peer.name}: ${peer.on_hold_count} files are on hold: the peer rejects them`);
  }
  const { fullCheckDue: pending, fullCheckTries: tries } = sources;
  if (pending && tries.failures > 0) {
    const next = Math.max(0, (tries.nextAt - Date.now()) / 1000);
    problems.push(
      `a full check cannot be completed (tried ${tries.failures} times, next try in ${Math.round(next)} s): ${pending.reason}`,
    );
  }
  const { count: deferred } = sources.deferred;
  if (deferred > 0) problems.push(`${deferred} paths cannot be checked`);
  if (sources.server !== 'external' && sources.server !== 'listening')
    problems.push(serverStateText[sources.server]);
  return problems;
}

/** What is wrong with the configuration on disk, and that it is not in use. */
export function configTroubleText({ message, hint }: Pick<ConfigTrouble, 'message' | 'hint'>): string {
  return `invalid, so the previous configuration is still in use: ${message} (${hint}; see inotify-csync check-config)`;
}

/** What is wrong with a peer; undefined as long as it may only be restarting, or is being compared with. */
function peerTrouble({ failing_s: failing, health, reason_text: reason }: PeerStatus): string | undefined {
  if (health === 'failing') return reason ?? undefined;
  if (health !== 'new' || failing === null || failing < graceSeconds) return undefined;
  return `new; initial comparison failed: ${reason}`;
}

type Age = (since: number | undefined) => number | null;

/** A peer that restarts alarms nobody. */
const graceSeconds = 10;
/** What a restart of a peer looks like. */
const passing: ReadonlySet<Outcome> = new Set(['unreachable', 'hung-up', 'stalled', 'locked']);
