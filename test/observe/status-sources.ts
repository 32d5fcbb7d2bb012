import type { StatusSources } from '#src/observe/status-sources.js';
import type { LaneStatus } from '#src/sync/push/lane.js';

/** A host without peers on which nothing is wrong. */
export const quiet: StatusSources = {
  host: 'web1',
  version: '1.2.3',
  strategy: 'each peer by itself',
  startedAt: 0,
  scheduler: 'idle',
  directories: 7,
  unwatched: 0,
  unreadable: 0,
  queue: { depth: 0, oldestAt: undefined, resets: 0 },
  fullCheckDue: undefined,
  fullCheckTries: { failures: 0, nextAt: 0 },
  configTroubles: [],
  newPeers: new Map(),
  checks: { checker: 'csync2', here: 0, left: new Map() },
  detectedLate: { count: 0, paths: [] },
  roots: [],
  lanes: [],
  paces: new Map(),
  deferred: { count: 0, first: [] },
  unsupported: { count: 0, more: false, paths: [] },
  server: 'external',
  sessions: new Map(),
  received: new Map(),
  refused: {
    peers: [],
    counts: new Map(),
    others: { count: 0, lastAt: undefined, name: '', from: [] },
  },
  recentTroubles: [],
};

/** A peer for which nothing is pending. */
export function lane(fields: Partial<LaneStatus> = {}): LaneStatus {
  return {
    peer: 'web2',
    state: 'waiting',
    reason: undefined,
    failingSince: undefined,
    nextAttemptAt: undefined,
    lastSentAt: undefined,
    pending: 0,
    pendingSince: undefined,
    sent: 0,
    onHold: [],
    onHoldCount: 0,
    ...fields,
  };
}
