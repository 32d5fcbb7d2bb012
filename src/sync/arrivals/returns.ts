import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { UnseenArrivals } from './unseen-arrivals.js';

/**
 * The parts of {@link Returns}, which makes csync2 note the files that peers sent to a place while
 * it was out of sight.
 */
export interface ReturnsParts {
  readonly arrivals: UnseenArrivals;
  /** Makes sure that all arrivals up to now are known. */
  readonly lookForArrivals: () => void;
  /** Whether a file is as csync2 has noted it. */
  readonly isAsNoted: (path: PathBytes) => boolean;
  /** Makes csync2 note files as they are. Resolves with whether it has. */
  readonly takeAsTheyAre: (files: readonly PathBytes[]) => Promise<boolean>;
  /** Whether a file exists and has not changed since a time, in milliseconds since 1970. */
  readonly isUnchangedSince: (path: PathBytes, time: number) => boolean;
  /** Removes the marks of files that csync2 has noted. */
  readonly unmark: (files: readonly PathBytes[]) => Promise<void>;
  readonly lookAgain: () => void;
  /** Called with the files that peers have sent to a place, and that the place lacks. */
  readonly onUnseen: (place: PathBytes, files: readonly PathBytes[]) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Lets places that are there again return after csync2 has noted, as they are, the files that peers
 * have sent there unseen. So the first check neither deletes these files on the peers nor sends
 * older versions.
 */
export class Returns {
  readonly #parts: ReturnsParts;
  readonly #waiting = new Map<PathKey, PathBytes>();
  #isSettling = false;

  constructor(parts: ReturnsParts) {
    this.#parts = parts;
  }

  /**
   * Whether a place may be checked. If not, its unseen files are noted first, and the places are
   * looked at again.
   */
  may(place: PathBytes): boolean {
    const { arrivals, lookForArrivals } = this.#parts;
    lookForArrivals();
    if (arrivals.within(place).length === 0) return true;
    // A place that is being noted is asked for again.
    this.#waiting.set(toKey(place), place);
    if (!this.#isSettling) void this.#see();
    return false;
  }

  async #see(): Promise<void> {
    try {
      if (await this.#noteAllUnseen()) this.#parts.lookAgain();
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  /** @returns whether csync2 has noted all */
  async #noteAllUnseen(): Promise<boolean> {
    this.#isSettling = true;
    try {
      // The look that has begun this run asks about the other places, too.
      await Promise.resolve();
      for (let place = this.#innermost(); place; place = this.#innermost()) {
        // If csync2 could not note the files, the next look asks again.
        if (!(await this.#noteUnseen(place))) return false;
        this.#waiting.delete(toKey(place));
      }
      return true;
    } finally {
      this.#waiting.clear();
      this.#isSettling = false;
    }
  }

  /** A file is noted with the innermost place around it. */
  #innermost(): PathBytes | undefined {
    return [...this.#waiting.values()].sort((a, b) => b.length - a.length)[0];
  }

  async #noteUnseen(place: PathBytes): Promise<boolean> {
    const { arrivals, isAsNoted, isUnchangedSince, onUnseen, takeAsTheyAre, unmark } = this.#parts;
    const files = arrivals.within(place);
    if (files.length === 0) return true;
    const received = files
      .filter(({ markedSince }) => markedSince === undefined)
      .map(({ path }) => path);
    // A file that has changed since may be pending for a reason.
    const mistaken = files
      .filter(
        ({ path, markedSince }) => markedSince !== undefined && isUnchangedSince(path, markedSince),
      )
      .map(({ path }) => path);
    const lacking = received.filter((path) => !isAsNoted(path));
    if (!(await takeAsTheyAre([...received, ...mistaken]))) return false;
    if (mistaken.length > 0) await unmark(mistaken);
    arrivals.forget(files);
    if (lacking.length > 0) onUnseen(place, lacking);
    return true;
  }
}
