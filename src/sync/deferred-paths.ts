import { type PathKey, toKey } from '../path-bytes.js';
import { backoffSeconds } from './backoff.js';
import type { FailedPath } from './check-runner.js';

/**
 * Paths that csync2 could not check, each tried again after a pause that grows. A path that doesn't fail again counts
 * as done after a while.
 */
export class DeferredPaths {
  readonly #paths = new Map<PathKey, Deferred>();

  /** Those that wait. One that has been handed out is no longer among them, unless it fails again. */
  list(): readonly FailedPath[] {
    return [...this.#paths.values()].filter(({ isTried }) => !isTried).map(({ failed }) => failed);
  }

  /** Whether some wait here and nowhere else: those handed out are in the queue again. */
  get isHolding(): boolean {
    return [...this.#paths.values()].some(({ isTried }) => !isTried);
  }

  /** When the next is due, milliseconds since 1970; Infinity if none is. */
  get dueAt(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#paths.values()].map(({ dueAt }) => dueAt));
  }

  /** @returns how often the path has failed by now */
  add(failed: FailedPath, now: number): number {
    const key = toKey(failed.path);
    const attempts = (this.#paths.get(key)?.attempts ?? 0) + 1;
    const seconds = backoffSeconds(attempts, backoff, Math.random());
    this.#paths.set(key, { failed, attempts, dueAt: now + seconds * 1000, isTried: false });
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
const forgetMilliseconds = 60_000;
