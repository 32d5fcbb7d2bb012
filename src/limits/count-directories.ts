import { readdirSync } from 'node:fs';
import type { NativeSelection } from '../native/selection.js';
import { join, type PathBytes } from '../text/path-bytes.js';

export interface DirectoryCount {
  readonly directories: number;
  /** Directories that could not be listed. The directories below them are not counted. */
  readonly unreadable: number;
}

/**
 * How many directories the selection watches, counted as the watcher's walk finds them, from /
 * down.
 */
export function countDirectories(
  selection: Pick<NativeSelection, 'explain'>,
  options: {
    /**
     * Mount points of file systems that hold no files, such as /proc; see {@link readPseudoMounts}.
     */
    readonly pseudo?: ReadonlySet<string>;
    /** Called after each directory that was listed. */
    readonly onDirectory?: (directories: number) => void;
    /** Called with each directory. */
    readonly onPath?: (path: PathBytes) => void;
  } = {},
): DirectoryCount {
  const { pseudo = new Set(), onDirectory, onPath } = options;
  let directories = 0;
  let unreadable = 0;
  const waiting: PathBytes[] = [Buffer.from('/')];
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    directories += 1;
    onDirectory?.(directories);
    onPath?.(path);
    const names = namesOfDirectories(path);
    if (!names) unreadable += 1;
    for (const name of names ?? []) {
      const below = join(path, name);
      if (selection.explain(below) === 0) continue;
      if (pseudo.has(below.toString('latin1')) && isInherited(selection, path, below)) continue;
      waiting.push(below);
    }
  }
  return { directories, unreadable };
}

/**
 * A pseudo file system is entered only on the way to a root below it, or if a root is its mount
 * point.
 */
function isInherited(
  selection: Pick<NativeSelection, 'explain'>,
  parent: PathBytes,
  path: PathBytes,
): boolean {
  return selection.explain(path) === 2 && selection.explain(parent) === 2;
}

function namesOfDirectories(path: PathBytes): PathBytes[] | undefined {
  try {
    const entries = readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
    // Neither csync2 nor the watcher follows symbolic links.
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return undefined;
  }
}
