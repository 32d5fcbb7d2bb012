import { peersOf } from '../csync2/cfg/index.js';
import type { ManagedServer } from '../csync2/server/server.js';
import type { Activity } from '../csync2/sessions/activity.js';
import type { RefusedSessions } from '../csync2/sessions/refused-sessions.js';
import { readLimits } from '../limits/inotify-limits.js';
import { assembleStatus } from '../observe/assemble-status.js';
import { Backlog, type BacklogPace } from '../observe/backlog.js';
import type { Counts } from '../observe/counts.js';
import type { MetricFamily } from '../observe/exposition.js';
import { metricsOf } from '../observe/metrics.js';
import type { RecentTroubles } from '../observe/recent-troubles.js';
import type { Status } from '../observe/status.js';
import type { ConfigTrouble, StatusSources } from '../observe/status-sources.js';
import { withoutPaths } from '../observe/without-paths.js';
import { packageVersion } from '../proc/package-version.js';
import type { Queue } from '../queue/queue.js';
import type { LaneStatus } from '../sync/push/lane.js';
import { counted } from '../text/counted.js';
import { display, fromKey } from '../text/path-bytes.js';
import type { Succession } from './succession.js';

/** The stages that the status is read from. */
export interface Viewed {
  readonly succession: Succession;
  readonly queue: Queue;
  readonly server: ManagedServer | undefined;
  readonly activity: Activity;
  readonly counts: Counts;
  readonly refused: RefusedSessions;
  readonly recentTroubles: RecentTroubles;
  /** By peer; made as peers come. */
  readonly backlogs: Map<string, Backlog>;
  /** What is wrong with the configuration on disk. */
  readonly configTroubles: () => readonly ConfigTrouble[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** The present status of the daemon. */
export function statusOf(viewed: Viewed): Status {
  return assembleStatus(sourcesOf(viewed));
}

/** The same for users who may not see names of files. */
export function publicStatusOf(viewed: Viewed): Status {
  return assembleStatus(withoutPaths(sourcesOf(viewed)));
}

function sourcesOf({
  backlogs,
  configTroubles,
  counts,
  recentTroubles,
  refused,
  succession,
  queue,
  server,
  activity,
  startedAt,
}: Viewed): StatusSources {
  const { plan, sync, watcher } = succession.current;
  const { directories, unwatched, denied: unreadable } = watcher.stats();
  sync.unsupported.look();
  // A lane lasts as long as its configuration.
  const lanes = sync.lanes.map((lane) => ({
    ...lane.status(),
    sent: counts.sentTo(lane.peer),
    lastSentAt: counts.lastSentTo(lane.peer),
  }));
  return {
    host: plan.instance.hostName,
    version,
    strategy: sync.strategy,
    startedAt,
    scheduler: sync.scheduler.state,
    directories,
    unwatched,
    unreadable,
    queue: { depth: queue.depth, oldestAt: queue.oldestAt, resets: queue.resets },
    fullCheckDue: queue.fullCheckDue,
    fullCheckTries: sync.scheduler.fullCheckTries,
    configTroubles: configTroubles(),
    newPeers: sync.newPeers(),
    checks: { checker: sync.checker, here: counts.checkedHere, left: counts.left },
    detectedLate: {
      count: sync.detectedLate.count,
      paths: sync.detectedLate.paths.map((key) => display(fromKey(key))),
    },
    roots: sync.guard.states(),
    lanes,
    paces: new Map(lanes.map((lane) => [lane.peer, paceOf(lane, backlogs)])),
    deferred: sync.scheduler.deferred,
    unsupported: sync.unsupported.summary,
    server: server?.state ?? 'external',
    // Reading them brings the verdicts that stand in the traces.
    sessions: activity.sessions(),
    received: activity.received(),
    refused: {
      peers: refused.list(Date.now(), peerTest(succession)),
      counts: refused.counts,
      others: refused.others,
    },
    recentTroubles: recentTroubles.list(),
  };
}

/** Whether csync2.cfg as it is in use names a peer. */
export function peerTest({ current }: Succession): (name: string) => boolean {
  const names = new Set(peersOf(current.plan.config).map(({ name }) => name));
  return (name) => names.has(name);
}

function paceOf(lane: LaneStatus, backlogs: Map<string, Backlog>): BacklogPace {
  const { peer, pending, pendingSince: since, sent } = lane;
  const backlog = backlogs.get(peer) ?? new Backlog();
  backlogs.set(peer, backlog);
  return backlog.look({ sent, pending, since }, Date.now());
}

/** What Prometheus collects, now. */
export function metricsNow(
  { current }: Succession,
  status: Status,
  counts: Counts,
): MetricFamily[] {
  const { events, overflows, watches } = current.watcher.stats();
  const now = Date.now() / 1000;
  return metricsOf({
    status,
    counts,
    version,
    now,
    watches,
    watchLimit: watchLimit(),
    events,
    overflows,
  });
}

function watchLimit(): number | undefined {
  try {
    return readLimits().max_user_watches;
  } catch {
    // ProcSubset=pid hides the file.
    return undefined;
  }
}

/** One sentence for the log that says what this host watches and which peers it updates. */
export function introduction({ current: { plan, sync, watcher } }: Succession): string {
  const names = sync.lanes.map(
    (lane) => `${lane.peer}${lane.status().pausedSince === undefined ? '' : ' (paused)'}`,
  );
  const peers = names.join(', ') || 'nobody';
  return `${plan.instance.hostName} watches ${counted(watcher.stats().directories, 'directory', 'directories')} and updates ${peers} (${sync.strategy})`;
}

const version = packageVersion();
