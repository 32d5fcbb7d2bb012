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
    const waiting = [...this.#paths.values()].filter(({ state }) => state === 'waiting');
    return waiting.map(({ failed }) => failed);
  }

  /**
   * The paths that cannot be checked, for the status: those that wait, and those that are being
   * tried, so that a try does not look like success.
   *
   * @param limit - paths to list at most
   */
  failing(limit: number): { readonly count: number; readonly first: readonly FailedPath[] } {
    const failing = [...this.#paths.values()].filter(({ state }) => state !== 'settled');
    return { count: failing.length, first: failing.slice(0, limit).map(({ failed }) => failed) };
  }

  /**
   * All paths that were handed out have been tried. Those that have not failed again are well.
   *
   * @returns whether no path is failing any more, and some were
   */
  settle(): boolean {
    let isAnySettled = false;
    for (const [key, deferred] of this.#paths) {
      if (deferred.state !== 'tried') continue;
      this.#paths.set(key, { ...deferred, state: 'settled' });
      isAnySettled = true;
    }
    return isAnySettled && this.#waiting === 0;
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
    if (before?.state !== 'waiting') this.#waiting++;
    // A path that had to be checked with everything below still must, even if it fails alone in
    // between.
    const recursive = failed.recursive || (before?.failed.recursive ?? false);
    const kept = { ...failed, recursive, text: failed.text.slice(-textKept) };
    this.#paths.set(key, { failed: kept, attempts, dueAt: now + seconds * 1000, state: 'waiting' });
    return attempts;
  }

  /** Hands out the paths that are due. */
  takeDue(now: number): FailedPath[] {
    const due: FailedPath[] = [];
    for (const [key, deferred] of this.#paths) {
      if (deferred.dueAt > now) continue;
      if (deferred.state !== 'waiting') this.#paths.delete(key);
      else {
        due.push(deferred.failed);
        this.#waiting--;
        this.#paths.set(key, { ...deferred, state: 'tried', dueAt: now + forgetMilliseconds });
      }
    }
    return due;
  }
}

interface Deferred {
  readonly failed: FailedPath;
  readonly attempts: number;
  readonly dueAt: number;
  /** `tried`: it has been handed out. `settled`: it has not failed again. */
  readonly state: 'waiting' | 'tried' | 'settled';
}

const backoff = { first: 1, most: 300 };
/** One command shows for all paths whether csync2 can look at files again. */
const soon = { first: 1, most: 5 };
const forgetMilliseconds = 60_000;
/** How much of csync2's output is kept. */
const textKept = 1000;
