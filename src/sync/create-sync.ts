import { AutoCheck } from '../csync2/check/auto-check.js';
import { CurrentRules } from '../csync2/check/current-rules.js';
import { OwnCheck } from '../csync2/check/own-check.js';
import { type PathCheck, ProgramCheck } from '../csync2/check/path-check.js';
import { compareWithPeer } from '../csync2/database/comparison.js';
import { listDirty } from '../csync2/database/dirty-listing.js';
import { Ledger } from '../csync2/database/ledger.js';
import { decodeName, encodeName, namesOf, realPathOf } from '../csync2/files/name-encoding.js';
import { databaseLocation } from '../csync2/run/instance.js';
import { outcomeText } from '../csync2/run/result.js';
import { KeptTime } from '../state/kept-time.js';
import type { PathBytes } from '../text/path-bytes.js';
import { arrivalsOf, senderOf } from './arrivals/arrivals.js';
import { NotedArrivals } from './arrivals/noted-arrivals.js';
import { Returns } from './arrivals/returns.js';
import { UnseenArrivals } from './arrivals/unseen-arrivals.js';
import { Checker } from './check/checker.js';
import { HardLinks } from './check/hard-links.js';
import { CheckRecord } from './check/torn/check-record.js';
import { TornChecks } from './check/torn/torn-checks.js';
import { lookAt } from './common/stat-of.js';
import { Surveys } from './common/survey.js';
import { ContestedNames } from './compare/contested-names.js';
import { Reconciliation, type ReconciliationParts } from './compare/reconciliation.js';
import { type Comparisons, createComparisons } from './create-comparisons.js';
import { createLanes } from './create-lanes.js';
import { CheckJournal } from './database/check-journal.js';
import { DatabaseWindow } from './database/database-window.js';
import { DetectedLate } from './full-check/detected-late.js';
import { FullCheck } from './full-check/full-check.js';
import { Preview } from './full-check/preview.js';
import { UnsupportedPaths } from './full-check/unsupported-paths.js';
import { MountReader } from './guard/mount-reader.js';
import { type GuardedMounts, type GuardedRoot, RootGuard } from './guard/root-guard.js';
import { stampOf } from './memory/file-stamp.js';
import { OverlookedChanges } from './memory/overlooked-changes.js';
import { Newcomers } from './newcomers/newcomers.js';
import type { SyncParts } from './parts.js';
import type { Lane, PushReport } from './push/lane.js';
import { PeerLane } from './push/peer-lane.js';
import { Scheduler } from './scheduler.js';
import { reportedTree, sweepTree } from './sweep/sweep-tree.js';

/** The sync stage, put together. */
export interface Sync {
  readonly scheduler: Scheduler;
  readonly lanes: readonly Lane[];
  readonly guard: RootGuard;
  readonly detectedLate: DetectedLate;
  readonly unsupported: UnsupportedPaths;
  /** Who checks changed files: see {@link SyncParts.checker}. */
  readonly checker: SyncParts['checker'];
  /** Whether something is still to be marked that a check which was cut short may have torn. */
  isMarking(): boolean;
  /** The peers whose first comparison is still to come, with its state. */
  newPeers(): ReadonlyMap<
    string,
    { readonly failingSince: number | undefined; readonly reason: string }
  >;
  /**
   * Compares with a peer; undefined where updates work on csync2's own database. See
   * {@link Comparisons.verify}.
   */
  readonly verify: Comparisons['verify'] | undefined;
  /**
   * Sends nothing more to these peers, which are noted as paused; resolves when nothing is on its
   * way to them.
   */
  pause(peers: readonly string[]): Promise<void>;
  /** Sends what waits for these peers, which are no longer noted as paused. */
  resume(peers: readonly string[]): void;
  /**
   * What this host and its peers have both changed; undefined where updates work on csync2's own
   * database.
   */
  readonly conflicts: Comparisons['conflicts'] | undefined;
  /** Tells what a check would find; undefined where csync2's database can't be read. */
  readonly preview: Preview | undefined;
  /** Outermost included paths: what a full check looks at. */
  readonly roots: readonly PathBytes[];
  /**
   * The files, on this host, that a peer lacks; undefined where csync2's database can't be read.
   */
  lackedBy(peer: string): readonly PathBytes[] | undefined;
  /** The files, on this host, that names of csync2's database stand for. */
  placesOf(names: readonly Buffer[]): PathBytes[];
  /** Calls `onPush` after each push, until the returned function is called. */
  listen(onPush: (report: PushReport) => void): () => void;
  /**
   * Whether updates work on csync2's own database, and may take off marks that they make again
   * before they end.
   */
  readonly isShared: boolean;
  /** Whether csync2's database can't be read, so that csync2 has to be asked what is pending. */
  readonly isCounted: boolean;
  /**
   * Asks csync2 how many files are pending for each peer that lacks any; undefined if it could not
   * tell.
   */
  countPending(): Promise<ReadonlyMap<string, number> | undefined>;
  /** How the lanes work and why, for the status. */
  readonly strategy: string;
  /** Sends what is pending from before, and brings new peers up to date. */
  start(): void;
  /** After an unclean stop: see {@link Checker.repair}. */
  repair(): Promise<void>;
  close(): Promise<void>;
}

