import type { Mount } from './mount-table.js';
import type { PlaceSight } from './place-look.js';

/** Why nothing at and below a guarded place may be checked now; see {@link rootStateText}. */
export type RootState =
  | 'present'
  | 'missing'
  | 'not-a-directory'
  | 'unreadable'
  | 'emptied'
  | 'replaced'
  | 'unmounted'
  | 'returning';

/** One phrase for each state. */
export const rootStateText: Readonly<Record<RootState, string>> = {
  present: 'present',
  missing: 'missing (unmounted, renamed or deleted)',
  'not-a-directory': 'no longer a directory, or behind a symbolic link',
  unreadable: 'unreadable',
  emptied: 'unexpectedly empty (unmounted?)',
  replaced: 'replaced by a different directory that lacks most of the known files',
  unmounted: 'not mounted, but it was',
  returning: 'back; csync2 is recording what peers sent there meanwhile',
};

/** A place as it is now, and what is known of how it was. */
export interface Place {
  /** An include names it: it has to be there even if it is no mount point. */
  readonly isRoot: boolean;
  readonly seen: PlaceSight;
  /** What is mounted on it now. */
  readonly mount: Mount | undefined;
  /**
   * The {@link identityOf} what was mounted on it when it was last as it should be; undefined:
   * nothing was.
   */
  readonly remembered: string | undefined;
  /** How it was last as it should be, in this run. */
  readonly last: { readonly identity: string; readonly mountId: number | undefined } | undefined;
}

/** What csync2 knows at and below the place. */
export interface PlaceKnowledge {
  /**
   * How many files, counted up to three.
   *
   * @param orPending - with those that are still pending for a peer, though csync2 may have taken
   *   them for deleted
   */
  count(orPending: boolean): number;
  /** Whether there are any below it, be they only pending. */
  isAny(): boolean;
  /** Whether half of those directly below it are there. */
  isMostlyThere(orPending: boolean): boolean;
}

/** What a place is. */
export interface Judgement {
  readonly state: RootState;
  /** What to compare with from now on; undefined: nothing new is to be learned. */
  readonly identity?: string;
  /** That something was mounted there is of no interest any more: csync2 knows nothing below. */
  readonly isForgotten?: true;
}

/** What tells what is mounted at a place, or its directory, from any other. */
export function identityOf(mount: Mount | undefined, seen: PlaceSight): string {
  const inside = 'identity' in seen ? seen.identity : '';
  return mount ? JSON.stringify([mount.type, mount.source, mount.root, inside]) : inside;
}

/**
 * Judges a place. csync2 takes what it can't see for deleted: so it has to be the one that it was,
 * or hold most of what csync2 knows there, before anything in it is looked at.
 *
 * @param knowledge - undefined where csync2's database can't be read: then only absence shows
 */
export function judgePlace(place: Place, knowledge: PlaceKnowledge | undefined): Judgement {
  const { isRoot, seen, mount, remembered } = place;
  if (remembered !== undefined && !mount) {
    if (isRoot && seen.kind === 'missing') return { state: 'missing' };
    if (!knowledge || knowledge.isAny()) return { state: 'unmounted' };
    if (!isRoot) return { state: 'present', isForgotten: true };
    return { ...judgePlace({ ...place, remembered: undefined }, knowledge), isForgotten: true };
  }
  if (seen.kind === 'missing' || seen.kind === 'unreadable') return { state: seen.kind };
  const identity = identityOf(mount, seen);
  // A single file, mounted upon one: its content is nobody's absence.
  if (seen.kind === 'file' && mount && !isRoot) return { state: 'present', identity };
  if (seen.kind !== 'directory') return { state: 'not-a-directory' };
  const isSame = isSameAs(place, identity);
  if (!knowledge)
    return { state: isSame || remembered === undefined ? 'present' : 'replaced', identity };
  // What is only pending counts where another directory has come: a check that met it half-way has
  // made csync2 forget files that are in the one before.
  const orPending = !isSame && (mount !== undefined || place.last !== undefined);
  // The place itself and one file: if the only file is deleted, that is intentional. And a check
  // that has met a new file system in the moment of its mount may know a file that is gone by now.
  if (!isSame && knowledge.count(orPending) <= 2) return { state: 'present', identity };
  if (seen.isEmpty)
    return { state: knowledge.count(orPending) > 2 ? 'emptied' : 'present', identity };
  return { state: isSame || knowledge.isMostlyThere(orPending) ? 'present' : 'replaced', identity };
}

function isSameAs({ mount, seen, remembered, last }: Place, identity: string): boolean {
  if (!mount) return last?.mountId === undefined && last?.identity === identity;
  if (remembered !== identity) return false;
  return ('isProof' in seen && seen.isProof) || last?.mountId === mount.id;
}
