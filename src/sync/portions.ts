import { type PathBytes, parentOf, toKey } from '../path-bytes.js';
import { aloneInDirectory, mostAhead } from './alone.js';
import type { Batch } from './batch.js';
import { type SweepTree, sweepSteps } from './sweep-plan.js';
import { hasTemporaryName } from './temporary-files.js';

/** A batch, cut. */
export interface Portions {
  /** What goes before everything else, also of other batches. */
  readonly first?: Batch;
  readonly rest: Iterator<Batch, void>;
}

/**
 * Cuts a batch into portions that csync2 checks in some tenths of a second each: while a copied tree is being looked at, the
 * updates and fresh changes get their turn. A batch that is small is one portion.
 *
 * If something else is to be waited for, be it of the same batch, those files go first that are (nearly) alone in their
 * directory: most likely they don't belong to what is so large.
 *
 * @param isBehind - whether another batch is not done yet
 */
export function portionsOf(
  batch: Batch,
  tree: SweepTree,
  filesPerPortion: number,
  isBehind: boolean,
): Portions {
  const isOne = isSmall(batch, tree, filesPerPortion);
  if (isBehind && isSmall(batch, tree, mostAhead)) return { first: batch, rest: one() };
  if (isOne && !isBehind) return { rest: one(batch) };
  const alone = aloneOf(batch.files);
  const others = { ...batch, files: batch.files.filter((path) => !alone.has(path)) };
  const rest = isOne ? one(others) : cut(others, tree, filesPerPortion);
  return alone.size > 0 ? { first: { ...batch, files: [...alone], trees: [], covered: [] }, rest } : { rest };
}

function one(...batches: readonly Batch[]): Iterator<Batch, void> {
  return batches[Symbol.iterator]();
}

function isSmall({ files, trees }: Batch, tree: SweepTree, most: number): boolean {
  let room = most - files.length;
  for (const path of trees) {
    if (room <= 0) return false;
    room -= tree.weigh(path, room + 1);
  }
  return room >= 0;
}

/** Trees first: a new directory must be known before what is in it is pushed. */
function* cut(batch: Batch, tree: SweepTree, filesPerPortion: number): Generator<Batch, void> {
  const { files, trees, trusted } = batch;
  let { covered } = batch;
  const isTrusted = (path: PathBytes) => trusted.has(toKey(path));
  for (const trust of [false, true]) {
    const these = trees.filter((path) => isTrusted(path) === trust);
    for (const { paths, recursive } of sweepSteps(these, tree, filesPerPortion)) {
      // What a tree is cut into is in doubt if the tree is.
      const known = covered.length > 0 ? trusted : [];
      const how = { covered, trusted: trust ? new Set([...known, ...paths.map(toKey)]) : trusted };
      yield recursive ? { files: [], trees: paths, ...how } : { files: paths, trees: [], ...how };
      covered = [];
    }
  }
  for (let at = 0; at < files.length; at += filesPerPortion) {
    yield { files: files.slice(at, at + filesPerPortion), trees: [], covered: [], trusted };
  }
}

/** The newest of them stand at the end. */
function aloneOf(files: readonly PathBytes[]): ReadonlySet<PathBytes> {
  const others = files.filter((path) => !hasTemporaryName(path));
  return new Set(aloneInDirectory(others, (path) => toKey(parentOf(path))).slice(-mostAhead));
}
