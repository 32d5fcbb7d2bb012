import {
  fromKey,
  isWithin,
  join,
  type PathBytes,
  type PathKey,
  parentOf,
  toKey,
} from '../../text/path-bytes.js';
import { lookAt } from '../common/stat-of.js';
import { noChanges, type Survey, type SurveyOptions } from '../common/survey.js';
import type { SweepTree } from '../sweep/sweep-plan.js';
import type { FailedPath } from './failed-path.js';

/**
 * The parts of {@link Clearance}, which decides just before a check which paths csync2 may be
 * given.
 */
export interface ClearanceParts {
  /** Undefined if there are no guarded places. */
  readonly guard:
    | {
        look(): void;
        readonly whole: boolean;
        forbids(path: PathBytes, recursive: boolean): boolean;
        awayWithin(path: PathBytes): readonly PathBytes[];
      }
    | undefined;
  readonly tree: Pick<SweepTree, 'children'>;
  readonly survey: (paths: readonly PathBytes[], options: SurveyOptions) => Promise<Survey>;
}

/** The paths that csync2 may be given now. */
export interface Cleared {
  /** Paths that are cleared as they were asked for. */
  readonly whole: readonly PathBytes[];
  /** Paths in place of trees with obstacles: `trees` with everything below, `files` alone. */
  readonly trees: readonly PathBytes[];
  readonly files: readonly PathBytes[];
  /** Paths that can't be looked at. */
  readonly failed: readonly FailedPath[];
  /** Paths at or below a missing place. */
  readonly held: readonly PathBytes[];
}

/**
 * Makes sure that csync2 is given no path that it would take for deleted because the path is out of
 * sight, at or below a missing place or where lstat(2) fails. If a tree holds such an obstacle, the
 * rest of it is checked piece by piece.
 */
export class Clearance {
  readonly #parts: ClearanceParts;

  constructor(parts: ClearanceParts) {
    this.#parts = parts;
  }

  /**
   * Looks at paths. Give the cleared ones to csync2 at once.
   *
   * @param isLookedAt - whether each path was looked at just now
   */
  async of(
    paths: readonly PathBytes[],
    {
      recursive,
      isLookedAt = false,
      signal,
    }: { recursive: boolean; isLookedAt?: boolean; signal?: AbortSignal | undefined },
  ): Promise<Cleared> {
    const { guard, survey } = this.#parts;
    const unreadable =
      isLookedAt && !recursive
        ? []
        : (await survey(paths, { recursive, changedSince: noChanges, signal })).unreadable;
    guard?.look();
    if ((guard?.whole ?? true) && unreadable.length === 0) return { ...nothing(), whole: paths };
    const cleared = nothing();
    const errors = new Map(unreadable.map(({ path, errno }) => [toKey(path), errno]));
    for (const path of paths) {
      if (this.isHeld(path)) cleared.held.push(path);
      else if (recursive) this.#clearTree(path, errors, cleared);
      else this.#clearFile(path, errors, cleared);
    }
    return cleared;
  }

  /** Whether a path lies at or below a missing place. */
  isHeld(path: PathBytes): boolean {
    return this.#parts.guard?.forbids(path, false) ?? false;
  }

  /** Tells why paths that csync2 had been given were out of sight. */
  outOfSight(paths: readonly PathBytes[]): Pick<Cleared, 'failed' | 'held'> {
    const held = paths.filter((path) => this.isHeld(path));
    const failed = paths
      .filter((path) => !held.includes(path))
      .map((path): FailedPath => {
        const sight = lookAt(path);
        const text = sight.kind === 'unreadable' ? sight.errno : 'it was out of sight for a moment';
        return { path, recursive: false, outcome: 'unreadable', text };
      });
    return { failed, held };
  }

  #clearFile(path: PathBytes, errors: Obstacles, cleared: Draft): void {
    const errno = errors.get(toKey(path));
    if (errno === undefined) cleared.whole.push(path);
    else cleared.failed.push({ path, recursive: false, outcome: 'unreadable', text: errno });
  }

  #clearTree(path: PathBytes, errors: Obstacles, cleared: Draft): void {
    const failing = [...errors].filter(([key]) => isWithin(fromKey(key), path));
    for (const [key, errno] of failing) {
      cleared.failed.push({
        path: fromKey(key),
        recursive: true,
        outcome: 'unreadable',
        text: errno,
      });
    }
    const away = this.#parts.guard?.awayWithin(path) ?? [];
    for (const place of away) cleared.held.push(place);
    const obstacles = new Set([...failing.map(([key]) => key), ...away.map(toKey)]);
    if (obstacles.size === 0) cleared.whole.push(path);
    else if (!obstacles.has(toKey(path))) this.#spare(path, obstacles, cleared);
  }

  /** Clears a tree without the obstacles in it. */
  #spare(path: PathBytes, obstacles: ReadonlySet<PathKey>, cleared: Draft): void {
    const above = ancestorsOf(obstacles);
    const open = [path];
    for (let directory = open.pop(); directory; directory = open.pop()) {
      cleared.files.push(directory);
      for (const portion of this.#parts.tree.children(directory)) {
        for (const { name, deep } of portion) {
          const child = join(directory, name);
          const key = toKey(child);
          if (obstacles.has(key)) continue;
          if (above.has(key)) open.push(child);
          else (deep ? cleared.trees : cleared.files).push(child);
        }
      }
    }
  }
}

/** The errno of each path that can't be looked at. */
type Obstacles = ReadonlyMap<PathKey, string>;

interface Draft {
  readonly whole: PathBytes[];
  readonly trees: PathBytes[];
  readonly files: PathBytes[];
  readonly failed: FailedPath[];
  readonly held: PathBytes[];
}

function nothing(): Draft {
  return { whole: [], trees: [], files: [], failed: [], held: [] };
}

function ancestorsOf(keys: Iterable<PathKey>): ReadonlySet<PathKey> {
  const above = new Set<PathKey>();
  for (const key of keys) {
    let path = parentOf(fromKey(key));
    while (!above.has(toKey(path))) {
      above.add(toKey(path));
      path = parentOf(path);
    }
  }
  return above;
}
