/**
 * Names that sessions of csync2's server have marked as changed lately. A session that refuses a file for a conflict marks it for
 * all other peers (csync2 `csync_check_dirty`), whether they have it as it is or not.
 */
export class SessionMarks {
  /** When each was marked last, milliseconds since 1970. */
  readonly #markedAt = new Map<string, number>();

  /** @param name - one character a byte */
  note(name: string, now = Date.now()): void {
    this.#markedAt.delete(name);
    this.#markedAt.set(name, now);
    for (const [oldest, at] of this.#markedAt) {
      if (this.#markedAt.size <= mostKept && now - at < keptMilliseconds) break;
      this.#markedAt.delete(oldest);
    }
  }

  has(name: string, now = Date.now()): boolean {
    const at = this.#markedAt.get(name);
    return at !== undefined && now - at < keptMilliseconds;
  }
}

const mostKept = 20_000;
/** A session's mark is met at the next push, or as soon as the peer is there again. */
const keptMilliseconds = 10_000;
