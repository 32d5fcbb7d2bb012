import type { Ledger } from '../csync2/ledger.js';
import { decodeName, realPathOf } from '../csync2/name-encoding.js';
import { listPeer } from '../csync2/peer-listing.js';
import { Arbiter } from './arbiter.js';
import type { ContestedNames } from './contested-names.js';
import type { SyncParts, SyncPeer } from './create-sync.js';
import type { Lane } from './lane.js';
import { PeerLane } from './peer-lane.js';
import type { RootGuard } from './root-guard.js';

/** The arbiter between this host and its peers; nobody's where updates work on csync2's own database. */
export function createArbiter(
  parts: SyncParts,
  { ledger, guard, lanes }: { ledger: Ledger; guard: RootGuard; lanes: readonly Lane[] },
): Arbiter {
  const { runner, prefixes, laneDirectory: directory, stallSeconds, events } = parts;
  const pathOf = (name: string) => realPathOf(decodeName(Buffer.from(name, 'latin1')), prefixes);
  return new Arbiter({
    peers: parts.peers.flatMap((peer) => {
      const lane = lanes.find((each) => each.peer === peer.name);
      return lane instanceof PeerLane ? [contestedPeer(peer, lane, ledger)] : [];
    }),
    notes: (name, isDeep) => ledger.notes(Buffer.from(name, 'latin1'), isDeep),
    list(peer, listing, signal) {
      const myName = parts.peers.find(({ name }) => name === peer)?.myName ?? runner.instance.hostName;
      return listPeer({ runner, ledger, peer, myName, directory, stallSeconds, signal }, listing);
    },
    lookForArrivals: () => void parts.activity.received(),
    mayDecide(name) {
      const path = pathOf(name);
      return path !== undefined && !guard.forbids(path, false);
    },
    onDecided: (peer, names) =>
      events.onDecided?.(
        peer,
        names.flatMap((name) => pathOf(name) ?? []),
      ),
    onError: (error) => events.onError?.('comparing with a peer', error),
  });
}

function contestedPeer(peer: SyncPeer, lane: PeerLane, ledger: Ledger) {
  const { auto: method, name, onLeft, slave, slaveHere } = peer;
  return {
    name,
    sides: { method, isSlaveHere: slaveHere, isSlaveThere: slave, isLeftThere: onLeft },
    shares: (encodedName: string) => peer.shares(decodeName(Buffer.from(encodedName, 'latin1'))),
    isAtRest: () => lane.status().state !== 'updating',
    tryAgain: (names: ContestedNames) =>
      lane.tryAgain((encoded) => names.concerns(encoded.toString('latin1'))),
    isOwed(encodedName: string) {
      const row = ledger.owedTo(name, Buffer.from(encodedName, 'latin1'));
      return row !== undefined && !lane.hasRejected(row);
    },
    win: (encodedName: string) => lane.win(Buffer.from(encodedName, 'latin1')),
  };
}
