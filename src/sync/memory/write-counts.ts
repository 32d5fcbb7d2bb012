import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';

/**
 * How often a file was changed in ways that may have given it other content; see `watch/decode.ts`.
 */
export interface CountedChange {
  readonly path: PathBytes;
  readonly writes: number;
  readonly moves: number;
  readonly others: number;
}

/**
 * Whether its receptions account for all events of a file:
 *
 * - `written`: a local process has written to the file or replaced it
 * - `accounted`: a session of csync2's server was the last to change the file
 * - `known`: nothing has happened since a local write, which was reported then
 * - `unknown`: none of these is certain
 */
export type Account = 'written' | 'accounted' | 'known' | 'unknown';

/**
 * Counts how often files were written to and moved into their place lately. csync2's server moves
 * each received file into its place once, and closes it there once, unless it `closes` the file
 * before. Any event beyond that comes from another process.
 */
export class WriteCounts {
  readonly #limit: number;
  /** Since when all events are seen. */
  #startedAt: number;
  /**
   * When events came last, before those that are being noted. The new events have happened since,
   * or a moment before.
   */
  #deliveredAt: number;
  readonly #counts = new Map<PathKey, Counted>();

  /**
   * @param startedAt - an event that is noted shortly after this time may have happened before it;
   * milliseconds since 1970
   * @param limit - the most files to count for
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
      // If nothing could be read for seconds, the events may be as old. Receptions before the last
      // events were read don't count any more: the directory of a file without events may not have
      // been watched yet.
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

  /** Events of any kind have come. */
  delivered(now: number): void {
    this.#deliveredAt = now;
  }

  /**
   * Events were lost: no event can be set off any more, and the next events may belong to an
   * earlier time.
   */
  clear(now: number): void {
    this.#counts.clear();
    this.#startedAt = now;
  }

  /** Whether events at the start, or after a loss, may come from earlier receptions. */
  #isDoubtful(
    { isLate, moves, writes }: Counted,
    receivedAt: readonly number[],
    closes: 0 | 1,
  ): boolean {
    if (!isLate || !receivedAt.some((time) => time <= this.#startedAt)) return false;
    // If there are more events than all receptions can have made, the file was written here.
    const possible = receivedAt.filter(
      (time) => time > this.#startedAt - unreadMilliseconds,
    ).length;
    return writes <= possible * closes && moves <= possible;
  }

  /**
   * Whether a local process has written to a file besides its receptions, as far as the events
   * tell; see {@link balance}.
   */
  isWritten(path: PathBytes, receivedAt: readonly number[], closes: 0 | 1 = 1): boolean {
    const counted = this.#counts.get(toKey(path));
    if (!counted || this.#isDoubtful(counted, receivedAt, closes)) return false;
    const times = receivedAt.filter((time) => time > counted.after).length;
    const { isWritten, moves, others, writes } = counted;
    return others > 0 || writes > times * closes || moves > times || (isWritten && times === 0);
  }

  /**
   * Sets off the events of a file against its receptions. The next answer is about later events.
   *
   * @param receivedAt - when the file was received lately, in ascending order, in milliseconds
   * since 1970
   * @param closes - how often each reception has closed the file in its place
   */
  balance(path: PathBytes, receivedAt: readonly number[], closes: 0 | 1 = 1): Account {
    const key = toKey(path);
    const counted = this.#counts.get(key);
    if (!counted) return 'unknown';
    const times = receivedAt.filter((time) => time > counted.after);
    const { writes, moves, others } = counted;
    const isExcess = writes > times.length * closes || moves > times.length;
    // Events of a reception that are still to come must be set off later.
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
  /** Only receptions after this time are counted; milliseconds since 1970. */
  readonly after: number;
  readonly lastAt: number;
  readonly writes: number;
  readonly moves: number;
  readonly others: number;
  /** Some of the events may have happened long before they were noted. */
  readonly isLate: boolean;
  /** The last answer was `written`, and nothing has happened since. */
  readonly isWritten: boolean;
}

const nothing = { writes: 0, moves: 0, others: 0, isLate: false, isWritten: false };
/** After this long without events, a file is counted from zero. */
const restMilliseconds = 2000;
/**
 * The longest delay of an event. It is less than the rest, so that no reception counts for two
 * spells.
 */
const lateMilliseconds = 500;
/** By then the events that came while no daemon ran have been read. */
const startMilliseconds = 3000;
/** Events that are seen at a start are not older than this. */
const unreadMilliseconds = 60_000;
/** The most receptions of a file that are kept. */
export const mostTimes = 64;