/** Builds checker, lanes and scheduler for the database that csync2 uses. */
export function createSync(parts: SyncParts): Sync {
  const { runner, prefixes, roots, events, memory, notes } = parts;
  const location = databaseLocation(runner.instance);
  const ledger = location.kind === 'sqlite' ? new Ledger(location.file, prefixes) : undefined;
  const journal = new CheckJournal();
  const window = new DatabaseWindow(parts.activity, parts.gate, sessionPatienceSeconds);
  for (const { path, stat } of parts.halfReceived) memory.remember(path, stampOf(stat));
  const history = new KeptTime(parts.fullCheckHistory);
  const unseenSince = () =>
    Math.max(history.at ?? 0, Math.min(parts.unseen.since ?? startedAt, startedAt));
  // The memory knows every file's changes in this run.
  const mayBeUnseen = (time: number) => time >= startedAt || parts.unseen.covers(time);
  const guard = createGuard(parts, ledger, {
    onChange(root) {
      events.onRoot?.(root);
      parts.exclude?.(guard.awayWithin(wholeTree));
      if (root.state === 'returning') return;
      const isBack = root.state === 'present';
      parts.queue.requireFullCheck(isBack ? 'a root is back' : 'a root is not there');
      if (isBack) {
        unseen.back(root.path);
        if (guard.awayWithin(wholeTree).length === 0) noted?.end();
        scheduler.retryFullCheck();
      } else {
        for (const lane of lanes) lane.halt(root.path);
        noted?.gone(root.seenAt);
        lookForArrivals();
        unseen.gone(root.path, root.seenAt);
      }
    },
    mayReturn: (path) => returns.may(path),
    onAway: () => lookForArrivals(),
  });
  const unseen = new UnseenArrivals({
    memory: parts.mountMemory,
    prefixes,
    isAway: (path) => guard.isAway(path),
  });
  const onNoted = (name: string) => unseen.received(name);
  const noted =
    ledger && !parts.gate
      ? new NotedArrivals({ noteTable: ledger.notes, notes, memory: parts.mountMemory, onNoted })
      : undefined;
  const lookForArrivals = () => {
    // What the server has said by now.
    parts.activity.openSessions();
    noted?.look();
  };
  const returns = new Returns({
    arrivals: unseen,
    lookForArrivals,
    isAsNoted: (path) => isAsNoted(path, ledger),
    takeAsTheyAre(files) {
      noted?.expectOwn(
        files.flatMap((path) => namesOf(path, prefixes).map((name) => name.toString('latin1'))),
      );
      return checker.takeAsTheyAre(files);
    },
    isUnchangedSince(path, time) {
      const sight = lookAt(path);
      return sight.kind === 'there' && Number(sight.stat.ctimeMs) < time - unchangedMilliseconds;
    },
    unmark: (files) => checker.unmark(files),
    lookAgain: () => guard.look(),
    onUnseen: (place, files) => events.onUnseen?.(place, files),
    onError: (error) => events.onError?.('telling csync2 of what has come unseen', error),
  });
  const surveys = new Surveys();
  const recheck = (path: PathBytes) => scheduler.recheck(path);
  const links = new HardLinks({
    ...{ roots, recheck, concerns: parts.concerns, survey: surveys.survey },
    onError: (error) => events.onError?.('looking for files with several names', error),
  });
  const checker = new Checker({
    runner,
    check: createPathCheck(parts, ledger),
    ledger,
    journal,
    window,
    torn: new TornChecks({
      newest: ledger && ((limit) => ledger.notes.newest(limit)),
      record: new CheckRecord(parts.checkRecord),
      // A lane on a private database loses no marks.
      ...(ledger && parts.privateDatabases
        ? {}
        : { alsoUnmarked: () => journal.markedSinceFirst() }),
    }),
    memory,
    notes,
    changes: new OverlookedChanges({ noteTable: ledger?.notes, memory, notes }),
    arrivals: arrivalsOf(parts.activity, parts.writes, prefixes),
    survey: surveys.survey,
    timelines: parts.timelines,
    links,
    unseenSince,
    mayBeUnseen,
    prefixes,
    guard,
    onRestored: (paths) => events.onRestored?.(paths),
    takeBroken: () => parts.activity.takeBroken(),
    takeEmptied: () =>
      parts.activity.takeEmptied((path) =>
        namesOf(path, prefixes).map((name) => name.toString('latin1')),
      ),
  });
  const placesOf = (names: readonly Buffer[]) =>
    names.map((name) => realPathOf(name, prefixes) ?? unplaced(name));
  const listeners = new Set<(report: PushReport) => void>();
  const onPush = (report: PushReport) => {
    events.onPush?.(report);
    for (const listener of listeners) listener(report);
  };
  const wake = (peer: string) => lanes.find((lane) => lane.peer === peer)?.wake();
  const refused = new ContestedNames();
  const isContested = (peer: string, encoded: Buffer) => {
    refused.forgetBefore(Date.now() - lateMilliseconds);
    const isElsewhere = (lane: Lane) =>
      lane instanceof PeerLane && lane.decisions.hasConflictAround(encoded);
    return (
      refused.concerns(encoded.toString('latin1')) ||
      lanes.some((lane) => lane.peer !== peer && isElsewhere(lane))
    );
  };
  const reconciliation =
    ledger && createReconciliation(parts, ledger, { guard, wake, isContested });
  let comparisons: Comparisons | undefined;
  const around = {
    onContested: (encoded: Buffer) => comparisons?.arbiter.contested(encoded.toString('latin1')),
    ...{ ledger, journal, window, checker, guard, reconciliation, recheck },
    senderOf: (name: string) => senderOf(name, parts),
    cameFrom(name: string) {
      const reception = parts.activity.reception(name);
      return reception && Date.now() - reception.since < lateMilliseconds
        ? reception.peer
        : undefined;
    },
  };
  const { lanes, strategy } = createLanes({ ...parts, events: { ...events, onPush } }, around);
  comparisons =
    ledger && parts.privateDatabases
      ? createComparisons(parts, { ledger, guard, lanes })
      : undefined;
  const detectedLate = new DetectedLate();
  const unsupported = new UnsupportedPaths((summary) => events.onUnsupported?.(summary));
  const scheduler = new Scheduler(
    {
      queue: parts.queue,
      checker,
      guard,
      tree: reportedTree(ledger?.tree, parts.isEntered),
      detectedLate,
      history,
      unseen: parts.unseen,
      memory,
      lanes,
      csync2: {
        get running() {
          return runner.running + surveys.running;
        },
        get started() {
          return runner.started + surveys.started;
        },
      },
      unsupported,
      timelines: parts.timelines,
      beginFullCheck: () =>
        new FullCheck({
          ...{ roots, checker, guard, window, unseenSince: unseenSince() },
          tree: sweepTree(ledger?.tree, parts.isEntered),
          onLeftOut: (paths) => unsupported.add(paths),
        }),
      events,
    },
    parts.options,
  );
  const newcomers = ledger && createNewcomers(parts, ledger, wake);
  return {
    scheduler,
    lanes,
    guard,
    detectedLate,
    unsupported,
    checker: parts.checker,
    strategy,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isShared: !(ledger && parts.privateDatabases),
    isCounted: ledger === undefined,
    countPending: () => listDirty(runner),
    isMarking: () => checker.isMarking,
    newPeers: () => newcomers?.waiting ?? new Map(),
    verify: comparisons?.verify,
    async pause(peers) {
      await Promise.all(lanes.map((lane) => peers.includes(lane.peer) && lane.pause()));
    },
    resume(peers) {
      for (const lane of lanes) if (peers.includes(lane.peer)) lane.resume();
      for (const peer of peers) {
        newcomers?.resumed(peer);
        comparisons?.arbiter.resumed(peer);
      }
    },
    conflicts: comparisons?.conflicts,
    preview:
      ledger &&
      new Preview({
        ...{ ledger, prefixes, peers: parts.peers, concerns: parts.concerns },
        isAway: (path) => guard.isAway(path),
      }),
    roots,
    lackedBy: (peer) => ledger && placesOf(ledger.pending.names(peer)),
    placesOf,
    repair: () => checker.repair(),
    start() {
      parts.activity.onReceived = (name, peer, at) => {
        const path = realPathOf(Buffer.from(name, 'latin1'), prefixes);
        if (path) events.onReceived?.(path, peer, at);
        unseen.received(name);
        comparisons?.arbiter.received(encodeName(Buffer.from(name, 'latin1')).toString('latin1'));
      };
      parts.activity.onMarked = (name, peer, at) => {
        unseen.marked(name);
        const encoded = encodeName(Buffer.from(name, 'latin1'));
        refused.add(encoded.toString('latin1'), Date.now());
        for (const lane of lanes) lane.marked?.(encoded, lane.peer === peer, at);
        around.onContested(encoded);
      };
      parts.activity.onLooked = (peer) => {
        for (const lane of lanes)
          if (lane instanceof PeerLane && (peer === undefined || lane.peer === peer))
            lane.decisions.lookedAt();
      };
      parts.activity.onOccupied = (path) => {
        for (const name of namesOf(path, prefixes))
          comparisons?.arbiter.occupied(encodeName(name).toString('latin1'));
      };
      guard.look();
      // Also if nothing has changed, because the configuration may be another one.
      parts.exclude?.(guard.awayWithin(wholeTree));
      for (const lane of lanes) lane.wake();
      comparisons?.regular.start();
      newcomers?.start(parts.peers.map((peer) => peer.name));
    },
    async close() {
      await links.stop();
      await newcomers?.stop();
      await reconciliation?.stop();
      await comparisons?.arbiter.stop();
      await comparisons?.regular.stop();
      await Promise.all(lanes.map((lane) => lane.stop()));
      // The next run must know the files that have come unseen until now.
      if (!guard.whole) guard.look();
      ledger?.close();
    },
  };
}

