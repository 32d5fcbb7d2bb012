import { type PathKey, toKey } from '../../text/path-bytes.js';
import { backoffSeconds } from '../common/backoff.js';
import type { FailedPath } from './failed-path.js';

/**
 * Paths that csync2 could not check, each tried again after a pause that grows. A path that doesn't
 * fail again counts as done after a while. A bounded number of them: what doesn't fit is for a full
 * check.
 */
export class DeferredPaths {
  readonly #limit: number;
  readonly #paths = new Map<PathKey, Deferred>();
  #waiting = 0;

  /** @param limit - paths to keep at most */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** How many wait here and nowhere else: those handed out are in the queue again. */
  get count(): number {
    return this.#waiting;
  }

  /**
   * Those that wait. One that has been handed out is no longer among them, unless it fails again.
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

  /** When the next is due, milliseconds since 1970; Infinity if none is. */
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
    // What was to be looked at with all below still is, also if it fails by itself in between.
    const recursive = failed.recursive || (before?.failed.recursive ?? false);
    const kept = { ...failed, recursive, text: failed.text.slice(-textKept) };
    this.#paths.set(key, { failed: kept, attempts, dueAt: now + seconds * 1000, isTried: false });
    return attempts;
  }

  /** Hands out those that are to be tried now. */
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
  /** It has been handed out; what follows is another failure, or nothing. */
  readonly isTried: boolean;
}

const backoff = { first: 1, most: 300 };
/** One command tells for all whether csync2 can look at something again. */
const soon = { first: 1, most: 5 };
const forgetMilliseconds = 60_000;
/** A path that is tried again fails within this time, or is well. */
const tryMilliseconds = 3000;
/** Of what csync2 has said. */
const textKept = 1000;
