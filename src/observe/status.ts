import { type Outcome, outcomeText } from '../csync2/run/result.js';
import { type ServerState, serverStateText } from '../csync2/server/server.js';
import type { Session } from '../csync2/server-log/session-log.js';
import type { FailedPath } from '../sync/check/failed-path.js';
import type { UnsupportedSummary } from '../sync/full-check/unsupported-paths.js';
import { type GuardedRoot, rootText } from '../sync/guard/root-guard.js';
import { type LaneStatus, laneStateText } from '../sync/push/lane.js';
import { type SchedulerState, schedulerStateText } from '../sync/scheduler.js';
import { display, displayShort } from '../text/path-bytes.js';
import { configTroubleText, unwatchedText } from './status-texts.js';

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
  readonly detectedLate: { readonly count: number; readonly paths: readonly string[] };
  readonly roots: readonly GuardedRoot[];
  readonly lanes: readonly LaneStatus[];
  readonly deferred: { readonly count: number; readonly first: readonly FailedPath[] };
  readonly unsupported: UnsupportedSummary;
  readonly server: ServerState | 'external';
  readonly sessions: ReadonlyMap<number, Session>;
  readonly received: ReadonlyMap<string, number>;
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

/**
 * The status as `status --json` prints it. `docs/reference/status-json.md` is made of these
 * comments. Ages are in seconds; `health` decides the exit code.
 */
export interface Status {
  /**
   * Version of this format. It grows when a field changes its meaning or goes; fields may be added
   * at any time.
   */
  readonly schema: 1;
  /** Decides the exit status: 0 if healthy, 1 if degraded. */
  readonly health: 'healthy' | 'degraded';
  /** What is wrong, one sentence each; empty if healthy. */
  readonly problems: readonly string[];
  /** This host's name in csync2.cfg. */
  readonly host: string;
  /** Version of inotify-csync that runs. */
  readonly version: string;
  /**
   * How peers are updated: at the same time or one after another, with private databases or the
   * shared one.
   */
  readonly strategy: string;
  /** Time since the service started. */
  readonly uptime_s: number;
  /** What the service is doing. */
  readonly state: SchedulerState;
  /** The same, in words. */
  readonly state_text: string;
  /** Directories that are watched. */
  readonly directories: number;
  /**
   * Topmost directories that are not watched because the watch limit is reached; they are checked
   * now and then.
   */
  readonly unwatched: number;
  /** Directories that cannot be read. */
  readonly unreadable: number;
  /** The queue of changes. */
  readonly queue: {
    /** Changes that wait to be checked. */
    readonly depth: number;
    /** Age of the oldest of them; null if there is none. */
    readonly oldest_s: number | null;
    /** How often the queue was reset (`num_lines_until_reset`). */
    readonly resets: number;
  };
  /** The full check that has to run; null if none is due. */
  readonly full_check_due: {
    /** Why it is due. */
    readonly reason: string;
    /** For how long it has been due. */
    readonly age_s: number;
    /** How often, in a row, it could not be completed. */
    readonly failures: number;
  } | null;
  /**
   * What is wrong with the settings or csync2.cfg on disk; the previous configuration is in use
   * meanwhile.
   */
  readonly config_troubles: readonly {
    /** The mistake. */
    readonly message: string;
    /** What to do about it. */
    readonly hint: string;
    /** For how long it has been there. */
    readonly age_s: number;
  }[];
  /** Changes that only a regular full check found, though the watcher should have reported them. */
  readonly detected_late: {
    /** How many since the start. */
    readonly count: number;
    /** The first of them. */
    readonly paths: readonly string[];
  };
  /** Included directories, and what is or was mounted in them. */
  readonly roots: readonly RootStatus[];
  /** The peers of this host. */
  readonly peers: readonly PeerStatus[];
  /** Paths that csync2 could not check and that are retried: the first of them. */
  readonly deferred: readonly {
    /** The path. */
    readonly path: string;
    /** Why it could not be checked, in words. */
    readonly reason: string;
  }[];
  /** How many there are in all. */
  readonly deferred_count: number;
  /** Paths that are too long for csync2 and stay on this host. */
  readonly unsupported: {
    /** How many are known. */
    readonly count: number;
    /** Whether there are more than that. */
    readonly more: boolean;
    /** The first of them. */
    readonly paths: readonly string[];
  };
  /** The csync2 server of this host. */
  readonly server: {
    /** `external` if another program runs it; otherwise one of the words below. */
    readonly state: string;
    /** Sessions that are open. */
    readonly sessions: readonly {
      /** Process of csync2. */
      readonly pid: number;
      /** Address of the peer. */
      readonly from: string;
      /** Files received so far. */
      readonly files: number;
    }[];
    /** Files received since the start, by peer. */
    readonly received: Readonly<Record<string, number>>;
  };
  /**
   * How many paths are left out of all of this, because only root may see them; not set for root.
   */
  readonly paths_left_out?: number;
}

/** A place that has to be there before anything at or below it is checked or sent. */
export interface RootStatus {
  /** The included directory or mount point. */
  readonly path: string;
  /** One of the words below; nothing at or below it is checked or sent unless it is `present`. */
  readonly state: string;
  /** The same, in words, with the error if it is unreadable. */
  readonly text: string;
  /** Present for a mount point that no include names. */
  readonly mount?: true;
}

