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
  /** Undefined: no place is held. */
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

/** What csync2 may be given now, of some paths. */
export interface Cleared {
  /** As they are asked for. */
  readonly whole: readonly PathBytes[];
  /** In place of trees that something is to be left out of: with all below, and alone. */
  readonly trees: readonly PathBytes[];
  readonly files: readonly PathBytes[];
  /** What can't be looked at. */
  readonly failed: readonly FailedPath[];
  /** What lies at or below a place that is not there. */
  readonly held: readonly PathBytes[];
}

/**
 * Sees to it that csync2 is given nothing that it would take for deleted because it is out of
 * sight: a place that is not there, or what lstat(2) fails for. Of a tree that holds such a thing
 * all else is checked, piece by piece.
 */
export class Clearance {
  readonly #parts: ClearanceParts;

  constructor(parts: ClearanceParts) {
    this.#parts = parts;
  }

  /**
   * Looks at paths. Give csync2 what is cleared at once.
   *
   * @param isLookedAt - whether they have been looked at just now, each by itself
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

  /** Whether a path lies at or below a place that is not there. */
  isHeld(path: PathBytes): boolean {
    return this.#parts.guard?.forbids(path, false) ?? false;
  }

  /** Tells why paths were out of sight that csync2 had been given. */
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

  /** All of a tree but the obstacles in it. */
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
