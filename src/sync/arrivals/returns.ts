import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { UnseenArrivals } from './unseen-arrivals.js';

/**
 * The parts of {@link Returns}, which has csync2 take note of what peers sent to a place while it
 * was out of sight.
 */
export interface ReturnsParts {
  readonly arrivals: UnseenArrivals;
  /** Sees to it that all that has arrived by now is known. */
  readonly lookForArrivals: () => void;
  /** Whether a file is as csync2 has noted it. */
  readonly isAsNoted: (path: PathBytes) => boolean;
  /** Has csync2 take files as they are; whether it has. */
  readonly takeAsTheyAre: (files: readonly PathBytes[]) => Promise<boolean>;
  /** Whether a file is there and has not changed since a moment, milliseconds since 1970. */
  readonly isUnchangedSince: (path: PathBytes, time: number) => boolean;
  /** Takes the marks of files off that csync2 has been told of. */
  readonly unmark: (files: readonly PathBytes[]) => Promise<void>;
  readonly lookAgain: () => void;
  /** Told which files a place lacks that peers have sent there. */
  readonly onUnseen: (place: PathBytes, files: readonly PathBytes[]) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Lets places that are there again return: when csync2 has taken what peers have sent there unseen
 * as it is, so that the first check neither deletes it on the peers nor sends older versions.
 */
export class Returns {
  readonly #parts: ReturnsParts;
  readonly #waiting = new Map<PathKey, PathBytes>();
  #isSettling = false;

  constructor(parts: ReturnsParts) {
    this.#parts = parts;
  }

  /** Whether a place may be checked. If not, it is seen to, and the places are looked at again. */
  may(place: PathBytes): boolean {
    const { arrivals, lookForArrivals } = this.#parts;
    lookForArrivals();
    if (arrivals.within(place).length === 0) return true;
    // One that is being noted is asked for again.
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

  /** @returns whether csync2 could be told of all */
  async #noteAllUnseen(): Promise<boolean> {
    this.#isSettling = true;
    try {
      // The look that has begun this asks about the other places, too.
      await Promise.resolve();
      for (let place = this.#innermost(); place; place = this.#innermost()) {
        // If csync2 could not be told, the next look asks again.
        if (!(await this.#noteUnseen(place))) return false;
        this.#waiting.delete(toKey(place));
      }
      return true;
    } finally {
      this.#waiting.clear();
      this.#isSettling = false;
    }
  }

  /** A file is told of with the place that it belongs to, not with those around it. */
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
    // One that has changed since may be pending for a reason.
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
