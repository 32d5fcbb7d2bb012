import { type PathKey, toKey } from '../../text/path-bytes.js';
import { backoffSeconds } from '../common/backoff.js';
import type { FailedPath } from './failed-path.js';

/**
 * Paths that csync2 could not check. Each is tried again after a pause that grows. A path that does
 * not fail again counts as done after a while. The number of paths is limited; a full check covers
 * the rest.
 */
export class DeferredPaths {
  readonly #limit: number;
  readonly #paths = new Map<PathKey, Deferred>();
  #waiting = 0;

  /** @param limit - the most paths to keep */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** The number of paths that wait only here; those handed out are in the queue again. */
  get count(): number {
    return this.#waiting;
  }

  /**
   * The waiting paths. A path that has been handed out is not among them, unless it fails again.
   */
  list(): readonly FailedPath[] {
    if (this.#waiting === 0) return [];
    const waiting = [...this.#paths.values()].filter(({ isTried }) => !isTried);
    return waiting.map(({ failed }) => failed);
  }

  /**
   * Those that cannot be checked, for the status: those that wait, and those that are just being
   * tried again, so that a try does not look like success.
   *
   * @param limit - paths to list at most
   */
  failing(limit: number, now: number): { readonly count: number; readonly first: FailedPath[] } {
    const first: FailedPath[] = [];
    let count = 0;
    for (const { failed, isTried, dueAt } of this.#paths.values()) {
      const triedSince = dueAt - forgetMilliseconds;
      if (isTried && now - triedSince > tryMilliseconds) continue;
      count++;
      if (first.length < limit) first.push(failed);
    }
    return { count, first };
  }

  /** When the next path is due, in milliseconds since 1970; Infinity if there is none. */
  get dueAt(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#paths.values()) first = Math.min(first, dueAt);
    return first;
  }

  /** @returns how often the path has failed by now; undefined if there is no room for it */
  add(failed: FailedPath, now: number): number | undefined {
    const key = toKey(failed.path);
    const before = this.#paths.get(key);
    if (!before && this.#paths.size >= this.#limit) return undefined;
    const attempts = (before?.attempts ?? 0) + 1;
    const seconds = backoffSeconds(attempts, failed.isForAll ? soon : backoff, Math.random());
    if (before?.isTried ?? true) this.#waiting++;
    // A path that had to be checked with everything below still must, even if it fails alone in
    // between.
    const recursive = failed.recursive || (before?.failed.recursive ?? false);
    const kept = { ...failed, recursive, text: failed.text.slice(-textKept) };
    this.#paths.set(key, { failed: kept, attempts, dueAt: now + seconds * 1000, isTried: false });
    return attempts;
  }

  /** Hands out the paths that are due. */
  takeDue(now: number): FailedPath[] {
    const due: FailedPath[] = [];
    for (const [key, deferred] of this.#paths) {
      if (deferred.dueAt > now) continue;
      if (deferred.isTried) this.#paths.delete(key);
      else {
        due.push(deferred.failed);
        this.#waiting--;
        this.#paths.set(key, { ...deferred, isTried: true, dueAt: now + forgetMilliseconds });
      }
    }
    return due;
  }
}

interface Deferred {
  readonly failed: FailedPath;
  readonly attempts: number;
  readonly dueAt: number;
  /** The path has been handed out. Either it fails again, or it is done. */
  readonly isTried: boolean;
}

const backoff = { first: 1, most: 300 };
/** One command shows for all paths whether csync2 can look at files again. */
const soon = { first: 1, most: 5 };
const forgetMilliseconds = 60_000;
/** A path that is tried again fails within this time, or is well. */
const tryMilliseconds = 3000;
/** How much of csync2's output is kept. */
const textKept = 1000;
