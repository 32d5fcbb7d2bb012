import { type PathBytes, type PathKey, toKey } from '../../../text/path-bytes.js';

/**
 * Files that may have been sent in another version than csync2 has noted: they changed between its
 * check and the end of the push. If they change back before the next check, that finds nothing, and
 * the peer keeps what was sent. So they stay pending until they are sent as noted; but not for
 * ever, since something may change all the time, and is noted again then.
 */
export class UncertainRows {
  readonly #rows = new Map<PathKey, { tries: number; until: number }>();

  /** A file was sent, in which version is uncertain. Whether it is to be sent again. */
  sent(path: PathBytes, now = Date.now()): boolean {
    const key = toKey(path);
    const tries = (this.#rows.get(key)?.tries ?? 0) + 1;
    this.#rows.delete(key);
    if (tries > mostTries) return false;
    this.#rows.set(key, { tries, until: now + pauseMilliseconds * tries });
    return true;
  }

  /** It was sent as it is noted. */
  certain(path: PathBytes): void {
    if (this.#rows.size > 0) this.#rows.delete(toKey(path));
  }

  /** Whether a file is not sent for a moment: its check is on its way. */
  rests(path: PathBytes, now = Date.now()): boolean {
    return this.#rows.size > 0 && now < (this.#rows.get(toKey(path))?.until ?? 0);
  }

  /**
   * When the next of those that rest is due, milliseconds since 1970; undefined if there is none.
   */
  nextDue(now = Date.now()): number | undefined {
    let next: number | undefined;
    for (const { until } of this.#rows.values()) {
      if (until > now) next = Math.min(next ?? until, until);
    }
    return next;
  }
}

const mostTries = 5;
const pauseMilliseconds = 100;
