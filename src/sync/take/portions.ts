import { type PathBytes, type PathKey, parentOf, toKey } from '../../text/path-bytes.js';
import { type Batch, batchSize } from '../common/batch.js';
import { fairShare } from '../common/fair-share.js';
import { aloneInDirectory, mostAhead } from '../common/lone-files.js';
import { checkCost } from '../sweep/check-cost.js';
import { type SweepTree, sweepSteps } from '../sweep/sweep-plan.js';
import { hasTemporaryName } from './temporary-files.js';

/** A batch in portions. A caller that does not finish the rest calls `return`. */
export interface Portions {
  /** The portion that goes before everything else, also of other batches. */
  readonly first?: Batch;
  /** Some portions may be empty: the search goes on, and others have their turn meanwhile. */
  readonly rest: Iterator<Batch, void>;
  /** The whole batch is so small that csync2 checks it at once. */
  readonly isSmall: boolean;
}

/**
 * Cuts a batch into portions that csync2 checks in some tenths of a second each, so that updates
 * and fresh changes get their turn while a copied tree is looked at. A small batch is one portion.
 *
 * If other paths wait as well, even of the same batch, files that are (nearly) alone in their
 * directory go first, because most likely they don't belong to the large part.
 *
 * Links go last, and never first, because their targets may be among the other paths.
 *
 * @param isBehind - whether another batch is not done yet
 * @param isLink - whether a path is that of a symbolic link
 */
export function portionsOf(
  batch: Batch,
  tree: SweepTree,
  filesPerPortion: number,
  isBehind: boolean,
  isLink: (path: PathBytes) => boolean = () => false,
): Portions {
  const isOne = isSmall(batch, tree, filesPerPortion);
  const links = batch.files.filter(isLink);
  if (links.length > 0 && links.length === batchSize(batch))
    return { rest: one(batch), isSmall: isOne };
  if (links.length > 0) {
    const isOfThem = new Set(links);
    const files = batch.files.filter((path) => !isOfThem.has(path));
    if (isOne && !isBehind)
      return { rest: one({ ...batch, files: [...files, ...links] }), isSmall: true };
    const { first, rest } = portionsOf({ ...batch, files }, tree, filesPerPortion, isBehind);
    const last = inPieces(links, filesPerPortion);
    return {
      ...(first ? { first } : {}),
      rest: followed(rest, last, (some) => ({ ...only(batch), files: some })),
      isSmall: isOne,
    };
  }
  if (isBehind && isSmall(batch, tree, mostAhead))
    return { first: batch, rest: one(), isSmall: isOne };
  if (isOne && !isBehind) return { rest: one(batch), isSmall: true };
  const alone = aloneOf(batch.files);
  const others = { ...batch, files: batch.files.filter((path) => !alone.has(path)) };
  const rest = isOne ? one(others) : cut(others, tree, filesPerPortion);
  const first = alone.size > 0 ? { first: { ...only(batch), files: [...alone] } } : {};
  return { ...first, rest, isSmall: isOne };
}

/** All of the first iterator, then the batches made of the second. */
function* followed<Item>(
  first: Iterator<Batch, void>,
  second: Iterable<Item>,
  make: (item: Item) => Batch,
): Generator<Batch, void> {
  try {
    for (let next = first.next(); !next.done; next = first.next()) yield next.value;
    for (const item of second) yield make(item);
  } finally {
    first.return?.();
  }
}

function one(...batches: readonly Batch[]): Iterator<Batch, void> {
  return batches[Symbol.iterator]();
}

function isSmall({ files, trees }: Batch, tree: SweepTree, most: number): boolean {
  let room = most;
  for (const path of files) room -= checkCost(path.length);
  for (const path of trees) {
    if (room <= 0) return false;
    room -= tree.weigh(path, room + 1);
  }
  return room >= 0;
}

/**
 * Cuts the rest of a batch. Trees go before files, because a new directory must be known before its
 * files are pushed. The paths that the trees cover go before the trees, because a change that
 * csync2 would overlook can only be found before csync2 has looked.
 */
function* cut(batch: Batch, tree: SweepTree, filesPerPortion: number): Generator<Batch, void> {
  const { files, trees, covered, trusted, leftOut = [] } = batch;
  const nothing = only(batch);
  if (leftOut.length > 0) yield { ...nothing, leftOut };
  for (const some of inPieces(covered, filesPerPortion)) yield { ...nothing, covered: some };
  for (const trust of [false, true]) {
    const these = trees.filter((path) => trusted.has(toKey(path)) === trust);
    for (const { paths, recursive, leftOut: found = [] } of sweepSteps(
      these,
      tree,
      filesPerPortion,
    )) {
      // The pieces of a tree are in doubt if the tree is.
      const how = {
        ...nothing,
        leftOut: found,
        trusted: trust ? new Set(paths.map(toKey)) : noKeys,
      };
      yield recursive ? { ...how, trees: paths } : { ...how, files: paths };
    }
  }
  for (const some of inPieces(files, filesPerPortion)) yield { ...nothing, files: some };
}

function* inPieces(
  paths: readonly PathBytes[],
  most: number,
): Generator<readonly PathBytes[], void> {
  let from = 0;
  let total = 0;
  for (const [index, path] of paths.entries()) {
    const cost = checkCost(path.length);
    if (total + cost > most && index > from) {
      yield paths.slice(from, index);
      [from, total] = [index, 0];
    }
    total += cost;
  }
  if (from < paths.length) yield paths.slice(from);
}

/** An empty batch that keeps the trusted paths. */
function only({ trusted }: Batch): Batch {
  return { files: [], trees: [], covered: [], trusted };
}

const noKeys: ReadonlySet<PathKey> = new Set();

function aloneOf(files: readonly PathBytes[]): ReadonlySet<PathBytes> {
  const others = files.filter((path) => !hasTemporaryName(path));
  const alone = aloneInDirectory(others, (path) => toKey(parentOf(path)));
  // The newest paths stand at the end.
  return new Set([...fairShare([...alone].reverse(), mostAhead, toKey)].reverse());
}
