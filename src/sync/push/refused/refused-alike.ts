import { directoryOf, type Rejected, reasonOf } from './rejected.js';

/**
 * Groups the rows that are refused for the same reason in one directory. One of them is tried now
 * and then; the others wait for its result.
 */
export class RefusedAlike {
  /** When one row of a group is tried again, by reason and directory. */
  readonly #groups = new Map<string, Group>();
  /** No row of any group is tried before this time. */
  #nextTryAt = 0;

  /**
   * Makes a row wait with its group, and with the rows of its directory that were not asked about
   * yet.
   */
  wait(rejected: Rejected, all: Iterable<Rejected>, now: number): void {
    const { detail, reason } = rejected;
    const directory = directoryOf(rejected.name);
    const group = `${directory}\n${reasonOf(rejected)}`;
    const { tries = 0 } = this.#groups.get(group) ?? {};
    const seconds = laterSeconds[Math.min(tries, laterSeconds.length - 1)] as number;
    this.#groups.set(group, { until: now + seconds * 1000, tries: tries + 1 });
    Object.assign(rejected, { state: 'later', group });
    if (tries > 0) this.#nextTryAt = now + betweenTries;
    for (const other of all) {
      const isUnasked = other.state === 'suspect' && other.failures === 0;
      if (isUnasked && directoryOf(other.name) === directory)
        Object.assign(other, { state: 'later', group, reason, detail });
    }
  }

  /** When a row is tried again, in milliseconds since 1970. */
  dueAt({ group, until }: Rejected): number {
    if (group === undefined) return until;
    return Math.max(this.#groups.get(group)?.until ?? 0, this.#nextTryAt);
  }

  /** All rows are tried now. */
  tryNow(): void {
    this.#groups.clear();
    this.#nextTryAt = 0;
  }

  /** No rows are left. The time between tries is kept. */
  forget(): void {
    this.#groups.clear();
  }
}

interface Group {
  readonly until: number;
  readonly tries: number;
}

/**
 * A peer that has room again, or a directory that can be written again, gets the waiting rows
 * within a minute.
 */
const laterSeconds = [5, 10, 20, 40];
/** Milliseconds between tries of waiting rows; one try takes about 20. */
const betweenTries = 400;
