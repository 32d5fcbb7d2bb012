/** What became of one seed, and what counts as a fault. */
import type { Difference } from './snapshot.js';

/** What can be wrong in the end; the first words of a fault's text say more. */
export type FaultKind =
  /** The trees were not equal in time. */
  | 'unequal'
  /** The trees are equal, but not what the owner of the folder has made. */
  | 'changed by others'
  | 'pending'
  | 'on hold'
  | 'not well'
  | 'false conflict'
  | 'full check'
  /** What was removed in the end did not go everywhere. */
  | 'not removed'
  /** The churn itself could not go on. */
  | 'broken';

export interface Fault {
  readonly kind: FaultKind;
  /** What it has in common with other faults of its kind, without names: `content of a file`. */
  readonly sort: string;
  readonly text: string;
  /**
   * The paths that it is about, below the tree, one character a byte; some of them, if they are
   * many.
   */
  readonly paths: readonly string[];
}

/** One change of a prober on its way to one host. */
export interface Fresh {
  readonly sender: number;
  readonly receiver: number;
  /** Null if it never came. */
  readonly milliseconds: number | null;
  /** When it was made, in seconds since the epoch. */
  readonly at: number;
}

export interface Outcome {
  readonly faults: readonly Fault[];
  readonly differences: readonly Difference[];
  /**
   * Seconds from the last operation to equal trees with nothing pending; null if that never came.
   */
  readonly converged: number | null;
  readonly fresh: readonly Fresh[];
  /** csync2's own temporary files that were left behind. */
  readonly leftovers: readonly string[];
  /** How often something was done to a host, by kind. */
  readonly struck: Readonly<Record<string, number>>;
  /** How often something could not be done here, by kind. */
  readonly notPossible: Readonly<Record<string, number>>;
  /** Changes that only a full check found in the end. */
  readonly detectedLate: number;
  /**
   * Entries of the hosts' own folders that were not everywhere as their owners had made them, and
   * how many of them were gone.
   */
  readonly lost: number;
  readonly wrongDeletions: number;
  /** Of the operations: how many did something. */
  readonly done: number;
  readonly answered: number;
  /** When the first operation began, in milliseconds since the epoch. */
  readonly start: number;
  /** By name, what is worth keeping of it. */
  readonly records: Readonly<Record<string, string>>;
}

/**
 * The faults that differences make, one for each sort. `late` is when they were gone, null if they
 * stayed.
 */
export function unequalFaults(differences: readonly Difference[], late: number | null): Fault[] {
  const sorts = new Map<string, Difference[]>();
  for (const difference of differences) {
    const sort = sortOf(difference, late !== null);
    sorts.set(sort, [...(sorts.get(sort) ?? []), difference]);
  }
  const when = late === null ? 'for good' : `until ${late.toFixed(1)} s`;
  return [...sorts].map(([sort, [first, ...more]]) => ({
    kind: 'unequal',
    sort,
    paths: [first, ...more].flatMap((difference) => difference?.path ?? []).slice(0, 5),
    text: `${first ? differenceText(first) : ''}${more.length > 0 ? ` and ${more.length} more` : ''} (${when})`,
  }));
}

/** What a difference has in common with others: `missing file, own folder, for good`. */
export function sortOf({ path, kind, type }: Difference, late: boolean): string {
  const [first = '', second] = path.split('/');
  const place = (/^s\d+-\d+$/.test(first) ? second : first)?.replace(/-.*/, '') ?? 'seed';
  return `${kind === 'missing' ? 'missing' : `other ${kind} of`} ${type}, ${place} folder, ${late ? 'late' : 'for good'}`;
}

export function differenceText({ path, kind, texts }: Difference): string {
  return `${JSON.stringify(path)} ${kind}: ${texts.join(' | ')}`;
}

/** Whether one of these faults is of the same sort. */
export function hasSort(
  faults: readonly Fault[],
  { kind, sort }: Pick<Fault, 'kind' | 'sort'>,
): boolean {
  return faults.some((fault) => fault.kind === kind && fault.sort === sort);
}
