import { type PathBytes, type PathKey, toKey } from '../path-bytes.js';
import type { UnseenArrivals, UnseenFile } from './unseen-arrivals.js';

/** What returns are settled with. */
export interface ReturnsParts {
  readonly arrivals: UnseenArrivals;
  /** Reads what csync2's server has said by now. */
  readonly lookIntoLog: () => void;
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
 * Lets places that are there again return: when csync2 has taken what peers have sent there unseen as it is, so that the
 * first check neither deletes it on the peers nor sends older versions.
 */
export class Returns {
  readonly #parts: ReturnsParts;
  readonly #waiting = new Map<
    PathKey,
    { readonly place: PathBytes; readonly files: readonly UnseenFile[] }
  >();
  #isSettling = false;

  constructor(parts: ReturnsParts) {
    this.#parts = parts;
  }

  /** Whether a place may be checked. If not, it is seen to, and the places are looked at again. */
  may(place: PathBytes): boolean {
    const { arrivals, lookIntoLog } = this.#parts;
    lookIntoLog();
    const files = arrivals.within(place);
    if (files.length === 0) return true;
    const key = toKey(place);
    // One that is being settled is asked for again.
    if (!this.#waiting.has(key)) this.#waiting.set(key, { place, files });
    if (!this.#isSettling) void this.#settleAll();
    return false;
  }

  async #settleAll(): Promise<void> {
    this.#isSettling = true;
    try {
      for (const [key, { place, files }] of this.#waiting) {
        const isSettled = await this.#settle(place, files);
        this.#waiting.delete(key);
        // If csync2 could not be told, the next look asks again.
        if (!isSettled) return;
      }
      this.#parts.lookAgain();
    } catch (error) {
      this.#parts.onError(error);
    } finally {
      this.#waiting.clear();
      this.#isSettling = false;
    }
  }

  async #settle(place: PathBytes, files: readonly UnseenFile[]): Promise<boolean> {
    const { arrivals, isAsNoted, isUnchangedSince, onUnseen, takeAsTheyAre, unmark } = this.#parts;
    const received = files.filter(({ markedSince }) => markedSince === undefined).map(({ path }) => path);
    // One that has changed since may be owed for a reason.
    const mistaken = files
      .filter(({ path, markedSince }) => markedSince !== undefined && isUnchangedSince(path, markedSince))
      .map(({ path }) => path);
    const lacking = received.filter((path) => !isAsNoted(path));
    if (!(await takeAsTheyAre([...received, ...mistaken]))) return false;
    if (mistaken.length > 0) await unmark(mistaken);
    arrivals.settle(files);
    if (lacking.length > 0) onUnseen(place, lacking);
    return true;
  }
}
