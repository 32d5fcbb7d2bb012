import type { ListingEvents } from '../../csync2/database/peer-listing.js';

/** What csync2 has noted of one name on both sides, as its texts; undefined: nothing. */
export interface NotePair {
  readonly here: string | undefined;
  readonly there: string | undefined;
}

/** What is different, by name. Names are those of csync2's database, one character a byte. */
export type Differences = ReadonlyMap<string, NotePair>;

/** Which names are compared. */
export interface ComparedNames {
  concerns(name: string): boolean;
  /** What csync2 has noted of them on this host. */
  own(): Iterable<readonly [name: string, text: string]>;
}

/** What notes are compared with. */
export interface NoteComparisonParts {
  /** Asks a peer for its notes; whether it has told all. */
  readonly list: (
    peer: string,
    events: ListingEvents,
    signal: AbortSignal,
    isIdle?: boolean,
  ) => Promise<boolean>;
  /** Nobody waits for it. */
  readonly isIdle?: boolean;
  /** Whether a name may be decided on now: not what is out of sight. */
  readonly mayDecide: (name: string) => boolean;
}

/** A peer, as a comparison needs it. */
export interface ComparedPeer {
  readonly name: string;
  /** Whether a name is synchronised with it. */
  shares(name: string): boolean;
}

/**
 * Compares what both sides have noted of some names.
 *
 * @returns how many names there are, and what is different; undefined: the peer did not tell all
 */
export async function compareNotes(
  peer: ComparedPeer,
  names: ComparedNames,
  { list, mayDecide, isIdle = false }: NoteComparisonParts,
  signal: AbortSignal,
): Promise<{ readonly compared: number; readonly differences: Differences } | undefined> {
  const there = new Map<string, string>();
  const cut: string[] = [];
  const onNote = (name: string, text: string) => {
    if (names.concerns(name)) there.set(name, text);
  };
  const onCut = (beginning: string) => cut.push(beginning);
  if (!(await list(peer.name, { onNote, onCut }, signal, isIdle))) return undefined;
  const here = new Map(names.own());
  const differences = new Map<string, NotePair>();
  let compared = 0;
  for (const name of new Set([...here.keys(), ...there.keys()])) {
    const pair = { here: here.get(name), there: there.get(name) };
    const isKnown =
      pair.there !== undefined || !cut.some((beginning) => name.startsWith(beginning));
    if (!isKnown || !peer.shares(name)) continue;
    compared++;
    if (pair.here !== pair.there && mayDecide(name)) differences.set(name, pair);
  }
  return { compared, differences };
}

/** Something may have been on its way at the first look: only what has not changed since counts. */
export function inCommon(first: Differences, second: Differences): Differences {
  return new Map(
    [...second].filter(([name, { here, there }]) => {
      const earlier = first.get(name);
      return earlier !== undefined && earlier.here === here && earlier.there === there;
    }),
  );
}

/** What has changed on either side arrives within this time, or something else does. */
export const secondLookMilliseconds = 2000;
