import type { Ledger } from '../csync2/database/ledger.js';
import { listPeer } from '../csync2/database/peer-listing.js';
import { lookAtPeer } from '../csync2/database/peer-look.js';
import { decodeName, encodeName, namesOf, realPathOf } from '../csync2/files/name-encoding.js';
import { KeptTime } from '../state/kept-time.js';
import type { PathBytes } from '../text/path-bytes.js';
import { Arbiter, type ContestedPeer } from './compare/arbiter.js';
import { type ConflictPeer, Conflicts } from './compare/conflicts.js';
import type { ContestedNames } from './compare/contested-names.js';
import type { ComparedNames, NoteComparisonParts } from './compare/note-comparison.js';
import { RegularVerification } from './compare/regular-verification.js';
import { repair, type Verified, type VerifiedPeer, verify } from './compare/verification.js';
import type { RootGuard } from './guard/root-guard.js';
import type { SyncParts, SyncPeer } from './parts.js';
import { peerOptions } from './peer-options.js';
import type { Lane } from './push/lane.js';
import { PeerLane } from './push/peer-lane.js';

/** The comparisons of this host's notes with those of its peers. */
export interface Comparisons {
  readonly arbiter: Arbiter;
  readonly conflicts: Conflicts;
  /** The comparison that runs now and then by itself. */
  readonly regular: RegularVerification;
  /**
   * Compares all that is shared with a peer, or the files at and below a path.
   *
   * @returns the result, and the number of names that this host sends in a repair; undefined if the
   * peer did not tell
   */
  verify(
    peer: string,
    how: { readonly path?: PathBytes | undefined; readonly repairs: boolean },
    signal: AbortSignal,
  ): Promise<{ readonly verified: Verified; readonly repaired: number } | undefined>;
}

/** Creates the comparisons with the peers that have a database of their own for each update. */
export function createComparisons(
  parts: SyncParts,
  { ledger, guard, lanes }: { ledger: Ledger; guard: RootGuard; lanes: readonly Lane[] },
): Comparisons {
  const { prefixes, events } = parts;
  const peers = parts.peers.flatMap((peer) => {
    const lane = lanes.find((each) => each.peer === peer.name);
    const isPaused = () => parts.paused.since(peer.name) !== undefined;
    return lane instanceof PeerLane
      ? [{ ...comparedPeer(peer, lane, ledger, parts), isPaused }]
      : [];
  });
  const pathOf = (name: string) => realPathOf(decodeName(bytes(name)), prefixes);
  const comparison = comparisonParts(parts, ledger, (name) => {
    const path = pathOf(name);
    return path !== undefined && !guard.forbids(path, false);
  });
  const arbiter = new Arbiter({
    ...{ ...comparison, peers },
    notes: (name, isDeep) => ledger.notes.texts(bytes(name), isDeep),
    lookForArrivals: () => void parts.activity.received(),
    onDecided: (peer, names) =>
      events.onDecided?.(
        peer,
        names.flatMap((name) => pathOf(name) ?? []),
      ),
    onError: (error) => events.onError?.('comparing with a peer', error),
  });
  const regular = new RegularVerification({
    peers: peers.map(({ name }) => name),
    interval: parts.options.verifyInterval,
    history: new KeptTime(parts.verifyHistory),
    async verify(name, signal) {
      const peer = peers.find((each) => each.name === name);
      if (!peer || peer.isPaused()) return undefined;
      return await verify(peer, allNames(ledger), { ...comparison, isIdle: true }, signal);
    },
    onVerified({ peer, divergences }) {
      const { sides } = peers.find(({ name }) => name === peer) ?? {};
      const names = divergences.map(({ name }) => name);
      if (sides?.method !== 'none') for (const name of names) arbiter.contested(name);
      else
        events.onDiverged?.(
          peer,
          names.flatMap((name) => pathOf(name) ?? []),
        );
    },
    onError: (error) => events.onError?.('comparing with a peer', error),
  });
  return {
    arbiter,
    conflicts: new Conflicts({
      ...{ ...comparison, peers },
      notes: (name, isDeep) => ledger.notes.texts(bytes(name), isDeep),
    }),
    regular,
    async verify(name, { path, repairs }, signal) {
      const peer = peers.find((each) => each.name === name);
      const scope = path ? namesWithin(path, parts, ledger) : allNames(ledger);
      const verified = peer && (await verify(peer, scope, comparison, signal));
      return verified && { verified, repaired: repairs ? repair(peer, verified.divergences) : 0 };
    },
  };
}

function comparisonParts(
  parts: SyncParts,
  ledger: Ledger,
  mayDecide: (name: string) => boolean,
): NoteComparisonParts {
  return {
    mayDecide,
    list: (peer, listing, signal, idle = false) =>
      listPeer({ ...peerOptions(parts, ledger, peer, signal), idle }, listing),
  };
}

function comparedPeer(
  peer: SyncPeer,
  lane: PeerLane,
  ledger: Ledger,
  parts: SyncParts,
): ContestedPeer & VerifiedPeer & ConflictPeer {
  const { auto: method, name, onLeft, slave, slaveHere } = peer;
  const row = (encodedName: string) => ledger.pending.row(name, bytes(encodedName));
  return {
    name,
    sides: { method, isSlaveHere: slaveHere, isSlaveThere: slave, isLeftThere: onLeft },
    shares: (encodedName) => peer.shares(decodeName(bytes(encodedName))),
    isAtRest: () => lane.status().state !== 'updating',
    isPending: (encodedName) => row(encodedName) !== undefined,
    isOnItsWay(encodedName) {
      const pending = row(encodedName);
      return pending !== undefined && !lane.decisions.hasRejected(pending);
    },
    tryAgain: (names: ContestedNames) =>
      lane.decisions.tryAgain((encoded) => names.concerns(encoded.toString('latin1'))),
    conflicts: () =>
      lane.decisions.conflicts().map((held) => ({ ...held, name: held.name.toString('latin1') })),
    pendingWithin(encodedName) {
      const path = realPathOf(decodeName(bytes(encodedName)), parts.prefixes);
      const rows = path ? ledger.pending.within(name, path, mostPending) : [];
      return rows.map(({ encoded }) => encoded.toString('latin1'));
    },
    async lookAt(names, signal) {
      const options = peerOptions(parts, ledger, name, signal);
      if (names.length > 0) await lookAtPeer(options, names.map(bytes));
    },
    giveUp: (names) => lane.decisions.giveUp(names.map(bytes)),
    sendForced: (encodedName) => lane.decisions.sendForced(bytes(encodedName)),
    offer: (encodedName) => lane.decisions.offer(bytes(encodedName)),
  };
}

function allNames(ledger: Ledger): ComparedNames {
  return { concerns: () => true, own: () => ledger.notes.allTexts() };
}

function namesWithin(path: PathBytes, { prefixes }: SyncParts, ledger: Ledger): ComparedNames {
  const names = namesOf(path, prefixes).map(encodeName);
  const isWithin = (name: string) =>
    names.some((each) => {
      const text = each.toString('latin1');
      return name === text || name.startsWith(text.endsWith('/') ? text : `${text}/`);
    });
  return {
    concerns: isWithin,
    *own() {
      for (const name of names) yield* ledger.notes.texts(name, true);
    },
  };
}

/** The most pending rows of a tree in conflict that are looked at. */
const mostPending = 1_000_000;

function bytes(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}
