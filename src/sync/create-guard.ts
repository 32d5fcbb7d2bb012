import type { Ledger } from '../csync2/database/ledger.js';
import { namesOf } from '../csync2/files/name-encoding.js';
import type { PathBytes } from '../text/path-bytes.js';
import { isAsNoted, isUnchangedSince } from './arrivals/as-noted.js';
import { NotedArrivals } from './arrivals/noted-arrivals.js';
import { Returns } from './arrivals/returns.js';
import { UnseenArrivals } from './arrivals/unseen-arrivals.js';
import type { Checker } from './check/checker.js';
import { lookAt } from './common/stat-of.js';
import { MountReader } from './guard/mount-reader.js';
import { type GuardedRoot, RootGuard } from './guard/root-guard.js';
import type { SyncParts } from './parts.js';

/** The guard, and the files that peers send to places while these are out of sight. */
export interface GuardedPlaces {
  readonly guard: RootGuard;
  readonly unseen: UnseenArrivals;
}

/** What the places need of parts that are created after them. */
export interface PlaceHooks {
  /** Ends running pushes that may send something at or below a path. */
  readonly halt: (path: PathBytes) => void;
  readonly retryFullCheck: () => void;
  /** See {@link Checker.takeAsTheyAre}. */
  readonly takeAsTheyAre: Checker['takeAsTheyAre'];
  /** See {@link Checker.unmark}. */
  readonly unmark: Checker['unmark'];
}

/** Creates the guard of included directories and mounts, and what happens when one is away. */
export function createGuard(
  parts: SyncParts,
  ledger: Ledger | undefined,
  hooks: PlaceHooks,
): GuardedPlaces {
  const { activity, events, mountMemory, notes, prefixes } = parts;
  const reader = new MountReader();
  const guard: RootGuard = new RootGuard(
    parts.trees.filter(mayBeDirectory),
    ledger?.tree,
    onChange,
    {
      read: () => reader.read(),
      memory: mountMemory,
      concerns: parts.concerns,
      mayReturn: (path) => returns.may(path),
      onAway: lookForArrivals,
      onTrouble: (error) => events.onError?.('examining mounts', error),
    },
  );
  const unseen = new UnseenArrivals({
    memory: mountMemory,
    prefixes,
    isAway: (path) => guard.isAway(path),
  });
  const noted =
    ledger && !parts.gate
      ? new NotedArrivals({
          ...{ noteTable: ledger.notes, notes, memory: mountMemory },
          onNoted: (name) => unseen.received(name),
        })
      : undefined;
  const returns: Returns = new Returns({
    arrivals: unseen,
    lookForArrivals,
    isAsNoted: (path) => isAsNoted(path, ledger?.notes),
    takeAsTheyAre(files) {
      noted?.expectOwn(
        files.flatMap((path) => namesOf(path, prefixes).map((name) => name.toString('latin1'))),
      );
      return hooks.takeAsTheyAre(files);
    },
    isUnchangedSince,
    unmark: hooks.unmark,
    lookAgain: () => guard.look(),
    onUnseen: (place, files) => events.onUnseen?.(place, files),
    onError: (error) => events.onError?.('telling csync2 of what has come unseen', error),
  });

  function onChange(root: GuardedRoot): void {
    events.onRoot?.(root);
    excludeAway(parts, guard);
    if (root.state === 'returning') return;
    const isBack = root.state === 'present';
    parts.queue.requireFullCheck(isBack ? 'a root is back' : 'a root is not there');
    if (isBack) {
      unseen.back(root.path);
      if (guard.awayWithin(wholeTree).length === 0) noted?.end();
      hooks.retryFullCheck();
    } else {
      hooks.halt(root.path);
      noted?.gone(root.seenAt);
      lookForArrivals();
      unseen.gone(root.path, root.seenAt);
    }
  }

  function lookForArrivals(): void {
    // What the server has said by now.
    activity.openSessions();
    noted?.look();
  }

  return { guard, unseen };
}

/** Makes csync2's server refuse what is sent to places that are away. */
export function excludeAway({ exclude }: SyncParts, guard: RootGuard): void {
  exclude?.(guard.awayWithin(wholeTree));
}

/** What can't be looked at is guarded until it can. */
function mayBeDirectory(path: PathBytes): boolean {
  const sight = lookAt(path);
  return sight.kind === 'unreadable' || (sight.kind === 'there' && sight.stat.isDirectory());
}

const wholeTree: PathBytes = Buffer.from('/');
