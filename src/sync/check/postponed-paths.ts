import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { Batch } from '../common/batch.js';

/** A path that is looked at later, alone or with everything below. */
export interface PostponedPath {
  readonly path: PathBytes;
  readonly recursive: boolean;
  /** Its content is not in doubt; see {@link Batch.trusted}. */
  readonly isTrusted?: boolean;
}

/**
 * Paths that a session of the csync2 server was writing when their turn came. They are looked at
 * again shortly. Paths that have waited too long are checked as they are.
 */
export class PostponedPaths {
  readonly #longest: number;
  #paths = new Map<PathKey, PostponedPath>();
  #since: number | undefined;
  #dueAt = Number.POSITIVE_INFINITY;

  /** @param longest - milliseconds after which no path is postponed any more */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The paths that wait here. */
  list(): Iterable<PostponedPath> {
    return this.#paths.values();
  }

  /** Whether any path waits here. */
  get isHolding(): boolean {
    return this.#paths.size > 0;
  }

  /** When the paths are due; Infinity if there are none. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Whether paths have been postponed again and again for too long. */
  isOverdue(now: number): boolean {
    return this.#since !== undefined && now - this.#since > this.#longest;
  }

  /** Takes the paths that the last check has postponed. An empty list ends the waiting. */
  set(paths: readonly PostponedPath[], now: number): void {
    for (const postponed of paths) {
      const key = toKey(postponed.path);
      const before = this.#paths.get(key);
      const recursive = postponed.recursive || (before?.recursive ?? false);
      const isTrusted = postponed.isTrusted === true && (before?.isTrusted ?? true);
      this.#paths.set(key, { ...postponed, recursive, isTrusted });
    }
    if (this.#paths.size === 0) this.#since = undefined;
    else {
      this.#since ??= now;
      // Most files have arrived a moment later.
      const pause = Math.min(
        pauseMilliseconds.most,
        Math.max(pauseMilliseconds.least, now - this.#since),
      );
      this.#dueAt = now + pause;
    }
  }

  /** Hands out all paths if they are due. */
  takeDue(now: number): PostponedPath[] {
    if (now < this.#dueAt) return [];
    const due = [...this.#paths.values()];
    this.#paths = new Map();
    this.#dueAt = Number.POSITIVE_INFINITY;
    return due;
  }
}

const pauseMilliseconds = { least: 20, most: 250 } as const;
