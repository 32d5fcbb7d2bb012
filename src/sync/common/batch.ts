import { isWithinLimits } from '../../csync2/files/path-limits.js';
import { isRecursive, type QueueEntry } from '../../queue/entry.js';
import { DirectoryKeys } from '../../text/directory-keys.js';
import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';

/** Paths to look at alone, and paths to look at with everything below them. */
export interface Scope {
  readonly files: readonly PathBytes[];
  readonly trees: readonly PathBytes[];
}

/** The paths of one check: every path once, none below a tree that is looked at anyway. */
export interface Batch {
  /** Paths to look at alone. */
  readonly files: readonly PathBytes[];
  /** Paths to look at with everything below them; none lies within another. */
  readonly trees: readonly PathBytes[];
  /** Paths within a tree that were reported on their own as well. */
  readonly covered: readonly PathBytes[];
  /**
   * Those paths whose content is not in doubt: csync2's note of a file is not doubted if only
   * owner, mode or times were touched, or if a tree is only looked at once more.
   */
  readonly trusted: ReadonlySet<PathKey>;
  /** Paths that csync2 can't handle; see {@link isWithinLimits}. */
  readonly leftOut?: readonly PathBytes[];
}

/**
 * Folds queue entries into one batch. The order is kept, so earlier entries are checked earlier.
 * Losses are left out, because the queue itself remembers that a full check is due.
 */
export function makeBatch(entries: readonly QueueEntry[]): Batch {
  const files = new Map<PathKey, PathBytes>();
  const trees = new Map<PathKey, PathBytes>();
  const leftOut = new Map<PathKey, PathBytes>();
  const doubted = new Set<PathKey>();
  for (const entry of entries) {
    if (entry.kind === 'loss') continue;
    const key = toKey(entry.path);
    const target = !isWithinLimits(entry.path) ? leftOut : isRecursive(entry) ? trees : files;
    target.set(key, entry.path);
    if (entry.kind !== 'touch' && entry.kind !== 'recheck') doubted.add(key);
  }
  const directories = new DirectoryKeys(trees.keys());
  // A tree within another one is looked at as part of it: if the inner tree is in doubt, so is the
  // outer one.
  for (const key of trees.keys()) {
    if (doubted.has(key)) for (const above of directories.above(key)) doubted.add(above);
  }
  const isCovered = (key: PathKey) => trees.has(key) || directories.areAbove(key);
  return {
    files: [...files].filter(([key]) => !isCovered(key)).map(([, path]) => path),
    trees: [...trees].filter(([key]) => !directories.areAbove(key)).map(([, path]) => path),
    covered: [...files].filter(([key]) => isCovered(key)).map(([, path]) => path),
    trusted: new Set([...files.keys(), ...trees.keys()].filter((key) => !doubted.has(key))),
    ...(leftOut.size > 0 ? { leftOut: [...leftOut.values()] } : {}),
  };
}

/** Makes one batch of several, as if their paths had come together. */
export function mergeBatches(batches: readonly Batch[]): Batch {
  return batches.length === 1 && batches[0] ? batches[0] : makeBatch(batches.flatMap(entriesOf));
}

/** Number of paths that csync2 looks at for a batch. */
export function batchSize(batch: Batch): number {
  return batch.files.length + batch.trees.length;
}

/** The path of a batch that is of one alone. */
export function onlyPath({ files, trees, covered }: Batch): PathBytes | undefined {
  return files.length + trees.length + covered.length === 1 ? (files[0] ?? trees[0]) : undefined;
}

function entriesOf({ files, trees, covered, trusted, leftOut = [] }: Batch): QueueEntry[] {
  const entry = (path: PathBytes, trust: QueueEntryKind, doubt: QueueEntryKind): QueueEntry => {
    return { kind: trusted.has(toKey(path)) ? trust : doubt, path };
  };
  return [
    ...trees.map((path) => entry(path, 'recheck', 'tree')),
    ...[...files, ...covered, ...leftOut].map((path) => entry(path, 'touch', 'file')),
  ];
}

type QueueEntryKind = Exclude<QueueEntry['kind'], 'loss'>;
