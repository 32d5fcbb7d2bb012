import type { ManagedServer } from '../csync2/server/server.js';
import type { Activity } from '../csync2/sessions/activity.js';
import { readLimits } from '../limits/inotify-limits.js';
import type { Counts } from '../observe/counts.js';
import type { MetricFamily } from '../observe/exposition.js';
import { metricsOf } from '../observe/metrics.js';
import {
  assembleStatus,
  type ConfigTrouble,
  type Status,
  type StatusSources,
} from '../observe/status.js';
import { withoutPaths } from '../observe/without-paths.js';
import { packageVersion } from '../proc/package-version.js';
import type { Queue } from '../queue/queue.js';
import { display, fromKey } from '../text/path-bytes.js';
import type { Succession } from './succession.js';

/** The stages that the status is read from. */
export interface Viewed {
  readonly succession: Succession;
  readonly queue: Queue;
  readonly server: ManagedServer | undefined;
  readonly activity: Activity;
  readonly counts: Counts;
  /** The errors of the configuration on disk. */
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
  configTroubles,
  counts,
  succession,
  queue,
  server,
  activity,
  startedAt,
}: Viewed): StatusSources {
  const { plan, sync, watcher } = succession.current;
  const { directories, unwatched, denied: unreadable } = watcher.stats();
  sync.unsupported.look();
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
    detectedLate: {
      count: sync.detectedLate.count,
      paths: sync.detectedLate.paths.map((key) => display(fromKey(key))),
    },
    roots: sync.guard.states(),
    // A lane exists as long as its configuration.
    lanes: sync.lanes.map((lane) => ({
      ...lane.status(),
      sent: counts.sentTo(lane.peer),
      lastSentAt: counts.lastSentTo(lane.peer),
    })),
    deferred: sync.scheduler.deferred,
    unsupported: sync.unsupported.summary,
    server: server?.state ?? 'external',
    sessions: activity.sessions(),
    received: activity.received(),
  };
}

/** The present values of the metrics. */
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
  return `${plan.instance.hostName} watches ${watcher.stats().directories} directories and updates ${peers} (${sync.strategy})`;
}

const version = packageVersion();