function createPathCheck(parts: SyncParts, ledger: Ledger | undefined): PathCheck {
  const { runner, prefixes, events } = parts;
  const program = new ProgramCheck(runner, prefixes);
  if (parts.checker === 'csync2') return program;
  const own = () =>
    ledger && parts.knownChecks
      ? new OwnCheck({ ledger, rules: new CurrentRules(runner.instance) })
      : undefined;
  return new AutoCheck({
    ...{ program, own: own() ?? (ledger ? 'program' : 'server') },
    onChecked: (count) => events.onCheckedHere?.(count),
    onFallback: (reason, count) => events.onLeftToCsync2?.(reason, count),
  });
}

interface GuardHooks extends Required<Pick<GuardedMounts, 'mayReturn' | 'onAway'>> {
  readonly onChange: (root: GuardedRoot) => void;
}

function createGuard(
  { trees, concerns, mountMemory, events }: SyncParts,
  ledger: Ledger | undefined,
  { onChange, ...hooks }: GuardHooks,
): RootGuard {
  const reader = new MountReader();
  return new RootGuard(trees.filter(mayBeDirectory), ledger?.tree, onChange, {
    read: () => reader.read(),
    memory: mountMemory,
    concerns,
    ...hooks,
    onTrouble: (error) => events.onError?.('examining mounts', error),
  });
}

