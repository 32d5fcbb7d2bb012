import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { nameOf, type PathBytes, type PathKey, parentOf, toKey } from '../../text/path-bytes.js';

/** A summary of the paths that are too long for csync2. */
export interface UnsupportedSummary {
  /** The number of known paths, which is limited. */
  readonly count: number;
  /** Whether there are more paths than are known. */
  readonly more: boolean;
  /** The first of the paths. */
  readonly paths: readonly PathBytes[];
}

/**
 * Existing paths that csync2 can't handle (see `isWithinLimits`). They stay on this host, and
 * `status` shows them. Their number is limited, because any user can make any number of them.
 */
export class UnsupportedPaths {
  readonly #onChange: (summary: UnsupportedSummary) => void;
  readonly #isThere: (path: PathBytes) => boolean;
  readonly #paths = new Map<PathKey, PathBytes>();
  #hasMore = false;

  /** @param onChange - called when the first path comes, and when the last is gone */
  constructor(
    onChange: (summary: UnsupportedSummary) => void = () => {},
    isThere: (path: PathBytes) => boolean = isThereByName,
  ) {
    this.#onChange = onChange;
    this.#isThere = isThere;
  }

  get summary(): UnsupportedSummary {
    const paths = [...this.#paths.values()];
    return { count: paths.length, more: this.#hasMore, paths: paths.slice(0, pathsShown) };
  }

  /** These paths have been found or reported. */
  add(paths: readonly PathBytes[]): void {
    const wasEmpty = this.#paths.size === 0;
    for (const path of paths) {
      const key = toKey(path);
      if (this.#paths.has(key)) continue;
      if (this.#paths.size >= pathsKept) this.#hasMore = true;
      // A copy, because a path from the watcher is a view of a large batch.
      else if (this.#isThere(path)) this.#paths.set(key, Buffer.from(path));
    }
    if (wasEmpty && this.#paths.size > 0) this.#onChange(this.summary);
  }

  /** Looks which of the paths still exist. */
  look(): void {
    if (this.#paths.size === 0) return;
    for (const [key, path] of this.#paths) if (!this.#isThere(path)) this.#paths.delete(key);
    if (this.#paths.size < pathsKept / 2) this.#hasMore = false;
    if (this.#paths.size === 0) this.#onChange(this.summary);
  }
}

/**
 * Whether a path exists. The kernel does not take the whole path, but takes the last name in its
 * directory.
 */
function isThereByName(path: PathBytes): boolean {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  let directory: number | undefined;
  try {
    directory = openSync(parentOf(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const place = Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), nameOf(path)]);
    return lstatSync(place, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // The directory is gone, or cannot be opened.
    return false;
  } finally {
    if (directory !== undefined) closeSync(directory);
  }
}

const pathsKept = 200;
const pathsShown = 10;
