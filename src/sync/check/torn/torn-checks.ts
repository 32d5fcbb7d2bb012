import type { RecentNote } from '../../../csync2/database/ledger.js';
import { DirectoryKeys } from '../../../text/directory-keys.js';
import { type PathBytes, type PathKey, toKey } from '../../../text/path-bytes.js';
import type { Scope } from '../../common/batch.js';
import type { CheckRecord, CheckState } from './check-record.js';

/**
 * The parts of {@link TornChecks}, which finds and keeps what an interrupted check has left
 * unmarked.
 */
export interface TornCheckParts {
  /**
   * The files that csync2 has taken note of last, at most so many, the last first; undefined where
   * its database can't be read.
   */
  readonly newest: ((limit: number) => readonly RecentNote[]) | undefined;
  readonly record: CheckRecord;
  /** What else would be lost by a kill now. */
  readonly alsoUnmarked?: () => Scope;
}

/** A check that has begun. */
export interface BegunCheck {
  readonly scope: Scope;
  readonly before: readonly string[] | undefined;
}

/**
 * Finds what a check has torn. csync2 writes down what a file is like and then, for the first 50
 * statements of a run each committed by itself, that it is dirty for one peer after the other. If
 * it ends in between, later checks find nothing changed, and the change is never sent. What may
 * have been torn is kept until csync2 has marked it (`-m`), whatever ends meanwhile: csync2, we, or
 * both.
 */
export class TornChecks {
  readonly #parts: TornCheckParts;
  readonly #files = new Map<PathKey, PathBytes>();
  readonly #trees = new Map<PathKey, PathBytes>();
  #isTakenOver = false;

  constructor(parts: TornCheckParts) {
    this.#parts = parts;
  }

  /** What is to be marked. */
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

  /** Call it when csync2 has ended. `isTorn`: it may have ended anywhere. */
  end({ scope, before }: BegunCheck, isTorn: boolean): void {
    if (isTorn) this.#find(scope, before);
    this.#write();
  }

  /** To be marked, whatever csync2 knows of it. */
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
   * After an unclean stop: where the record tells nothing, because the machine went down, what
   * csync2 has noted last is to be marked, as many files as it can have written down in 50
   * statements.
   */
  recover(): void {
    if (this.#parts.record.read() === undefined) {
      for (const { path } of this.#parts.newest?.(newestLimit) ?? [])
        this.#files.set(toKey(path), path);
    }
    this.#takeOver();
  }

  /**
   * What the record of our last end tells. Late: a generation before this one may have been at work
   * until now.
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
   * What csync2 has noted since, of what it was given. Where that can't be told, it is all that it
   * was given.
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
 * Whether a path is among these, lies below one of the trees, or above any: directories go along
 * with what is in them.
 */
function withinTest({ files, trees }: Scope): (path: PathBytes) => boolean {
  const alone = new Set(files.map(toKey));
  const deep = new DirectoryKeys(trees.map(toKey));
  return (path) => {
    const key = toKey(path);
    return alone.has(key) || deep.has(key) || deep.areAbove(key);
  };
}

/**
 * More than csync2 can have written down in 50 statements, and what open sessions may have added.
 */
const newestLimit = 50;
/** Of more paths than this only the number of files noted since tells what may have been torn. */
const recordedPaths = 2000;
