import { setTimeout as sleep } from 'node:timers/promises';
import { typeOf } from '../../csync2/files/check-text.js';
import type { ControlRequest } from '../../observe/control-protocol.js';
import type { ResolvedReply, ResolveReply } from '../../observe/control-replies.js';
import { type Conflict, newestOf } from '../../sync/compare/conflict.js';
import type { Conflicts } from '../../sync/compare/conflicts.js';
import type { Sync } from '../../sync/sync.js';
import { fromKey, isWithin, type PathBytes } from '../../text/path-bytes.js';
import { NoComparisonError, NotSynchronisedError } from '../refusals.js';
import { conflictReply, pathOfConflict } from './conflict-replies.js';
import {
  DecideElsewhereError,
  NoConflictError,
  NoPartError,
  NotGivenUpError,
  NothingNewestError,
  OutOfSightError,
  resolveCommand,
  SilentPeerError,
} from './resolve-errors.js';

/** The parts that a request to decide conflicts needs. */
export interface ResolvingHost {
  /** This host's name. */
  readonly host: string;
  readonly sync: Sync;
  readonly concerns: (path: PathBytes) => boolean;
}

/**
 * Decides conflicts on request. Examines all paths before it changes anything for the first. Sends
 * a version of this host with force. Lets a peer's version in, and waits for it. Throws errors of
 * `resolve-errors.ts` and `refusals.ts`.
 */
export async function resolveConflicts(
  { paths, keep, dry_run: isDry }: Extract<ControlRequest, { command: 'resolve' }>,
  { host, sync, concerns }: ResolvingHost,
  signal: AbortSignal,
): Promise<ResolveReply> {
  const { conflicts, strategy } = sync;
  if (!conflicts) throw new NoComparisonError(strategy);
  const outside = paths.filter((path) => !concerns(fromKey(path)));
  if (outside.length > 0) throw new NotSynchronisedError(outside);
  const found = (await conflicts.list(signal)).map((conflict) => ({
    conflict,
    path: pathOfConflict(conflict, sync),
  }));
  const decisions = [...new Set(paths)].flatMap((key) => {
    const of = conflictsAt(fromKey(key), found);
    return decide(fromKey(key), of, keep, {
      host,
      peers: sync.lanes.map(({ peer }) => peer),
      conflicts,
    });
  });
  const replies = (stateOf: (decision: Decision) => ResolvedReply['state']) =>
    decisions.map((decision) => resolvedReply(decision, stateOf(decision), host, sync));
  const reply = { schema: 1, host, dry_run: isDry } as const;
  if (isDry) return { ...reply, resolved: replies(() => 'planned') };
  for (const { conflict, path, winner } of decisions) {
    if (winner === host) conflicts.sendOwn(conflict);
    else if (!(await conflicts.giveUpOwn(conflict, signal))) throw new NotGivenUpError(path);
  }
  await awaitAll(decisions, host, conflicts, signal);
  return {
    ...reply,
    resolved: replies((decision) => (isDone(decision, host, conflicts) ? 'done' : 'waiting')),
  };
}

interface FoundConflict {
  readonly conflict: Conflict;
  readonly path: PathBytes;
}

interface Decision extends FoundConflict {
  /** The host whose version is kept. */
  readonly winner: string;
}

/** The conflicts at a path, one with each peer. Throws a {@link NoConflictError}. */
function conflictsAt(path: PathBytes, found: readonly FoundConflict[]): readonly Conflict[] {
  const at = found.filter((each) => each.path.equals(path));
  if (at.length > 0) return at.map(({ conflict }) => conflict);
  const above = found.find((each) => each.conflict.isTree && isWithin(path, each.path));
  const below = found.filter((each) => isWithin(each.path, path)).map((each) => each.path);
  throw new NoConflictError(path, { above: above?.path, below });
}

function decide(
  path: PathBytes,
  at: readonly Conflict[],
  keep: string,
  { host, peers, conflicts }: { host: string; peers: readonly string[]; conflicts: Conflicts },
): readonly Decision[] {
  const parties = [host, ...at.map(({ peer }) => peer)];
  if (keep !== newest && !parties.includes(keep)) {
    throw new NoPartError(path, keep, { parties, isPeer: peers.includes(keep) });
  }
  for (const conflict of at) {
    if (!conflict.pair) throw new SilentPeerError(path, conflict.peer);
    if (conflicts.isOutOfSight(conflict)) throw new OutOfSightError(path);
  }
  const winner = keep === newest ? newestHost(path, at, host) : keep;
  if (winner !== host) {
    const others = new Set([
      ...parties.filter((party) => party !== host && party !== winner),
      ...at.flatMap((conflict) =>
        conflict.peer === winner ? conflicts.pendingElsewhere(conflict) : [],
      ),
    ]);
    // Once this host accepts other versions, it would take the first that comes.
    if (others.size > 0) throw new DecideElsewhereError(path, winner, [...others]);
  }
  return at.map((conflict) => ({ conflict, path, winner }));
}

function newestHost(path: PathBytes, at: readonly Conflict[], host: string): string {
  const found = newestOf(at);
  if (found === 'unknown') throw new NothingNewestError(path, host, at[0]?.peer ?? 'PEER');
  return found.peer ?? host;
}

function isDone({ conflict, winner }: Decision, host: string, conflicts: Conflicts): boolean {
  return winner === host ? conflicts.isSent(conflict) : conflicts.isTaken(conflict);
}

async function awaitAll(
  decisions: readonly Decision[],
  host: string,
  conflicts: Conflicts,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + waitMilliseconds;
  while (performance.now() < until && !decisions.every((each) => isDone(each, host, conflicts))) {
    await sleep(lookMilliseconds, undefined, { signal });
  }
}

function resolvedReply(
  { conflict, path, winner }: Decision,
  state: ResolvedReply['state'],
  host: string,
  sync: Sync,
): ResolvedReply {
  const { peer } = conflict;
  const isOwn = winner === host;
  const loss = conflict.isTree ? ', and all below it' : '';
  const action = isOwn
    ? `${peer}'s version${loss} is replaced by that of this host`
    : `the version of this host${loss} is replaced by ${peer}'s`;
  const isWaiting = state === 'waiting';
  const isEmptied = conflict.isTree && conflict.parts.size > 1 && isDirectoryHere(conflict);
  const hint = isOwn
    ? `see why ${peer} does not accept it: inotify-csync status`
    : isEmptied
      ? `${peer} removes what is below it here within minutes; if not, on ${peer}: inotify-csync retry ${host}`
      : `${peer} sends it within ten minutes; at once with, on ${peer}: ${resolveCommand(path, winner)}`;
  return {
    ...conflictReply(conflict, sync),
    keep: winner,
    action,
    state,
    hint: isWaiting ? hint : null,
  };
}

function isDirectoryHere({ pair }: Conflict): boolean {
  return pair?.here !== undefined && typeOf(pair.here) === 'dir';
}

/** The version to keep if no host is named. */
const newest = 'newest';
/** How long to wait until both hosts have the same version. */
const waitMilliseconds = 15_000;
const lookMilliseconds = 50;
