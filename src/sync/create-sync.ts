import { listDirty } from '../csync2/database/dirty-listing.js';
import { Ledger } from '../csync2/database/ledger.js';
import { realPathOf } from '../csync2/files/name-encoding.js';
import { databaseLocation } from '../csync2/run/instance.js';
import { KeptTime } from '../state/kept-time.js';
import type { PathBytes } from '../text/path-bytes.js';
import { recentSenderOf, senderOf } from './arrivals/arrivals.js';
import { Surveys } from './common/survey.js';
import { ContestedNames } from './compare/contested-names.js';
import { createChecker } from './create-checker.js';
import { type Comparisons, createComparisons } from './create-comparisons.js';
import { createGuard, excludeAway } from './create-guard.js';
import { createLanes } from './create-lanes.js';
import { createNewcomers } from './create-newcomers.js';
import { createReconciliation } from './create-reconciliation.js';
import { createScheduler } from './create-scheduler.js';
import { CheckJournal } from './database/check-journal.js';
import { DatabaseWindow } from './database/database-window.js';
import { followSessions } from './follow-sessions.js';
import { Preview } from './full-check/preview.js';
import { stampOf } from './memory/file-stamp.js';
import { unseenTimes } from './memory/unseen-times.js';
import type { SyncParts } from './parts.js';
import type { PushReport } from './push/lane.js';
import type { Sync } from './sync.js';

/** Builds the sync stage for the database that csync2 uses. */
export function createSync(parts: SyncParts): Sync {
  const { runner, prefixes, roots, events, memory } = parts;
  const location = databaseLocation(runner.instance);
  const ledger = location.kind === 'sqlite' ? new Ledger(location.file, prefixes) : undefined;
  const hasPrivateDatabases = ledger !== undefined && parts.privateDatabases;
  for (const { path, stat } of parts.halfReceived) memory.remember(path, stampOf(stat));

  const history = new KeptTime(parts.fullCheckHistory);
  const shared = {
    ...{ ledger, history, journal: new CheckJournal(), surveys: new Surveys() },
    window: new DatabaseWindow(parts.activity, parts.gate, sessionPatienceSeconds),
    unseenTimes: unseenTimes(history, parts.unseen),
    recheck: (path: PathBytes) => scheduler.recheck(path),
  };
  const { guard, unseen } = createGuard(parts, ledger, {
    halt(path) {
      for (const lane of lanes) lane.halt(path);
    },
    retryFullCheck: () => scheduler.retryFullCheck(),
    takeAsTheyAre: (files) => checker.takeAsTheyAre(files),
    unmark: (files) => checker.unmark(files),
  });
  const { checker, links } = createChecker(parts, { ...shared, guard });

  const refused = new ContestedNames();
  const reconciliation =
    ledger && createReconciliation(parts, { ledger, guard, refused, lanes: () => lanes });
  const listeners = new Set<(report: PushReport) => void>();
  const onPush = (report: PushReport) => {
    events.onPush?.(report);
    for (const listener of listeners) listener(report);
  };
  let comparisons: Comparisons | undefined;
  const { lanes, strategy } = createLanes(
    { ...parts, events: { ...events, onPush } },
    {
      ...{ ...shared, checker, guard, reconciliation },
      onContested: (encoded) => comparisons?.arbiter.contested(encoded.toString('latin1')),
      senderOf: (name) => senderOf(name, parts),
      cameFrom: (name) => recentSenderOf(name, parts.activity),
    },
  );
  if (hasPrivateDatabases) comparisons = createComparisons(parts, { ledger, guard, lanes });
  const full = createScheduler(parts, { ...shared, guard, checker, lanes });
  const { scheduler } = full;
  const wake = (peer: string) => lanes.find((lane) => lane.peer === peer)?.wake();
  const newcomers = ledger && createNewcomers(parts, ledger, wake);

  const placesOf = (names: readonly Buffer[]) =>
    // It is unknown where a name belongs whose prefix has no path here, so it concerns all paths.
    names.map((name) => realPathOf(name, prefixes) ?? name);
  return {
    ...full,
    ...{ lanes, strategy, guard, roots, placesOf },
    checker: parts.checker,
    isShared: !hasPrivateDatabases,
    isCounted: ledger === undefined,
    verify: comparisons?.verify,
    conflicts: comparisons?.conflicts,
    preview:
      ledger &&
      new Preview({
        ...{ ledger, prefixes, peers: parts.peers, concerns: parts.concerns },
        isAway: (path) => guard.isAway(path),
      }),
    isMarking: () => checker.isMarking,
    repair: () => checker.repair(),
    newPeers: () => newcomers?.waiting ?? new Map(),
    countPending: () => listDirty(runner),
    lackedBy: (peer) => ledger && placesOf(ledger.pending.names(peer)),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
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
    start() {
      followSessions(parts, { unseen, refused, lanes, arbiter: comparisons?.arbiter });
      guard.look();
      // Also if nothing has changed, because the configuration may be another one.
      excludeAway(parts, guard);
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

/**
 * How long open sessions are waited for before a check goes on beside them: a little more than one
 * push of ours.
 */
const sessionPatienceSeconds = 1.5;
