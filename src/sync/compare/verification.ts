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

/** A peer that is compared with. */
export interface VerifiedPeer extends ComparedPeer {
  readonly sides: Sides;
  /** Whether a name is pending for it. */
  isPending(name: string): boolean;
  /** Sends what is under a name, whatever it has there. */
  win(name: string): void;
  /** Sends what is under a name, unless it has something else there that was changed there. */
  offer(name: string): void;
}

/** A name under which both sides have something else, and nothing on its way. */
export interface Divergence extends NotePair {
  readonly name: string;
  /** Who sends it to the other in a repair. */
  readonly sender: Winner;
}

/** What a comparison with a peer came to. */
export interface Verified {
  readonly peer: string;
  /** Names that both sides should have alike. */
  readonly compared: number;
  /** Of those that differ, those that are pending for the peer anyway. */
  readonly pending: number;
  readonly divergences: readonly Divergence[];
}

/**
 * Compares with a peer all that both share, or what is at and below some names of csync2's
 * database. It looks twice at what differs.
 *
 * @returns undefined: the peer did not tell what it has
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

/** Has this host send what it is to send. @returns how many names */
export function repair(peer: VerifiedPeer, divergences: readonly Divergence[]): number {
  const own = divergences.filter(({ sender }) => sender === 'here');
  for (const { name } of own) {
    if (peer.sides.method === 'none') peer.offer(name);
    else peer.win(name);
  }
  return own.length;
}

/**
 * With `auto none`, nobody decides between two versions; what only one side has, that side may
 * send.
 */
function senderOf({ here, there }: NotePair, sides: Sides): Winner {
  if (sides.method !== 'none') return winnerOf(here, there, sides);
  if (here !== undefined && there !== undefined) return 'nobody';
  return winnerOf(here, there, { ...sides, method: 'first' });
}
