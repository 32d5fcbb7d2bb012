import { lastingTexts } from '../csync2/check/fallback.js';
import { type Outcome, outcomeText } from '../csync2/run/result.js';
import type { RefusedOthers } from '../csync2/sessions/refused-sessions.js';
import { rootText } from '../sync/guard/root-guard.js';
import { type LaneStatus, laneStateText } from '../sync/push/lane.js';
import { schedulerStateText } from '../sync/scheduler.js';
import { display, displayShort } from '../text/path-bytes.js';
import type { BacklogPace } from './backlog.js';
import type { PeerHealth, PeerStatus, Status } from './status.js';
import { graceSeconds, problemsOf } from './status-problems.js';
import type { Comparing, StatusSources } from './status-sources.js';
import { recentTroubleText } from './status-texts.js';

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

type RefusedOthersStatus = Status['server']['refused_others'];

type Age = (since: number | undefined) => number | null;

/** The outcomes of a push during a restart of the peer. */
const passing: ReadonlySet<Outcome> = new Set(['unreachable', 'hung-up', 'stalled', 'locked']);
