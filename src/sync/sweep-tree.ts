import { type Dirent, readdirSync } from 'node:fs';
import type { Ledger } from '../csync2/ledger.js';
import { join, type PathBytes } from '../path-bytes.js';
import { statOf } from './stat-of.js';
import { mergeChildren, type SweepTree } from './sweep-plan.js';

/** The tree of a full check as it is: the disk, and what csync2 knows (undefined where it can't be read). */
export function sweepTree(ledger: Ledger | undefined): SweepTree {
  return {
    weigh: (path, limit) => Math.max(ledger?.countWithin(path, limit) ?? 0, countOnDisk(path, limit)),
    children: (directory) => childrenOf(directory, ledger),
  };
}

/**
 * The same for trees that were reported: what is weighed on the disk needs no look into the database, which outside of a
 * database window might make a session of csync2's server wait.
 */
export function reportedTree(ledger: Ledger | undefined): SweepTree {
  return {
    weigh: (path, limit) =>
      statOf(path) || !ledger ? countOnDisk(path, limit) : ledger.countWithin(path, limit),
    children: (directory) => childrenOf(directory, ledger),
  };
}

function childrenOf(directory: PathBytes, ledger: Ledger | undefined) {
  return mergeChildren(
    entriesOf(directory).map((entry) => ({ name: entry.name, deep: entry.isDirectory() })),
    ledger?.childrenOf(directory, Number.POSITIVE_INFINITY) ?? [],
  );
}

function countOnDisk(path: PathBytes, limit: number): number {
  let count = 1;
  const stack = [path];
  while (stack.length > 0 && count < limit) {
    const directory = stack.pop() as PathBytes;
    const entries = entriesOf(directory);
    count += entries.length;
    for (const entry of entries) if (entry.isDirectory()) stack.push(join(directory, entry.name));
  }
  return Math.min(count, limit);
}

function entriesOf(directory: PathBytes): Dirent<Buffer>[] {
  try {
    return readdirSync(directory, { withFileTypes: true, encoding: 'buffer' }) as unknown as Dirent<Buffer>[];
  } catch {
    // Gone, no directory, not readable: csync2 sees the same and says so.
    return [];
  }
}
