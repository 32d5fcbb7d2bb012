import { lastingTexts } from '../csync2/check/fallback.js';
import { type Outcome, outcomeText } from '../csync2/run/result.js';
import { type ServerState, serverStateText } from '../csync2/server/server.js';
import type { Session } from '../csync2/server-log/session-log.js';
import type {
  RefusalCause,
  RefusedOthers,
  RefusedPeer,
} from '../csync2/sessions/refused-sessions.js';
import type { FailedPath } from '../sync/check/failed-path.js';
import type { UnsupportedSummary } from '../sync/full-check/unsupported-paths.js';
import { type GuardedRoot, rootText } from '../sync/guard/root-guard.js';
import { type LaneStatus, laneStateText } from '../sync/push/lane.js';
import { type SchedulerState, schedulerStateText } from '../sync/scheduler.js';
import { counted, grouped } from '../text/counted.js';
import { display, displayShort } from '../text/path-bytes.js';
import type { BacklogPace } from './backlog.js';
import type { RecentTrouble, TroubleKind } from './recent-troubles.js';
import {
  configTroubleText,
  recentTroubleText,
  refusedText,
  unwatchedText,
} from './status-texts.js';

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
  /** How changed files are checked. */
  readonly checks: {
    /** The setting `checker`. */
    readonly checker: 'csync2' | 'auto';
    /** Paths checked without csync2 since the start. */
    readonly here: number;
    /** Paths that were left to csync2 although `checker` is `auto`, by reason. */
    readonly left: Readonly<Record<string, number>>;
    /** The reasons that last until the configuration or csync2 changes, in words. */
    readonly reasons: readonly string[];
  };
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
    /** Sessions refused as a whole since the start, by peer. */
    readonly refused: Readonly<Record<string, number>>;
    /** Sessions refused as a whole of those whom csync2.cfg does not name; not a problem. */
    readonly refused_others: {
      /** How many since the start. */
      readonly count: number;
      /** When the last one was refused, ISO 8601; null if none was. */
      readonly last: string | null;
      /** Who the last one said it was. */
      readonly name: string;
      /** Addresses they came from, the last one first: some of them. */
      readonly from: readonly string[];
    };
  };
  /**
   * Peers whose sessions the csync2 server refuses; until one is accepted, or none has come for
   * half an hour.
   */
  readonly refused_sessions: readonly {
    /** The peer; its address is its own only if the reason is not `identification`. */
    readonly peer: string;
    /**
     * `permission`: its key or csync2.cfg differs; `identification`: its address or certificate is
     * not that of the peer; `tls`: it does not use TLS.
     */
    readonly reason: RefusalCause;
    /** How many in a row. */
    readonly count: number;
    /** When the last one was refused, ISO 8601. */
    readonly last: string;
    /** Time since then. */
    readonly last_s: number;
    /** Address it came from. */
    readonly from: string;
  }[];
  /** Troubles of queue and watcher since the start: the last of each kind, the latest first. */
  readonly recent_troubles: readonly {
    /**
     * `queue-disk-full`, `queue-disk-failing` (these two are problems while they last),
     * `queue-damaged`, `queue-overflow` or `changes-unseen`.
     */
    readonly kind: TroubleKind;
    /** The same, in words, with the time. */
    readonly text: string;
    /** When it began, ISO 8601. */
    readonly since: string;
    /** When it was over; null if it is not. */
    readonly until: string | null;
  }[];
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
  /**
   * Files sent each second in the last 15 seconds; null if ten files or fewer are pending, if
   * nothing is sent because the peer fails, is new or is paused, or if it is too early to say.
   */
  readonly sent_per_second: number | null;
  /**
   * Estimated time until no file is pending; null also if no file is being sent, or if the number
   * of pending files does not decrease.
   */
  readonly eta_s: number | null;
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
  /**
   * How many of those on hold were changed both here and on the peer: see
   * `inotify-csync conflicts`.
   */
  readonly conflicts: number;
}

/** Puts the status together. Pure. */
export function assembleStatus(sources: StatusSources, now = Date.now()): Status {
  const age = (since: number | undefined) =>
    since === undefined ? null : Math.max(0, (now - since) / 1000);
  const peers = sources.lanes.map((lane) =>
    peerStatus(lane, {
      comparing: sources.newPeers.get(lane.peer),
      pace: sources.paces.get(lane.peer),
      age,
    }),
  );
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
    checks: {
      checker: sources.checks.checker,
      here: sources.checks.here,
      left: Object.fromEntries(sources.checks.left),
      reasons: lastingTexts(sources.checks.left.keys()),
    },
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
      refused: Object.fromEntries(sources.refused.counts),
      refused_others: othersOf(sources.refused.others),
    },
    refused_sessions: sources.refused.peers.map(({ peer, cause, count, lastAt, from }) => ({
      peer,
      reason: cause,
      count,
      last: new Date(lastAt).toISOString(),
      last_s: age(lastAt) ?? 0,
      from,
    })),
    recent_troubles: sources.recentTroubles.map((trouble) => ({
      kind: trouble.kind,
      text: recentTroubleText(trouble),
      since: new Date(trouble.since).toISOString(),
      until: trouble.until === undefined ? null : new Date(trouble.until).toISOString(),
    })),
    ...(sources.pathsLeftOut === undefined ? {} : { paths_left_out: sources.pathsLeftOut }),
  };
}

