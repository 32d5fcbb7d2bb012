import type { Counts } from './counts.js';
import type { MetricFamily, MetricSample, MetricType } from './exposition.js';
import type { PeerStatus, Status } from './status.js';

/** The sources of the metrics besides the status. */
export interface MetricSources {
  readonly status: Status;
  readonly counts: Counts;
  readonly version: string;
  /** Seconds since 1970. */
  readonly now: number;
  /** inotify watches in use; those that this process may have, where that can be read. */
  readonly watches: number;
  readonly watchLimit: number | undefined;
  /** Events since the configuration was put into use. */
  readonly events: number;
  readonly overflows: number;
}

/**
 * The metrics, in their order. By peer and never by path: there would be as many as files. Pure.
 */
export function metricsOf(sources: MetricSources): MetricFamily[] {
  return [
    ...upMetrics(true),
    ...serviceMetrics(sources),
    refusedMetrics(sources),
    ...stageMetrics(sources),
    ...peerMetrics(sources),
  ];
}

/** The metrics where no daemon answers: that it is not up. */
export function upMetrics(isUp: boolean): MetricFamily[] {
  return [one('up', 'gauge', 'Whether the daemon answers', isUp ? 1 : 0)];
}

function serviceMetrics({ now, status, version }: MetricSources): MetricFamily[] {
  const away = status.roots.filter(({ state }) => state !== 'present').length;
  const info = { labels: { version, node: process.version }, value: 1 };
  return [
    family('build_info', 'gauge', 'Versions of inotify-csync and Node', [info]),
    one(
      'start_time_seconds',
      'gauge',
      'When the daemon was started, since 1970',
      Math.round(now - status.uptime_s),
    ),
    one(
      'healthy',
      'gauge',
      'Whether inotify-csync status calls it healthy',
      Number(status.health === 'healthy'),
    ),
    one('problems', 'gauge', 'Problems that inotify-csync status lists', status.problems.length),
    one(
      'config_invalid',
      'gauge',
      'Mistakes in the configuration on disk',
      status.config_troubles.length,
    ),
    one('roots_away', 'gauge', 'Included directories and mounts that are not there', away),
    one(
      'csync2_server_up',
      'gauge',
      'Whether the csync2 server listens, or is run by others',
      serverUp(status),
    ),
    one(
      'csync2_sessions',
      'gauge',
      'Sessions of the csync2 server that are open',
      status.server.sessions.length,
    ),
  ];
}

/** By peer of csync2.cfg; all others, who may say that they are anybody, under an empty name. */
function refusedMetrics({ status }: MetricSources): MetricFamily {
  const { refused, refused_others: others } = status.server;
  const names = new Set([...status.peers.map(({ name }) => name), ...Object.keys(refused)]);
  const samples = [...names].map((peer) => ({ labels: { peer }, value: refused[peer] ?? 0 }));
  const help = 'Sessions that the csync2 server here has refused as a whole';
  return family('refused_sessions_total', 'counter', help, [
    ...samples,
    { labels: { peer: '' }, value: others.count },
  ]);
}

