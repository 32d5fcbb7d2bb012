import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { Batch } from '../common/batch.js';

/** A path that is looked at later, alone or with all below. */
export interface PostponedPath {
  readonly path: PathBytes;
  readonly recursive: boolean;
  /** Nothing speaks against its content; see {@link Batch.trusted}. */
  readonly isTrusted?: boolean;
}

/**
 * Paths that a session of the csync2 server was writing when their turn came. They are looked at
 * again shortly, and as they are when they have waited too long.
 */
export class PostponedPaths {
  readonly #longest: number;
  #paths = new Map<PathKey, PostponedPath>();
  #since: number | undefined;
  #dueAt = Number.POSITIVE_INFINITY;

  /** @param longest - milliseconds after which nothing is postponed any more */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Those that wait here. */
  list(): Iterable<PostponedPath> {
    return this.#paths.values();
  }

  /** Whether some wait here. */
  get isHolding(): boolean {
    return this.#paths.size > 0;
  }

  /** When they are to be looked at again; Infinity if there are none. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Whether something has been postponed again and again for too long. */
  isOverdue(now: number): boolean {
    return this.#since !== undefined && now - this.#since > this.#longest;
  }

  /** What the last check has postponed; none ends the waiting. */
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
      // Most have arrived a moment later.
      const pause = Math.min(
        pauseMilliseconds.most,
        Math.max(pauseMilliseconds.least, now - this.#since),
      );
      this.#dueAt = now + pause;
    }
  }

  /** Hands out all that are due. */
  takeDue(now: number): PostponedPath[] {
    if (now < this.#dueAt) return [];
    const due = [...this.#paths.values()];
    this.#paths = new Map();
    this.#dueAt = Number.POSITIVE_INFINITY;
    return due;
  }
}

const pauseMilliseconds = { least: 20, most: 250 } as const;
