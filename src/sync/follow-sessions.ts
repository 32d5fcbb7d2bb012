import { encodeName, namesOf, realPathOf } from '../csync2/files/name-encoding.js';
import type { UnseenArrivals } from './arrivals/unseen-arrivals.js';
import type { Arbiter } from './compare/arbiter.js';
import type { ContestedNames } from './compare/contested-names.js';
import type { SyncParts } from './parts.js';
import type { Lane } from './push/lane.js';
import { PeerLane } from './push/peer-lane.js';

/** Who wants to know what the sessions of csync2's server do. */
export interface SessionFollowers {
  readonly unseen: UnseenArrivals;
  /** Gets the names that sessions have offered here and that this host has refused. */
  readonly refused: ContestedNames;
  readonly lanes: readonly Lane[];
  /** Undefined where updates work on csync2's own database. */
  readonly arbiter: Arbiter | undefined;
}

/** From now on tells the other parts what the sessions of csync2's server do. */
export function followSessions(
  { activity, events, prefixes }: SyncParts,
  { arbiter, lanes, refused, unseen }: SessionFollowers,
): void {
  activity.onReceived = (name, peer, at) => {
    const path = realPathOf(Buffer.from(name, 'latin1'), prefixes);
    if (path) events.onReceived?.(path, peer, at);
    unseen.received(name);
    arbiter?.received(encodeName(Buffer.from(name, 'latin1')).toString('latin1'));
  };
  activity.onMarked = (name, peer, at) => {
    unseen.marked(name);
    const encoded = encodeName(Buffer.from(name, 'latin1'));
    const key = encoded.toString('latin1');
    refused.add(key, Date.now());
    for (const lane of lanes) lane.marked?.(encoded, lane.peer === peer, at);
    arbiter?.contested(key);
  };
  activity.onLooked = (peer) => {
    for (const lane of lanes)
      if (lane instanceof PeerLane && (peer === undefined || lane.peer === peer))
        lane.decisions.lookedAt();
  };
  activity.onOccupied = (path) => {
    for (const name of namesOf(path, prefixes))
      arbiter?.occupied(encodeName(name).toString('latin1'));
  };
}
