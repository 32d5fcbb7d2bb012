import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';

/**
 * How often something was done to a file that may have given it other content; see
 * `watch/decode.ts`.
 */
export interface CountedChange {
  readonly path: PathBytes;
  readonly writes: number;
  readonly moves: number;
  readonly others: number;
}

/**
 * Whether what was seen of a file is all accounted for by its receptions:
 *
 * - `written`: somebody here has written to it or replaced it
 * - `accounted`: nobody has: a session of csync2's server was the last to do anything to it
 * - `known`: nothing has happened since somebody here has written to it, which was told then
 * - `unknown`: that can't be told
 */
export type Account = 'written' | 'accounted' | 'known' | 'unknown';

/**
 * Counts how often files were written to and moved into their place lately. csync2's server moves
 * each file that it receives into its place once, and closes it there once, unless it `closes` it
 * before: whatever was seen beyond that was done by somebody else.
 */
export class WriteCounts {
  readonly #limit: number;
  /** Since when all events are seen. */
  #startedAt: number;
  /**
   * When events came last, before those that are being noted: these have happened since, or a
   * moment before.
   */
  #deliveredAt: number;
  readonly #counts = new Map<PathKey, Counted>();

  /**
   * @param startedAt - what is noted shortly after this moment may have happened before it:
   *   milliseconds since 1970
   * @param limit - files to count for at most
   */
  constructor(startedAt = Number.NEGATIVE_INFINITY, limit = 50_000) {
    this.#startedAt = startedAt;
    this.#deliveredAt = startedAt;
    this.#limit = limit;
  }

  /** @param now - milliseconds since 1970 */
  note(changes: readonly CountedChange[], now: number): void {
    for (const { path, writes, moves, others } of changes) {
      const key = toKey(path);
      const before = this.#counts.get(key);
      const goesOn = before !== undefined && now - before.lastAt < restMilliseconds;
      // Where nothing could be read for seconds, they may be as old. What was received before
      // others were read is done with: the directory of a file that has no events may not have been
      // watched yet.
      const unread = Math.min(now - lateMilliseconds, this.#deliveredAt);
      const after = Math.max(before?.lastAt ?? Number.NEGATIVE_INFINITY, unread);
      const sums = goesOn ? before : { ...nothing, after };
      this.#counts.delete(key);
      this.#counts.set(key, {
        ...sums,
        lastAt: now,
        writes: sums.writes + writes,
        moves: sums.moves + moves,
        others: sums.others + others,
        isLate: sums.isLate || now < this.#startedAt + startMilliseconds,
      });
      if (this.#counts.size > this.#limit) {
        const [oldest] = this.#counts.keys();
        if (oldest !== undefined) this.#counts.delete(oldest);
      }
    }
    this.delivered(now);
  }

  /** Events have come, of whatever kind. */
  delivered(now: number): void {
    this.#deliveredAt = now;
  }

  /**
   * Something was not seen: nothing can be set off any more, and what comes next may be of before.
   */
  clear(now: number): void {
    this.#counts.clear();
    this.#startedAt = now;
  }

  /** What is seen at the start, or after a loss, may be of receptions before it. */
  #isDoubtful(
    { isLate, moves, writes }: Counted,
    receivedAt: readonly number[],
    closes: 0 | 1,
  ): boolean {
    if (!isLate || !receivedAt.some((time) => time <= this.#startedAt)) return false;
    // More than all of them can have done was done here.
    const possible = receivedAt.filter(
      (time) => time > this.#startedAt - unreadMilliseconds,
    ).length;
    return writes <= possible * closes && moves <= possible;
  }

  /**
   * Whether somebody here has written to a file beside its receptions, as far as has been seen; see
   * {@link balance}.
   */
  isWritten(path: PathBytes, receivedAt: readonly number[], closes: 0 | 1 = 1): boolean {
    const counted = this.#counts.get(toKey(path));
    if (!counted || this.#isDoubtful(counted, receivedAt, closes)) return false;
    const times = receivedAt.filter((time) => time > counted.after).length;
    const { isWritten, moves, others, writes } = counted;
    return others > 0 || writes > times * closes || moves > times || (isWritten && times === 0);
  }

  /**
   * Sets off what was seen of a file against its receptions. The next answer is about what comes
   * after.
   *
   * @param receivedAt - when it was received lately, in ascending order, milliseconds since 1970
   * @param closes - how often each reception has closed it in its place
   */
  balance(path: PathBytes, receivedAt: readonly number[], closes: 0 | 1 = 1): Account {
    const key = toKey(path);
    const counted = this.#counts.get(key);
    if (!counted) return 'unknown';
    const times = receivedAt.filter((time) => time > counted.after);
    const { writes, moves, others } = counted;
    const isExcess = writes > times.length * closes || moves > times.length;
    // What a reception has done and is not seen yet is still to be set off.
    const isEven = writes === times.length * closes && moves === times.length;
    const isUnclear =
      others > 0 || this.#isDoubtful(counted, receivedAt, closes) || times.length >= mostTimes;
    const isWritten = !isUnclear && (isExcess || (counted.isWritten && times.length === 0));
    if (isExcess || isEven || isUnclear) {
      const after = times.at(-1) ?? counted.after;
      this.#counts.set(key, { ...nothing, after, lastAt: counted.lastAt, isWritten });
    }
    if (isUnclear) return 'unknown';
    if (isExcess) return 'written';
    return isWritten ? 'known' : 'accounted';
  }
}

interface Counted {
  /** Receptions after this moment are counted; milliseconds since 1970. */
  readonly after: number;
  readonly lastAt: number;
  readonly writes: number;
  readonly moves: number;
  readonly others: number;
  /** Some of it may have happened long before it was noted. */
  readonly isLate: boolean;
  /** The last answer was `written`, and nothing has happened since. */
  readonly isWritten: boolean;
}

const nothing = { writes: 0, moves: 0, others: 0, isLate: false, isWritten: false };
/** Quiet for so long, a file is counted from zero. */
const restMilliseconds = 2000;
/** So late an event may be seen. Less than the rest, so that no reception counts for two spells. */
const lateMilliseconds = 500;
/** By then the events are read that came while no daemon ran. */
const startMilliseconds = 3000;
/** What is seen at a start has not happened longer before. */
const unreadMilliseconds = 60_000;
/** How many receptions of a file are known at most. */
export const mostTimes = 64;
