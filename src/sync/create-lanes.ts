import { listDirty } from '../csync2/database/dirty-listing.js';
import type { Ledger } from '../csync2/database/ledger.js';
import { realPathOf } from '../csync2/files/name-encoding.js';
import { databaseName } from '../csync2/run/instance.js';
import type { PathBytes } from '../text/path-bytes.js';
import type { Checker } from './check/checker.js';
import { Mutex } from './common/mutex.js';
import { noChanges, survey } from './common/survey.js';
import type { Reconciliation } from './compare/reconciliation.js';
import type { CheckJournal } from './database/check-journal.js';
import type { DatabaseWindow } from './database/database-window.js';
import type { RootGuard } from './guard/root-guard.js';
import type { SyncParts, SyncPeer } from './parts.js';
import type { Lane, PushReport } from './push/lane.js';
import { PeerLane } from './push/peer-lane.js';
import { SharedLane } from './push/shared-lane.js';

/** The parts that all lanes share. `ledger` is undefined if the database is not SQLite. */
export interface LaneSurroundings {
  readonly ledger: Ledger | undefined;
  readonly journal: CheckJournal;
  readonly window: DatabaseWindow;
  readonly checker: Checker;
  readonly guard: RootGuard;
  /** Undefined if csync2's database can't be read. */
  readonly reconciliation: Reconciliation | undefined;
  /** The peer that last sent a name here, if that was lately. */
  readonly cameFrom: (name: string) => string | undefined;
  /** The peer that has sent the file under a name, if no one here has touched the file since. */
  readonly senderOf: (name: string) => string | undefined;
  /** Called with a name of the database that this host and another one have both changed. */
  readonly onContested: (encoded: Buffer) => void;
  /** Asks for a check of a file. */
  readonly recheck: (path: PathBytes) => void;
}

/**
 * Creates one lane for each peer, and tells how the lanes work. They never silently work in another
 * way than the settings ask for.
 */
export function createLanes(
  parts: SyncParts,
  around: LaneSurroundings,
): { lanes: Lane[]; strategy: string } {
  const { batchedDeletes, parallel, privateDatabases } = parts;
  const order = parallel ? 'in parallel' : 'one peer after another';
  if (around.ledger && privateDatabases) {
    return {
      lanes: privateLanes(parts, around, around.ledger),
      strategy: `private databases, ${order}`,
    };
  }
  const why = around.ledger ? 'private_databases is off' : "csync2's database is not SQLite";
  const how = batchedDeletes ? 'shared database with -b' : 'shared database';
  return { lanes: sharedLanes(parts, around), strategy: `${how}, ${order}: ${why}` };
}

function privateLanes(parts: SyncParts, around: LaneSurroundings, ledger: Ledger): Lane[] {
  const { cameFrom, guard, recheck, senderOf, window } = around;
  const common = commonParts(parts, around);
  const lanes: readonly PeerLane[] = parts.peers.map(
    ({ name: peer, myName, slave: isSlave }) =>
      new PeerLane({
        ...common,
        ...{ peer, myName, isSlave },
        pausedSince: () => parts.paused.since(peer),
        ledger,
        window,
        prefixes: parts.prefixes,
        directory: parts.laneDirectory,
        databaseName: databaseName(parts.runner.instance),
        isHeld: (path) => guard.forbids(path, false),
        lookAtRoots: () => guard.look(),
        pin: (paths) => guard.pin(paths),
        timelines: parts.timelines,
        recheck,
        compare: (encoded) => around.reconciliation?.request(peer, encoded),
        origins: {
          cameFrom,
          senderOf,
          receivedAt: (name) => parts.activity.reception(name)?.since,
          companions(encoded, origin) {
            const companions = companionsOf(parts.peers, peer);
            const isFree = (lane: PeerLane) =>
              !lane.isSending(encoded) &&
              (lane.peer !== origin || lane.decisions.hasConflict(encoded));
            return lanes
              .filter((lane) => companions.includes(lane.peer) && isFree(lane))
              .map((lane) => lane.peer);
          },
        },
        onContested: around.onContested,
        onLate(encoded) {
          for (const lane of lanes) if (lane.peer !== peer) lane.decisions.sendAgain(encoded);
        },
      }),
  );
  return [...lanes];
}

/**
 * The peers that share all groups with this peer, so that this peer sends all its changes to them.
 */
function companionsOf(peers: SyncParts['peers'], peer: string): readonly string[] {
  const groups = peers.find(({ name }) => name === peer)?.groups ?? [];
  const isCompanion = (other: SyncPeer) => other.groups.every((group) => groups.includes(group));
  return peers.filter((other) => other.name !== peer && isCompanion(other)).map(({ name }) => name);
}

function sharedLanes(parts: SyncParts, around: LaneSurroundings): Lane[] {
  const { checker, guard, ledger } = around;
  const { runner } = parts;
  const common = commonParts(parts, around);
  const countPending = async (peer: string) => {
    if (ledger) return ledger.pending.count(peer);
    const listing = await listDirty(runner);
    // csync2 does not list peers for which nothing is pending.
    return listing && (listing.get(peer) ?? 0);
  };
  return parts.peers.map(
    ({ name: peer }) =>
      new SharedLane({
        ...common,
        peer,
        pausedSince: () => parts.paused.since(peer),
        options: parts.batchedDeletes ? ['-b'] : [],
        markAgain: (mark) => checker.markAgain(mark),
        countPending: () => countPending(peer),
        mayPush() {
          guard.look();
          return guard.whole;
        },
        sights: {
          pending: () => pendingPaths(peer, parts, ledger),
          outOfSight: (paths) => outOfSight(paths, guard),
          pin: (paths) => guard.pin(paths),
          mark: (paths) => checker.mark(paths),
        },
      }),
  );
}

async function pendingPaths(
  peer: string,
  { prefixes, runner }: SyncParts,
  ledger: Ledger | undefined,
): Promise<PathBytes[]> {
  const names = ledger?.pending.names(peer) ?? [];
  if (!ledger) {
    await listDirty(runner, (host, name) => {
      if (host === peer) names.push(Buffer.from(name, 'latin1'));
    });
  }
  return names.flatMap((name) => realPathOf(name, prefixes) ?? []);
}

async function outOfSight(paths: readonly PathBytes[], guard: RootGuard): Promise<PathBytes[]> {
  const { unreadable } = await survey(paths, { recursive: false, changedSince: noChanges });
  guard.look();
  const held = paths.filter((path) => guard.forbids(path, false));
  return [...unreadable.map(({ path }) => path), ...held];
}

function commonParts(parts: SyncParts, around: LaneSurroundings) {
  const { runner, stallSeconds, events, parallel } = parts;
  return {
    runner,
    journal: around.journal,
    stallSeconds,
    ...(parallel ? {} : { turn: new Mutex() }),
    onPush: (report: PushReport) => events.onPush?.(report),
    onError: (where: string, error: unknown) => events.onError?.(where, error),
  };
}
