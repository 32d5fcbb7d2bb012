import { isNameWithinLimits } from '../../csync2/files/path-limits.js';
import { join, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import { checkCost } from './check-cost.js';
import { type Entry, entriesOf } from './list-directory.js';

/**
 * The weight of directories on disk: the cost of the entries at and below them (see {@link
 * checkCost}), counted up to a limit.
 *
 * One count also tells the weight of the directories on its way, for a moment. Otherwise each of
 * 2,000 nested directories would be counted down to the bottom again, which takes minutes.
 */
export class DiskWeights {
  readonly #list: (directory: PathBytes) => Iterable<Entry>;
  readonly #now: () => number;
  #known = new Map<PathKey, number>();
  #knownUntil = 0;

  /** @param now - milliseconds in any clock */
  constructor(
    list: (directory: PathBytes) => Iterable<Entry> = entriesOf,
    now: () => number = () => performance.now(),
  ) {
    this.#list = list;
    this.#now = now;
  }

  /** See `SweepTree.weigh`. */
  weigh(path: PathBytes, limit: number): number {
    const key = toKey(path);
    const known = this.#now() < this.#knownUntil ? this.#known.get(key) : undefined;
    if (known !== undefined) {
      this.#known.delete(key);
      return Math.min(known, limit);
    }
    this.#known = new Map();
    const weight = this.#survey(path, limit);
    this.#knownUntil = this.#now() + knownMilliseconds;
    return Math.min(weight, limit);
  }

  /**
   * Counts a bit more than the limit, so that directories near the top are known to be too much as
   * well.
   */
  #survey(top: PathBytes, limit: number): number {
    const end = this.#now() + longestMilliseconds;
    let left = limit * 2;
    const open: Directory[] = [];
    const enter = (path: PathBytes) => {
      const directory: Directory = { path, weight: checkCost(path.length), below: [] };
      open.push(directory);
      for (const { name, isDirectory } of this.#list(path)) {
        if (!isNameWithinLimits(path, name)) directory.weight = Number.POSITIVE_INFINITY;
        else if (isDirectory) directory.below.push(join(path, name));
        else directory.weight += checkCost(path.length + 1 + name.length);
        left -= checkCost(path.length + 1 + name.length);
        if (left <= 0) return;
      }
      // The next directory is taken from the end, and must be the first of the list.
      directory.below.reverse();
    };
    enter(top);
    for (let directory = open.at(-1); directory && left > 0; directory = open.at(-1)) {
      // A directory that takes long to count is too much in one piece.
      if (this.#now() > end) left = 0;
      const next = directory.below.pop();
      if (next) enter(next);
      else if (open.length > 1) this.#close(open, directory.weight);
      else return directory.weight;
    }
    return this.#giveUp(open, limit);
  }

  /** The last directory is counted, and becomes part of the one above. */
  #close(open: Directory[], weight: number): void {
    const { path } = open.pop() as Directory;
    this.#known.set(toKey(path), weight);
    (open.at(-1) as Directory).weight += weight;
  }

  /** Ends the count of directories that are not fully counted. */
  #giveUp(open: Directory[], limit: number): number {
    let weight = 0;
    for (let directory = open.pop(); directory; directory = open.pop()) {
      weight += directory.weight + directory.below.length;
      const isTop = open.length === 0;
      if (isTop) return Math.max(weight, limit);
      if (weight >= limit) this.#known.set(toKey(directory.path), Number.POSITIVE_INFINITY);
    }
    return limit;
  }
}

/** A directory that is being counted. */
interface Directory {
  readonly path: PathBytes;
  /** The weight of the directory itself and of the counted entries below it. */
  weight: number;
  /** Directories in it that are still to be counted. */
  readonly below: PathBytes[];
}

/** A directory hardly changes its weight within this time. */
const knownMilliseconds = 5000;
const longestMilliseconds = 200;
