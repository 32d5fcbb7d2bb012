import { compareWithPeer } from '../csync2/database/comparison.js';
import type { Ledger } from '../csync2/database/ledger.js';
import { decodeName, realPathOf } from '../csync2/files/name-encoding.js';
import { spreadingMilliseconds } from './arrivals/arrivals.js';
import { lookAt } from './common/stat-of.js';
import type { ContestedNames } from './compare/contested-names.js';
import { Reconciliation } from './compare/reconciliation.js';
import type { RootGuard } from './guard/root-guard.js';
import type { SyncParts } from './parts.js';
import { peerOptions } from './peer-options.js';
import type { Lane } from './push/lane.js';
import { PeerLane } from './push/peer-lane.js';

/** What a reconciliation needs to know of the other parts. */
export interface ReconciliationSurroundings {
  readonly ledger: Ledger;
  readonly guard: RootGuard;
  /** The lanes, once they are there. */
  readonly lanes: () => readonly Lane[];
  /** The names that sessions have offered here and that this host has refused. */
  readonly refused: ContestedNames;
}

/** Creates what removes from a peer the files that block a removed directory. */
export function createReconciliation(
  parts: SyncParts,
  { ledger, guard, lanes, refused }: ReconciliationSurroundings,
): Reconciliation {
  return new Reconciliation({
    wake: (peer) =>
      lanes()
        .find((lane) => lane.peer === peer)
        ?.wake(),
    isContested(peer, encoded) {
      refused.forgetBefore(Date.now() - spreadingMilliseconds);
      const hasConflict = (lane: Lane) =>
        lane instanceof PeerLane && lane.decisions.hasConflictAround(encoded);
      return (
        refused.concerns(encoded.toString('latin1')) ||
        lanes().some((lane) => lane.peer !== peer && hasConflict(lane))
      );
    },
    isKnown(encoded) {
      const path = realPathOf(decodeName(encoded), parts.prefixes);
      const isElsewhere = !path || guard.forbids(path, false) || lookAt(path).kind !== 'absent';
      return isElsewhere || ledger.notes.textOf(encoded) !== undefined;
    },
    async compare(peer, keep, signal) {
      const options = peerOptions(parts, ledger, peer, signal);
      return (await compareWithPeer({ ...options, keep })).pending;
    },
    onError: (error) => parts.events.onError?.('comparing with a peer', error),
  });
}
