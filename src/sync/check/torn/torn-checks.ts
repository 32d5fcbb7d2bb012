import type { RecentNote } from '../../../csync2/database/note-table.js';
import { DirectoryKeys } from '../../../text/directory-keys.js';
import { type PathBytes, type PathKey, toKey } from '../../../text/path-bytes.js';
import type { Scope } from '../../common/batch.js';
import type { CheckRecord, CheckState } from './check-record.js';

/**
 * The parts of {@link TornChecks}, which finds and keeps the paths that an interrupted check has
 * left unmarked.
 */
export interface TornCheckParts {
  /**
   * The files that csync2 has noted last, at most `limit`, the last one first; undefined if its
   * database can't be read.
   */
  readonly newest: ((limit: number) => readonly RecentNote[]) | undefined;
  readonly record: CheckRecord;
  /** Other paths that a kill would lose now. */
  readonly alsoUnmarked?: () => Scope;
}

/** A check that has begun. */
export interface BegunCheck {
  readonly scope: Scope;
  readonly before: readonly string[] | undefined;
}

/**
 * Finds the paths that a check has torn. csync2 writes down a file's state and then, that the file
 * is dirty for one peer after the other. It commits the first 50 statements of a run one by one. If
 * csync2 ends between two of them, later checks find nothing changed, and the change is never sent.
 * Paths that may be torn are kept until csync2 has marked them (`-m`), even if csync2, this daemon
 * or both end meanwhile.
 */
export class TornChecks {
  readonly #parts: TornCheckParts;
  readonly #files = new Map<PathKey, PathBytes>();
  readonly #trees = new Map<PathKey, PathBytes>();
  #isTakenOver = false;

  constructor(parts: TornCheckParts) {
    this.#parts = parts;
  }

  /** The paths that must be marked. */
  get unmarked(): Scope {
    this.#takeOver();
    return { files: [...this.#files.values()], trees: [...this.#trees.values()] };
  }

  /** Call it before csync2 is started, in a database window. */
  begin(scope: Scope): BegunCheck {
    this.#takeOver();
    const before = this.#parts.newest?.(newestLimit).map(({ id }) => id);
    const isSmall = scope.files.length + scope.trees.length <= recordedPaths;
    this.#write({ scope: isSmall || !before ? scope : undefined, before });
    return { scope, before };
  }

  /** Call it when csync2 has ended. `isTorn`: csync2 may have ended between any two statements. */
  end({ scope, before }: BegunCheck, isTorn: boolean): void {
    if (isTorn) this.#find(scope, before);
    this.#write();
  }

  /** Adds paths that must be marked, even if csync2 sees no change in them. */
  add({ files, trees }: Scope): void {
    for (const path of files) this.#files.set(toKey(path), path);
    for (const path of trees) this.#trees.set(toKey(path), path);
    this.#write();
  }

  /** These have been marked. */
  forgetMarked({ files, trees }: Scope): void {
    for (const path of files) this.#files.delete(toKey(path));
    for (const path of trees) this.#trees.delete(toKey(path));
    this.#write();
  }

  /**
   * Recovers from an unclean stop. If the machine went down and the record tells nothing, csync2's
   * last notes must be marked, as many files as csync2 can have noted in 50 statements.
   */
  recover(): void {
    if (this.#parts.record.read() === undefined) {
      for (const { path } of this.#parts.newest?.(newestLimit) ?? [])
        this.#files.set(toKey(path), path);
    }
    this.#takeOver();
  }

  /**
   * Takes over the record of the last run. This happens late, because the previous generation may
   * have worked until now.
   */
  #takeOver(): void {
    if (this.#isTakenOver) return;
    this.#isTakenOver = true;
    const state = this.#parts.record.read();
    if (!state) return;
    if (state.running) this.#find(state.running.scope, state.running.before);
    this.add(state.unmarked);
  }

  /**
   * Adds the paths of the check that csync2 has noted since; all paths of the check if that is
   * unknown.
   */
  #find(scope: Scope | undefined, before: readonly string[] | undefined): void {
    if (!before || !this.#parts.newest) {
      if (scope) this.add(scope);
      return;
    }
    const known = new Set(before);
    const isWithin = scope ? withinTest(scope) : () => true;
    for (const { id, path } of this.#parts.newest(newestLimit)) {
      if (!known.has(id) && isWithin(path)) this.#files.set(toKey(path), path);
    }
  }

  #write(running?: CheckState['running']): void {
    const more = this.#parts.alsoUnmarked?.() ?? { files: [], trees: [] };
    const { files, trees } = this.unmarked;
    const unmarked = { files: [...files, ...more.files], trees: [...trees, ...more.trees] };
    this.#parts.record.write({ ...(running ? { running } : {}), unmarked });
  }
}

/**
 * Returns a test for paths in the scope, below one of its trees, or above any of its paths:
 * directories go along with their files.
 */
function withinTest({ files, trees }: Scope): (path: PathBytes) => boolean {
  const alone = new Set(files.map(toKey));
  const deep = new DirectoryKeys(trees.map(toKey));
  return (path) => {
    const key = toKey(path);
    return alone.has(key) || deep.has(key) || deep.areAbove(key);
  };
}

/** More files than csync2 can have noted in 50 statements, plus the notes of open sessions. */
const newestLimit = 50;
/**
 * If a check has more paths than this, only the number of files noted since tells which may be
 * torn.
 */
const recordedPaths = 2000;