/** See {@link PeerStatus.health}. */
export type PeerHealth = 'ok' | 'retrying' | 'failing' | 'new' | 'paused';

/** How it stands with one peer. */
export interface PeerStatus {
  /** Its name in csync2.cfg. */
  readonly name: string;
  /**
   * `retrying`: unreachable for less than ten seconds, as when it restarts; `new`: not compared
   * with this host yet; `paused`: by an administrator.
   */
  readonly health: PeerHealth;
  /** What its lane, which sends to it, is doing: one of the words below. */
  readonly state: string;
  /** The same, in words. */
  readonly state_text: string;
  /** Why the last update failed, one of the words below; null if it did not. */
  readonly reason: string | null;
  /** The same, in words; for a new peer, why the comparison failed. */
  readonly reason_text: string | null;
  /** For how long updates, or the initial comparison, have failed; null if they have not. */
  readonly failing_s: number | null;
  /** When the peer was paused, ISO 8601; null if it is not. */
  readonly paused_since: string | null;
  /** For how long it has been paused. */
  readonly paused_s: number | null;
  /** Time until the next try; null if none is planned. */
  readonly next_attempt_s: number | null;
  /** Files pending; null if csync2's database cannot be read. */
  readonly pending: number | null;
  /** For how long some file has been pending without a break; null if none is. */
  readonly oldest_pending_s: number | null;
  /** Files that are not sent because this host cannot access them. */
  readonly unreadable: number;
  /** Files sent since the configuration was loaded. */
  readonly sent: number;
  /** Time since a file was sent; null if none was. */
  readonly last_sent_s: number | null;
  /** Files that the peer rejects: the first of them. */
  readonly on_hold: readonly {
    /** The file. */
    readonly path: string;
    /** Why it is rejected, in words. */
    readonly reason: string;
    /** How often it was tried. */
    readonly failures: number;
  }[];
  /** How many there are in all. */
  readonly on_hold_count: number;
}

/** Puts the status together. Pure. */
export function assembleStatus(sources: StatusSources, now = Date.now()): Status {
  const age = (since: number | undefined) =>
    since === undefined ? null : Math.max(0, (now - since) / 1000);
  const peers = sources.lanes.map((lane) => peerStatus(lane, sources.newPeers.get(lane.peer), age));
  const problems = problemsOf(sources, peers);
  return {
    schema: 1,
    health: problems.length === 0 ? 'healthy' : 'degraded',
    problems,
    host: sources.host,
    version: sources.version,
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
    ...(sources.pathsLeftOut === undefined ? {} : { paths_left_out: sources.pathsLeftOut }),
  };
}

function peerStatus(lane: LaneStatus, known: Comparing | undefined, age: Age): PeerStatus {
  const { pausedSince } = lane;
  // It is not compared with either.
  const comparing = pausedSince === undefined ? known : undefined;
  return {
    name: lane.peer,
    health: healthOf(lane, comparing, age),
    state: lane.state,
    state_text: laneStateText[lane.state],
    reason: lane.reason ?? null,
    reason_text: lane.reason === undefined ? comparing?.reason || null : outcomeText[lane.reason],
    failing_s: age(lane.failingSince ?? comparing?.failingSince),
    paused_since: pausedSince === undefined ? null : new Date(pausedSince).toISOString(),
    paused_s: age(pausedSince),
    next_attempt_s:
      lane.nextAttemptAt === undefined
        ? null
        : Math.max(0, (lane.nextAttemptAt - Date.now()) / 1000),
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
  if (lane.pausedSince !== undefined) return 'paused';
  if (lane.reason === undefined) return comparing ? 'new' : 'ok';
  const isShort = (age(lane.failingSince) ?? 0) < graceSeconds;
  return passing.has(lane.reason) && isShort ? 'retrying' : 'failing';
}

function unreadableText(count: number): string {
  if (count === 1) return '1 file is not sent: this host cannot access it';
  return `${count} files are not sent: this host cannot access them`;
}

function onHoldText(count: number): string {
  if (count === 1) return '1 file is on hold: the peer rejects it';
  return `${count} files are on hold: the peer rejects them`;
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
    if (peer.unreadable > 0) problems.push(`${peer.name}: ${unreadableText(peer.unreadable)}`);
    if (peer.on_hold_count > 0) problems.push(`${peer.name}: ${onHoldText(peer.on_hold_count)}`);
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

/** What is wrong with a peer; undefined while it may only be restarting, or is being compared. */
function peerTrouble({
  failing_s: failing,
  health,
  reason_text: reason,
}: PeerStatus): string | undefined {
  if (health === 'failing') return reason ?? undefined;
  if (health !== 'new' || failing === null || failing < graceSeconds) return undefined;
  return `new; initial comparison failed: ${reason}`;
}

type Age = (since: number | undefined) => number | null;

/** A peer that restarts must not raise an alarm. */
const graceSeconds = 10;
/** The outcomes of a push during a restart of the peer. */
const passing: ReadonlySet<Outcome> = new Set(['unreachable', 'hung-up', 'stalled', 'locked']);
