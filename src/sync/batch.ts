import { isWithinLimits } from '../csync2/path-limits.js';
import { DirectoryKeys } from '../directory-keys.js';
import { type PathBytes, type PathKey, toKey } from '../path-bytes.js';
import type { QueueEntry } from '../queue/entry.js';

/** What one check has to look at: every path once, none below a tree that is looked at anyway. */
export interface Batch {
  /** Paths to look at alone. */
  readonly files: readonly PathBytes[];
  /** Paths to look at with everything below them; none lies within another. */
  readonly trees: readonly PathBytes[];
  /** Paths that lie within a tree, and that something was told of all the same. */
  readonly covered: readonly PathBytes[];
  /** Paths that csync2 can't handle; see {@link isWithinLimits}. */
  readonly leftOut?: readonly PathBytes[];
}

/**
 * Folds queue entries into one batch. Order is kept: what came first is checked first. Losses are left out: the
 * queue itself remembers that a full check is owed.
 */
export function makeBatch(entries: readonly QueueEntry[]): Batch {
  const files = new Map<PathKey, PathBytes>();
  const trees = new Map<PathKey, PathBytes>();
  const leftOut = new Map<PathKey, PathBytes>();
  for (const entry of entries) {
    if (entry.kind === 'loss') continue;
    const target = !isWithinLimits(entry.path) ? leftOut : entry.kind === 'tree' ? trees : files;
    target.set(toKey(entry.path), entry.path);
  }
  const directories = new DirectoryKeys(trees.keys());
  const isCovered = (key: PathKey) => trees.has(key) || directories.areAbove(key);
  const covered = [...files].filter(([key]) => isCovered(key));
  return {
    files: [...files].filter(([key]) => !isCovered(key)).map(([, path]) => path),
    trees: [...trees].filter(([key]) => !directories.areAbove(key)).map(([, path]) => path),
    covered: covered.map(([, path]) => path),
    ...(leftOut.size > 0 ? { leftOut: [...leftOut.values()] } : {}),
  };
}

/** Number of paths that a batch has csync2 look at. */
export function batchSize(batch: Batch): number {
  return batch.files.length + batch.trees.length;
}