function createReconciliation(
  parts: SyncParts,
  ledger: Ledger,
  { guard, ...hooks }: { guard: RootGuard } & Pick<ReconciliationParts, 'wake' | 'isContested'>,
): Reconciliation {
  const { runner, prefixes, laneDirectory, stallSeconds, events } = parts;
  return new Reconciliation({
    ...hooks,
    onError: (error) => events.onError?.('comparing with a peer', error),
    async compare(peer, keep, signal) {
      const myName =
        parts.peers.find(({ name }) => name === peer)?.myName ?? runner.instance.hostName;
      const how = {
        runner,
        ledger,
        peer,
        myName,
        directory: laneDirectory,
        stallSeconds,
        signal,
        keep,
      };
      return (await compareWithPeer(how)).pending;
    },
    isKnown(encoded) {
      const path = realPathOf(decodeName(encoded), prefixes);
      const isElsewhere = !path || guard.forbids(path, false) || lookAt(path).kind !== 'absent';
      return isElsewhere || ledger.notes.textOf(encoded) !== undefined;
    },
  });
}

function createNewcomers(
  parts: SyncParts,
  ledger: Ledger,
  wake: (peer: string) => void,
): Newcomers {
  const { runner, knownPeers, laneDirectory, stallSeconds, events } = parts;
  return new Newcomers({
    known: knownPeers,
    isPaused: (peer) => parts.paused.since(peer) !== undefined,
    wake,
    onCompared: (peer, comparison) => events.onCompared?.(peer, comparison),
    async compare(peer, signal) {
      const myName =
        parts.peers.find(({ name }) => name === peer)?.myName ?? runner.instance.hostName;
      const how = { runner, ledger, peer, myName, directory: laneDirectory, stallSeconds, signal };
      const { result, pending } = await compareWithPeer(how);
      const ok = result.outcome === 'done' || result.exitCode === inSync;
      return { ok, pending, reason: ok ? '' : outcomeText[result.outcome] };
    },
  });
}

