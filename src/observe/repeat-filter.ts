/**
 * Lets a message pass at first, then again after 1, 5, 15 and every further 60 minutes while it goes on, so that a
 * peer that is down for a week doesn't fill the journal.
 */
export class RepeatFilter {
  readonly #seen = new Map<string, { reason: string; passed: number; at: number }>();

  /** Whether to say it now. Another `reason` under the same key is news. */
  passes(key: string, reason = '', now = Date.now()): boolean {
    const seen = this.#seen.get(key);
    if (!seen || seen.reason !== reason) {
      this.#seen.set(key, { reason, passed: 1, at: now });
      return true;
    }
    const minutes = pauseMinutes[Math.min(seen.passed - 1, pauseMinutes.length - 1)] as number;
    if (now - seen.at < minutes * 60_000) return false;
    seen.passed++;
    seen.at = now;
    return true;
  }

  /** It is over. Whether it had been said. */
  ends(key: string): boolean {
    return this.#seen.delete(key);
  }
}

const pauseMinutes = [1, 5, 15, 60];
