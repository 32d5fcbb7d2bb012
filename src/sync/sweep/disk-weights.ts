import { isNameWithinLimits } from '../../csync2/files/path-limits.js';
import { join, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import { checkCost } from './check-cost.js';
import { type Entry, entriesOf } from './list-directory.js';

/**
 * How much there is to be checked at and below directories of the disk, counted up to a limit:
 * entries, by their cost (see {@link checkCost}).
 *
 * One count also tells of the directories that it has come by, for a moment: of 2,000 directories
 * in one another each would otherwise be counted down to the bottom again, which takes minutes.
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
   * Counts somewhat more than the limit, so that what is near the top of it is known to be too much
   * as well.
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
      // The next is taken from the end, and is to be the first of the list.
      directory.below.reverse();
    };
    enter(top);
    for (let directory = open.at(-1); directory && left > 0; directory = open.at(-1)) {
      // What takes long to be counted is too much in one piece.
      if (this.#now() > end) left = 0;
      const next = directory.below.pop();
      if (next) enter(next);
      else if (open.length > 1) this.#close(open, directory.weight);
      else return directory.weight;
    }
    return this.#giveUp(open, limit);
  }

  /** The last one is counted: it is part of the one above. */
  #close(open: Directory[], weight: number): void {
    const { path } = open.pop() as Directory;
    this.#known.set(toKey(path), weight);
    (open.at(-1) as Directory).weight += weight;
  }

  /** Not all of these is counted. */
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
  /** Of itself and what has been counted below it. */
  weight: number;
  /** Directories in it that are still to be counted. */
  readonly below: PathBytes[];
}

/** In this time a directory hardly becomes another. */
const knownMilliseconds = 5000;
const longestMilliseconds = 200;
