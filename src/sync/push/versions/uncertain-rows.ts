import { type PathBytes, type PathKey, toKey } from '../../../text/path-bytes.js';

/**
 * Files that may have been sent in another version than csync2 has noted, because they changed
 * between their check and the end of the push. If such a file changes back before its next check,
 * the check finds nothing, and the peer keeps the version that was sent. So the files stay pending
 * until they are sent as noted. The tries are limited, because a file may change all the time, and
 * each change is noted anyway.
 */
export class UncertainRows {
  readonly #rows = new Map<PathKey, { tries: number; until: number }>();

  /** It is uncertain in which version a file was sent. Returns whether it must be sent again. */
  sent(path: PathBytes, now = Date.now()): boolean {
    const key = toKey(path);
    const tries = (this.#rows.get(key)?.tries ?? 0) + 1;
    this.#rows.delete(key);
    if (tries > mostTries) return false;
    this.#rows.set(key, { tries, until: now + pauseMilliseconds * tries });
    return true;
  }

  /** The file was sent as csync2 has noted it. */
  certain(path: PathBytes): void {
    if (this.#rows.size > 0) this.#rows.delete(toKey(path));
  }

  /** Whether a file is not sent for a moment, because its check is on its way. */
  rests(path: PathBytes, now = Date.now()): boolean {
    return this.#rows.size > 0 && now < (this.#rows.get(toKey(path))?.until ?? 0);
  }

  /** When the next resting file is due, in milliseconds since 1970; undefined if there is none. */
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
