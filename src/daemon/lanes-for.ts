import { exitCodes, InotifyCsyncError } from '../errors.js';
import type { Lane } from '../sync/push/lane.js';
import type { Sync } from '../sync/sync.js';
import { closest } from '../text/closest.js';

/** The lane of a peer, or all. Throws an {@link UnknownPeerError}. */
export function lanesFor(
  peer: string | undefined,
  { lanes }: Pick<Sync, 'lanes'>,
): readonly Lane[] {
  return peer === undefined ? lanes : lanesOf([peer], { lanes });
}

/** The lanes of these peers, each once. Throws an {@link UnknownPeerError}. */
export function lanesOf(peers: readonly string[], { lanes }: Pick<Sync, 'lanes'>): readonly Lane[] {
  const known = lanes.map((lane) => lane.peer);
  const unknown = peers.find((peer) => !known.includes(peer));
  if (unknown !== undefined) throw new UnknownPeerError(unknown, known);
  return lanes.filter((lane) => peers.includes(lane.peer));
}

/** A name does not belong to a peer of this host. */
export class UnknownPeerError extends InotifyCsyncError {
  constructor(peer: string, known: readonly string[]) {
    const meant = closest(peer, known);
    super(
      'ICS_UNKNOWN_PEER',
      exitCodes.usage,
      `${peer} is not a peer of this host`,
      `${meant === undefined ? '' : `did you mean ${meant}? `}peers are: ${known.join(', ')}`,
    );
  }
}
