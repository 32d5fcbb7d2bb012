import { outcomeText } from '../../csync2/run/result.js';
import type { Queue } from '../../queue/queue.js';
import type { Lane } from '../../sync/push/lane.js';
import type { Sync } from '../../sync/sync.js';
import { counted } from '../../text/counted.js';
import {
  displayShort,
  isWithin,
  type PathBytes,
  type PathKey,
  toKey,
} from '../../text/path-bytes.js';
import type { Watcher } from '../../watch/watcher.js';
import type { EventsView, FlushPeer, FlushView, SetAside } from './progress.js';

/** The paths and the peer that a flush waits for. */
export interface FlushScope {
  /** Undefined for everything. */
  readonly paths: readonly PathBytes[] | undefined;
  /** Undefined for all peers. */
  readonly peer: string | undefined;
}

/** The stages of a generation that a flush needs. */
export interface FlushedGeneration {
  readonly sync: Sync;
  readonly watcher: Watcher;
}

/**
 * The present state of all stages.
 *
 * @param isReplacing - another generation may be about to take over
 * @param counts - pending files by peer, counted after all differences were marked; for databases
 *   whose names can't be read
 */
export function flushView(
  generation: FlushedGeneration,
  {
    isReplacing,
    counts,
  }: { readonly isReplacing: boolean; readonly counts: ReadonlyMap<string, number> | undefined },
  queue: Queue,
  { paths, peer }: FlushScope,
): FlushView {
  const { sync, watcher } = generation;
  const { scheduler } = sync;
  const concerns = (path: PathBytes) =>
    paths === undefined || paths.some((place) => isWithin(path, place));
  const newPeers = sync.newPeers();
  return {
    generation: isReplacing ? undefined : generation,
    events: eventsOf(watcher),
    queue: { written: queue.written, done: queue.done },
    requeued: scheduler.requeuedUpTo,
    rechecks: scheduler.rechecks,
    setAside: () => asideOf(sync, paths),
    fullCheck: { due: queue.fullCheckDue, succeeded: queue.succeededTicket },
    isMarking: () => sync.isMarking(),
    peers: sync.lanes
      .filter((lane) => peer === undefined || lane.peer === peer)
      .map((lane) => peerOf(lane, sync, { isNew: newPeers.has(lane.peer), counts, concerns })),
  };
}

function eventsOf(watcher: Watcher): EventsView {
  const { denied, unwatched } = watcher.stats();
  const blind = [
    ...(unwatched > 0
      ? [
          `${counted(unwatched, 'directory is', 'directories are')} not watched: see inotify-csync watch-limit`,
        ]
      : []),
    ...(denied > 0 ? [`${counted(denied, 'directory', 'directories')} can't be read`] : []),
  ];
  return { ...watcher.handedOver(), blind: blind.length > 0 ? blind.join('; ') : undefined };
}

function asideOf({ scheduler }: Sync, paths: FlushScope['paths']): ReadonlyMap<PathKey, SetAside> {
  const aside = new Map<PathKey, SetAside>();
  for (const { path, failed } of scheduler.setAside()) {
    // A path above one of the places may be a tree that holds the place.
    const concerns = paths?.some((place) => isWithin(path, place) || isWithin(place, path)) ?? true;
    if (!concerns) continue;
    const why = failed
      ? `cannot be checked: ${outcomeText[failed.outcome]}`
      : 'may still be arriving';
    aside.set(toKey(path), { text: `${displayShort(path)} ${why}` });
  }
  return aside;
}

interface PeerFacts {
  readonly isNew: boolean;
  readonly counts: ReadonlyMap<string, number> | undefined;
  readonly concerns: (path: PathBytes) => boolean;
}

function peerOf(lane: Lane, sync: Sync, { isNew, counts, concerns }: PeerFacts): FlushPeer {
  return {
    name: lane.peer,
    isNew,
    lacks() {
      // An update of the shared database removes marks that it makes again before it ends.
      if (sync.isShared && lane.status().state === 'updating') return undefined;
      const lacked = sync.lackedBy(lane.peer);
      if (lacked)
        return new Set(lacked.filter((path) => concerns(path) || path[0] !== slash).map(toKey));
      return counts && lane.status().state === 'idle' ? (counts.get(lane.peer) ?? 0) : undefined;
    },
    why() {
      const { onHold, onHoldCount, reason, nextAttemptAt } = lane.status();
      const next =
        nextAttemptAt === undefined ? [] : [`next try in ${secondsUntil(nextAttemptAt)} s`];
      const first = onHold.find(({ name }) => concerns(name)) ?? onHold[0];
      const held = first
        ? [`${displayShort(first.name)} on hold: ${outcomeText[first.reason]}`]
        : [];
      const more = onHoldCount > 1 ? [`and ${onHoldCount - 1} more on hold`] : [];
      return [
        ...(reason === undefined ? [] : [outcomeText[reason], ...next]),
        ...held,
        ...more,
      ].join('; ');
    },
  };
}

function secondsUntil(time: number): number {
  return Math.max(0, Math.round((time - Date.now()) / 1000));
}

const slash = 0x2f;
