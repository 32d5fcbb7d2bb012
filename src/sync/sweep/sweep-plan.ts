import { isNameWithinLimits } from '../../csync2/files/path-limits.js';
import { join, type PathBytes } from '../../text/path-bytes.js';
import { checkCost } from './check-cost.js';

/**
 * One piece of a check of whole trees: a few paths for one csync2 command. A piece without paths
 * only gives others their turn, so that a directory of a million names blocks nothing.
 */
export interface SweepStep {
  readonly paths: readonly PathBytes[];
  readonly recursive: boolean;
  /** Paths that csync2 can't handle; see `isWithinLimits`. */
  readonly leftOut?: readonly PathBytes[];
}

/** A name directly below a directory. */
export interface SweepChild {
  readonly name: Buffer;
  /** Whether something can be below it. */
  readonly deep: boolean;
}

/** The questions of the plan about a tree, on disk and in csync2's database. */
export interface SweepTree {
  /**
   * The weight of a path with everything below it, on disk or known, the larger of both, in files
   * with usual paths (see `checkCost`); counted up to `limit`. It is also `limit` if csync2 can't
   * handle a path below, so that a recursive check would not come to its end.
   */
  weigh(path: PathBytes, limit: number): number;
  /**
   * The names directly below a directory, on disk or known, some thousand at a time. A name that is
   * no directory may come twice, if csync2 knows files below it.
   */
  children(directory: PathBytes): Iterable<readonly SweepChild[]>;
  /**
   * Whether csync2 enters a directory in a recursive check. If not, csync2 must not be given the
   * names in it either.
   */
  isEntered(directory: PathBytes): boolean;
}

/**
 * Cuts a check of whole trees into steps of about `filesPerStep` files, so that fresh changes and a
 * peer's push get their turn between two steps. A check of 170,000 files in one piece delays both
 * by 3 s, or by 20 s if all files are new.
 *
 * The steps are lazy: a step looks up its paths when its turn comes. A caller that stops early
 * calls `return`.
 */
export function* sweepSteps(
  roots: readonly PathBytes[],
  tree: SweepTree,
  filesPerStep: number,
): Generator<SweepStep, void> {
  const steps = new Steps(filesPerStep);
  const open: Iterator<Found, void>[] = [rootsOf(roots)];
  let looked = 0;
  try {
    for (let inner = open.at(-1); inner; inner = open.at(-1)) {
      const { done, value } = inner.next();
      if (done) {
        open.pop();
        continue;
      }
      const { directory, files = [], leftOut = [] } = value;
      yield* steps.files(files);
      if (!directory) {
        yield leftOut.length > 0 ? { ...nothingYet, leftOut } : nothingYet;
        continue;
      }
      const weight = tree.weigh(directory, filesPerStep + 1);
      const isCut = weight > filesPerStep && !value.isBare && tree.isEntered(directory);
      if (isCut) open.push(below(directory, tree));
      else yield* steps.tree(directory, weight);
      looked += weight;
      if (!isCut && looked < weighedAtOnce) continue;
      looked = 0;
      yield nothingYet;
    }
    yield* steps.rest();
  } finally {
    for (const inner of open) inner.return?.();
  }
}

/** Gathers paths into steps. A directory comes before what is in it: files alone before trees. */
class Steps {
  readonly #most: number;
  #files: PathBytes[] = [];
  #filesCost = 0;
  #trees: PathBytes[] = [];
  #treesCost = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Adds paths to look at alone. */
  *files(paths: readonly PathBytes[]): Generator<SweepStep, void> {
    for (const path of paths) {
      const cost = checkCost(path.length);
      if (this.#filesCost + cost > this.#most) yield* this.#takeFiles();
      this.#files.push(path);
      this.#filesCost += cost;
    }
  }

  /** Adds a path to look at with everything below it. */
  *tree(path: PathBytes, cost: number): Generator<SweepStep, void> {
    if (this.#treesCost + cost > this.#most) yield* this.rest();
    this.#trees.push(path);
    this.#treesCost += cost;
  }

  *rest(): Generator<SweepStep, void> {
    yield* this.#takeFiles();
    const paths = this.#trees;
    this.#trees = [];
    this.#treesCost = 0;
    if (paths.length > 0) yield { paths, recursive: true };
  }

  *#takeFiles(): Generator<SweepStep, void> {
    const paths = this.#files;
    this.#files = [];
    this.#filesCost = 0;
    if (paths.length > 0) yield { paths, recursive: false };
  }
}

/** A result of the walk: paths to look at alone, or a directory that must still be weighed. */
interface Found {
  readonly files?: readonly PathBytes[];
  readonly leftOut?: readonly PathBytes[];
  readonly directory?: PathBytes;
  /** No entry was seen by which the directory could be cut. */
  readonly isBare?: boolean;
}

function* rootsOf(roots: readonly PathBytes[]): Generator<Found, void> {
  for (const directory of roots) yield { directory };
}

/**
 * The directory itself and its entries. All names are read before they are worked on, so that the
 * directory need not stay open; very many names are read in parts.
 */
function* below(directory: PathBytes, tree: SweepTree): Generator<Found, void> {
  let isBare = true;
  let files: Buffer[] = [];
  let deep: Buffer[] = [];
  for (const children of tree.children(directory)) {
    if (isBare) yield { files: [directory] };
    isBare = false;
    const leftOut: PathBytes[] = [];
    for (const child of children) {
      if (!isNameWithinLimits(directory, child.name)) leftOut.push(join(directory, child.name));
      else (child.deep ? deep : files).push(child.name);
    }
    yield { leftOut };
    if (files.length + deep.length < namesAtOnce) continue;
    yield* found(directory, files, deep);
    files = [];
    deep = [];
  }
  if (isBare) yield { directory, isBare };
  else yield* found(directory, files, deep);
}

function* found(
  directory: PathBytes,
  files: readonly Buffer[],
  deep: readonly Buffer[],
): Generator<Found, void> {
  for (let at = 0; at < files.length; at += pathsAtOnce) {
    yield { files: files.slice(at, at + pathsAtOnce).map((name) => join(directory, name)) };
  }
  for (const name of deep) yield { directory: join(directory, name) };
}

const nothingYet: SweepStep = { paths: [], recursive: false };
/** This much is weighed before others have their turn, which takes some tenths of a second. */
const weighedAtOnce = 4000;
/** The most names of one directory in memory. */
const namesAtOnce = 100_000;
const pathsAtOnce = 1000;