function othersOf({ count, from, lastAt, name }: RefusedOthers): RefusedOthersStatus {
  const last = lastAt === undefined ? null : new Date(lastAt).toISOString();
  return { count, last, name: display(Buffer.from(name, 'latin1')), from };
}

function peerStatus(lane: LaneStatus, { age, pace, ...known }: PeerSources): PeerStatus {
  const { pausedSince } = lane;
  // It is not compared with either.
  const comparing = pausedSince === undefined ? known.comparing : undefined;
  const health = healthOf(lane, comparing, age);
  // Some files may be rejected while others are sent.
  const isSending = health === 'ok' || (health === 'failing' && lane.state === 'updating');
  return {
    name: lane.peer,
    health,
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
    sent_per_second: (isSending ? pace?.perSecond : undefined) ?? null,
    eta_s: (isSending ? pace?.secondsLeft : undefined) ?? null,
    unreadable: lane.unreadable ?? 0,
    sent: lane.sent,
    last_sent_s: age(lane.lastSentAt),
    on_hold: lane.onHold.map(({ name, reason, detail, failures }) => ({
      path: displayShort(name),
      reason: detail === '' ? outcomeText[reason] : `${outcomeText[reason]}: ${detail}`,
      failures,
    })),
    on_hold_count: lane.onHoldCount,
    conflicts: lane.conflictCount ?? 0,
  };
}

/** What is known of a peer besides its lane. */
interface PeerSources {
  readonly comparing: Comparing | undefined;
  readonly pace: BacklogPace | undefined;
  readonly age: Age;
}

function healthOf(lane: LaneStatus, comparing: Comparing | undefined, age: Age): PeerHealth {
  if (lane.pausedSince !== undefined) return 'paused';
  if (lane.reason === undefined) return comparing ? 'new' : 'ok';
  const isShort = (age(lane.failingSince) ?? 0) < graceSeconds;
  return passing.has(lane.reason) && isShort ? 'retrying' : 'failing';
}

function unreadableText(count: number): string {
  if (count === 1) return '1 file is not sent: this host cannot access it';
  return `${grouped(count)} files are not sent: this host cannot access them`;
}

function conflictsText(count: number): string {
  return `${counted(count, 'conflict')}: show with inotify-csync conflicts, decide with inotify-csync resolve`;
}

function onHoldText(count: number): string {
  if (count === 1) return '1 file is on hold: the peer rejects it';
  return `${grouped(count)} files are on hold: the peer rejects them`;
}

function problemsOf(sources: StatusSources, peers: readonly PeerStatus[]): string[] {
  const problems = sources.configTroubles.map(configTroubleText);
  for (const root of sources.roots) {
    if (root.state !== 'present') problems.push(`${display(root.path)} is ${rootText(root)}`);
  }
  if (sources.unwatched > 0) problems.push(unwatchedText(sources.unwatched));
  if (sources.unreadable > 0)
    problems.push(`${counted(sources.unreadable, 'directory', 'directories')} can't be read`);
  for (const peer of peers) {
    const trouble = peerTrouble(peer);
    if (trouble !== undefined) problems.push(`${peer.name}: ${trouble}`);
    if (peer.unreadable > 0) problems.push(`${peer.name}: ${unreadableText(peer.unreadable)}`);
    if (peer.conflicts > 0) problems.push(`${peer.name}: ${conflictsText(peer.conflicts)}`);
    const rejected = peer.on_hold_count - peer.conflicts;
    if (rejected > 0) problems.push(`${peer.name}: ${onHoldText(rejected)}`);
  }
  for (const refused of sources.refused.peers) problems.push(refusedText(refused));
  for (const trouble of sources.recentTroubles) {
    const advice = trouble.until === undefined ? troubleAdvice[trouble.kind] : undefined;
    if (advice !== undefined) problems.push(`${recentTroubleText(trouble)}: ${advice}`);
  }
  const { fullCheckDue: pending, fullCheckTries: tries } = sources;
  if (pending && tries.failures > 0) {
    const next = Math.max(0, (tries.nextAt - Date.now()) / 1000);
    problems.push(
      `a full check cannot be completed (tried ${counted(tries.failures, 'time')}, next try in ${Math.round(next)} s): ${pending.reason}`,
    );
  }
  const { count: deferred } = sources.deferred;
  if (deferred > 0) problems.push(`${counted(deferred, 'path')} cannot be checked`);
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

type RefusedOthersStatus = Status['server']['refused_others'];

type Age = (since: number | undefined) => number | null;

/** What to do about troubles that are problems while they go on. */
const troubleAdvice: Partial<Record<TroubleKind, string>> = {
  'queue-disk-full': 'make room on it; a full check then finds all changes',
  'queue-disk-failing': 'check the disk (dmesg); a full check then finds all changes',
};
/** A peer that restarts alarms nobody. */
const graceSeconds = 10;
/** The outcomes of a push during a restart of the peer. */
const passing: ReadonlySet<Outcome> = new Set(['unreachable', 'hung-up', 'stalled', 'locked']);
