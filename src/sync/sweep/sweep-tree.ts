import type { KnownTree } from '../../csync2/database/known-tree.js';
import { join, type PathBytes } from '../../text/path-bytes.js';
import { statOf } from '../common/stat-of.js';
import { DiskWeights } from './disk-weights.js';
import { entriesOf } from './list-directory.js';
import type { SweepChild, SweepTree } from './sweep-plan.js';

/** Whether csync2's walk from `/` comes into a directory. */
export type IsEntered = (directory: PathBytes) => boolean;

/**
 * The present tree of a full check: the disk, and csync2's notes (undefined if they can't be read).
 */
export function sweepTree(known: KnownTree | undefined, isEntered: IsEntered): SweepTree {
  const disk = new DiskWeights();
  return {
    weigh: (path, limit) => Math.max(known?.countWithin(path, limit) ?? 0, disk.weigh(path, limit)),
    children: (directory) => childrenOf(directory, known),
    isEntered,
  };
}

/**
 * The tree of reported paths. It is weighed on disk alone, because a look into the database outside
 * of a database window might make a session of csync2's server wait.
 */
export function reportedTree(known: KnownTree | undefined, isEntered: IsEntered): SweepTree {
  const disk = new DiskWeights();
  return {
    weigh: (path, limit) =>
      statOf(path) || !known ? disk.weigh(path, limit) : known.countWithin(path, limit),
    children: (directory) => childrenOf(directory, known),
    isEntered,
  };
}

function* childrenOf(
  directory: PathBytes,
  known: KnownTree | undefined,
): Generator<readonly SweepChild[], void> {
  yield* portionsOf(directory);
  for (const children of known?.childrenWithin(directory) ?? []) {
    yield children.filter((child) => {
      const stat = statOf(join(directory, child.name));
      // A file on disk may have been a directory, so csync2's notes below it must be looked at,
      // too.
      return !stat || (child.deep && !stat.isDirectory());
    });
  }
}

/** Some thousand entries at a time; no portion for an empty directory. */
function* portionsOf(directory: PathBytes): Generator<readonly SweepChild[], void> {
  let portion: SweepChild[] = [];
  for (const { name, isDirectory } of entriesOf(directory)) {
    portion.push({ name, deep: isDirectory });
    if (portion.length < portionLength) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}

const portionLength = 4000;