function stageMetrics({
  counts,
  events,
  overflows,
  status,
  watchLimit,
  watches,
}: MetricSources): MetricFamily[] {
  const { fullChecksDone: complete, fullChecksIncomplete: incomplete } = counts;
  const runs = [...counts.runs()].map(({ stage, result, count }) => ({
    labels: { stage, result },
    value: count,
  }));
  const due = status.full_check_due;
  return [
    one('directories', 'gauge', 'Directories that are watched', status.directories),
    one('watches', 'gauge', 'inotify watches in use', watches),
    one('watch_limit', 'gauge', 'inotify watches that may be used', watchLimit),
    one(
      'unwatched_directories',
      'gauge',
      'Topmost directories without a watch, for want of watches',
      status.unwatched,
    ),
    one('unreadable_directories', 'gauge', "Directories that can't be read", status.unreadable),
    one(
      'events_total',
      'counter',
      'Events of inotify since the configuration was put into use',
      events,
    ),
    one('event_overflows_total', 'counter', 'How often events were lost', overflows),
    one('queue_records', 'gauge', 'Changes that wait to be checked', status.queue.depth),
    one('queue_oldest_seconds', 'gauge', 'Age of the oldest of them', status.queue.oldest_s ?? 0),
    one(
      'queue_resets_total',
      'counter',
      'How often the queue has begun again',
      status.queue.resets,
    ),
    one(
      'deferred_paths',
      'gauge',
      'Paths that csync2 could not check and that are tried again',
      status.deferred_count,
    ),
    one('full_check_due', 'gauge', 'Whether a full check is due', due ? 1 : 0),
    one('full_check_due_seconds', 'gauge', 'For how long', due?.age_s ?? 0),
    one(
      'full_check_failures',
      'gauge',
      'How often, in a row, it could not be completed',
      due?.failures ?? 0,
    ),
    family('full_checks_total', 'counter', 'Full checks by result', [
      { labels: { result: 'complete' }, value: complete },
      { labels: { result: 'incomplete' }, value: incomplete },
    ]),
    one(
      'detected_late_total',
      'counter',
      'Changes that only a full check found',
      counts.detectedLate,
    ),
    family(
      'csync2_runs_total',
      'counter',
      'Commands of csync2 by what they were for and how they ended',
      runs,
    ),
    one(
      'paths_checked_here_total',
      'counter',
      'Paths that were checked without csync2, with the setting checker',
      counts.checkedHere,
    ),
    family(
      'paths_left_to_csync2_total',
      'counter',
      'Paths that were to be, and were checked by csync2, by reason',
      [...counts.left].map(([reason, value]) => ({ labels: { reason }, value })),
    ),
  ];
}

function peerMetrics({ counts, now, status }: MetricSources): MetricFamily[] {
  const { peers, server } = status;
  const each = (
    name: string,
    type: MetricType,
    help: string,
    amount: (peer: PeerStatus) => number | null | undefined,
  ) => {
    const samples = peers.flatMap((peer) => {
      const value = amount(peer);
      return value === null || value === undefined ? [] : [{ labels: { peer: peer.name }, value }];
    });
    return family(`peer_${name}`, type, help, samples);
  };
  return [
    each(
      'up',
      'gauge',
      'Whether the last update went well, or none was needed; no value while it is paused',
      ({ health }) => (health === 'paused' ? null : Number(health === 'ok')),
    ),
    each('paused', 'gauge', 'Whether an administrator has paused it', ({ health }) =>
      Number(health === 'paused'),
    ),
    each('new', 'gauge', 'Whether the peer has not been compared with yet', ({ health }) =>
      Number(health === 'new'),
    ),
    each(
      'failing_seconds',
      'gauge',
      'For how long updates have failed',
      ({ failing_s: failing }) => failing ?? 0,
    ),
    each('pending_files', 'gauge', 'Files that the peer lacks', ({ pending }) => pending),
    each(
      'pending_oldest_seconds',
      'gauge',
      'For how long it has lacked some',
      (peer) => peer.oldest_pending_s ?? 0,
    ),
    each('on_hold_files', 'gauge', 'Files that the peer rejects', (peer) => peer.on_hold_count),
    each('sent_files_total', 'counter', 'Files that the peer has got from here', ({ name }) =>
      counts.sentTo(name),
    ),
    each(
      'received_files_total',
      'counter',
      'Files received from the peer',
      ({ name }) => server.received[name] ?? 0,
    ),
    each(
      'last_sent_timestamp_seconds',
      'gauge',
      'When a file was sent last, since 1970',
      ({ last_sent_s: age }) => (age === null ? null : now - age),
    ),
  ];
}

function serverUp({ server }: Status): number {
  return Number(server.state === 'listening' || server.state === 'external');
}

function one(
  name: string,
  type: MetricType,
  help: string,
  value: number | undefined,
): MetricFamily {
  return family(name, type, help, value === undefined ? [] : [{ labels: {}, value }]);
}

function family(
  name: string,
  type: MetricType,
  help: string,
  samples: readonly MetricSample[],
): MetricFamily {
  return { name: `inotify_csync_${name}`, type, help, samples };
}