/**
 * How long open sessions are waited for before a check goes on beside them: a little more than one
 * push of ours.
 */
const sessionPatienceSeconds = 1.5;
/**
 * Where it is not known when everything was checked last, what is older than this run is taken for
 * checked.
 */
const startedAt = Date.now();

/** csync2's exit code for "nothing differs". */
const inSync = 2;

/** Whether a file is as csync2 has noted it, as far as that tells. */
function isAsNoted(path: PathBytes, ledger: Ledger | undefined): boolean {
  const sight = lookAt(path);
  const seen = ledger?.notes.of(path);
  if (sight.kind !== 'there' || !seen) return false;
  const { size, mtimeNs } = sight.stat;
  const isSameSize = seen.size === undefined || BigInt(seen.size) === size;
  return (
    isSameSize &&
    (seen.mtimeSeconds === undefined || BigInt(seen.mtimeSeconds) === mtimeNs / second)
  );
}

/**
 * Stands for a name whose prefix has no path here. It is unknown where the name belongs, so it
 * concerns all paths.
 */
function unplaced(name: Buffer): PathBytes {
  return name;
}

const second = 1_000_000_000n;
/** How long a peer may be about to bring others the files that it has sent here. */
const lateMilliseconds = 60_000;
/** What had changed by then has been checked. */
const unchangedMilliseconds = 2000;
const wholeTree: PathBytes = Buffer.from('/');

/** What can't be looked at is guarded until it can. */
function mayBeDirectory(path: PathBytes): boolean {
  const sight = lookAt(path);
  return sight.kind === 'unreadable' || (sight.kind === 'there' && sight.stat.isDirectory());
}
