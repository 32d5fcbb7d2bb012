import { setTimeout as sleep } from 'node:timers/promises';
import { type Sides, type Winner, winnerOf } from './arbitration.js';
import {
  type ComparedNames,
  type ComparedPeer,
  compareNotes,
  inCommon,
  type NoteComparisonParts,
  type NotePair,
  secondLookMilliseconds,
} from './note-comparison.js';

/** A peer as {@link verify} needs it. */
export interface VerifiedPeer extends ComparedPeer {
  readonly sides: Sides;
  /** Whether a name is pending for the peer. */
  isPending(name: string): boolean;
  /** Sends the file under a name with force. */
  sendForced(name: string): void;
  /** Sends the file under a name, unless the peer has a changed file of its own there. */
  offer(name: string): void;
}

/** A name under which both sides differ, with nothing on its way. */
export interface Divergence extends NotePair {
  readonly name: string;
  /** The side that sends its version in a repair. */
  readonly sender: Winner;
}

/** The result of a comparison with a peer. */
export interface Verified {
  readonly peer: string;
  /** Number of names that both sides should have alike. */
  readonly compared: number;
  /** Number of differing names that are pending for the peer anyway. */
  readonly pending: number;
  readonly divergences: readonly Divergence[];
}

/**
 * Compares all that both sides share, or the names at and below some names of csync2's database. It
 * looks twice at names that differ.
 *
 * @returns undefined if the peer did not tell what it has
 */
export async function verify(
  peer: VerifiedPeer,
  names: ComparedNames,
  parts: NoteComparisonParts,
  signal: AbortSignal,
): Promise<Verified | undefined> {
  const first = await compareNotes(peer, names, parts, signal);
  if (!first) return undefined;
  if (first.differences.size === 0)
    return { peer: peer.name, compared: first.compared, pending: 0, divergences: [] };
  await sleep(secondLookMilliseconds, undefined, { signal });
  const second = await compareNotes(peer, names, parts, signal);
  if (!second) return undefined;
  const divergences: Divergence[] = [];
  let pending = 0;
  for (const [name, pair] of inCommon(first.differences, second.differences)) {
    if (peer.isPending(name)) pending++;
    else divergences.push({ name, ...pair, sender: senderOf(pair, peer.sides) });
  }
  return { peer: peer.name, compared: second.compared, pending, divergences };
}

/** Sends the names that this host must send. @returns the number of names */
export function repair(peer: VerifiedPeer, divergences: readonly Divergence[]): number {
  const own = divergences.filter(({ sender }) => sender === 'here');
  for (const { name } of own) {
    if (peer.sides.method === 'none') peer.offer(name);
    else peer.sendForced(name);
  }
  return own.length;
}

/**
 * The side that sends its version in a repair. `auto none` leaves two versions undecided, but a
 * side may send a file that only it has.
 */
function senderOf({ here, there }: NotePair, sides: Sides): Winner {
  if (sides.method !== 'none') return winnerOf(here, there, sides);
  if (here !== undefined && there !== undefined) return 'nobody';
  return winnerOf(here, there, { ...sides, method: 'first' });
}
