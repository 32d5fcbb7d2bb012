import type { ListingEvents } from '../../csync2/database/peer-listing.js';

/** csync2's notes of one name on both sides, as its texts; undefined if a side has no note. */
export interface NotePair {
  readonly here: string | undefined;
  readonly there: string | undefined;
}

/** The differences by name. Names are those of csync2's database, one character a byte. */
export type Differences = ReadonlyMap<string, NotePair>;

/** Which names are compared. */
export interface ComparedNames {
  concerns(name: string): boolean;
  /** csync2's notes of these names on this host. */
  own(): Iterable<readonly [name: string, text: string]>;
}

/** The parts of {@link compareNotes}. */
export interface NoteComparisonParts {
  /** Asks a peer for its notes. Resolves with whether the peer has told all of them. */
  readonly list: (
    peer: string,
    events: ListingEvents,
    signal: AbortSignal,
    isIdle?: boolean,
  ) => Promise<boolean>;
  /** The comparison is not urgent. */
  readonly isIdle?: boolean;
  /** Whether a name may be decided now; a name out of sight may not. */
  readonly mayDecide: (name: string) => boolean;
}

/** A peer as a comparison needs it. */
export interface ComparedPeer {
  readonly name: string;
  /** Whether csync2 synchronises a name with the peer. */
  shares(name: string): boolean;
}

/**
 * Compares the notes of both sides for some names.
 *
 * @returns the number of names, and the differences; undefined if the peer did not tell all
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

/**
 * The differences that both looks found alike. At the first look something may have been on its
 * way.
 */
export function inCommon(first: Differences, second: Differences): Differences {
  return new Map(
    [...second].filter(([name, { here, there }]) => {
      const earlier = first.get(name);
      return earlier !== undefined && earlier.here === here && earlier.there === there;
    }),
  );
}

/** Changes on either side arrive within this time, or show as other differences. */
export const secondLookMilliseconds = 2000;
