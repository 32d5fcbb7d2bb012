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

/** A place as it is now, and what is known of its past. */
export interface Place {
  /** An include names the place, so it must be there even if it is no mount point. */
  readonly isRoot: boolean;
  readonly seen: PlaceSight;
  /** The mount on the place now. */
  readonly mount: Mount | undefined;
  /**
   * The {@link identityOf} of the mount that was on the place when the place was last right;
   * undefined if there was none.
   */
  readonly remembered: string | undefined;
  /** The place when it was last right, in this run. */
  readonly last: { readonly identity: string; readonly mountId: number | undefined } | undefined;
}

/** csync2's knowledge of the files at and below the place. */
export interface PlaceKnowledge {
  /**
   * The number of known files, counted up to three.
   *
   * @param orPending - also counts files that are still pending for a peer, though csync2 may have
   * taken them for deleted
   */
  count(orPending: boolean): number;
  /** Whether any files are known below the place, even only pending ones. */
  isAny(): boolean;
  /** Whether half of the known files directly below the place are there. */
  isMostlyThere(orPending: boolean): boolean;
}

/** The judgement of a place. */
export interface Judgement {
  readonly state: RootState;
  /** The identity to compare with from now on; undefined if there is no new one. */
  readonly identity?: string;
  /** The mount that was there does not matter any more, because csync2 knows nothing below it. */
  readonly isForgotten?: true;
}

/** The identity of a place's mount, or of its directory, which differs from any other. */
export function identityOf(mount: Mount | undefined, seen: PlaceSight): string {
  const inside = 'identity' in seen ? seen.identity : '';
  return mount ? JSON.stringify([mount.type, mount.source, mount.root, inside]) : inside;
}

/**
 * Judges a place. csync2 takes files that it can't see for deleted. So before anything in the place
 * is looked at, the place must be the same as before, or hold most of the files that csync2 knows
 * there.
 *
 * @param knowledge - undefined if csync2's database can't be read: then only absence shows
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
  // A single file that is mounted upon a file: its content does not tell that anything is missing.
  if (seen.kind === 'file' && mount && !isRoot) return { state: 'present', identity };
  if (seen.kind !== 'directory') return { state: 'not-a-directory' };
  const isSame = isSameAs(place, identity);
  if (!knowledge)
    return { state: isSame || remembered === undefined ? 'present' : 'replaced', identity };
  // Pending files count if another directory has come: a check during the change has made csync2
  // forget files of the directory before.
  const orPending = !isSame && (mount !== undefined || place.last !== undefined);
  // Two names are the place itself and one file, and the deletion of an only file is intentional.
  // Also, a check at the moment of a mount may have met a file of the new file system that is gone
  // by now.
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
