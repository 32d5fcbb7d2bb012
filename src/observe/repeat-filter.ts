/** A message that passes, and how often it has occurred. */
export interface Occurrence {
  /** Occurrences since {@link since}, this one included. */
  readonly times: number;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** A trouble that has ended. */
export interface Past {
  /** How long the trouble continued. */
  readonly seconds: number;
  readonly times: number;
}

/**
 * Lets a message pass at first, then again after 1, 5, 15 and every further 60 minutes while its
 * trouble continues, so that a peer that is down for a week doesn't fill the journal. A trouble
 * that returns within five minutes after its end continues its series, so that a flapping peer
 * doesn't either.
 */
export class RepeatFilter {
  readonly #troubles = new Map<string, Trouble>();

  /**
   * Returns the occurrence if the message passes now, otherwise undefined. Another `reason` under
   * the same key passes once. All reasons share one count.
   */
  passes(key: string, reason = '', now = Date.now()): Occurrence | undefined {
    const trouble = this.#find(key, now) ?? this.#begin(key, now);
    if (trouble.endedAt !== undefined) {
      Object.assign(trouble, {
        begunAt: now,
        timesBefore: trouble.times,
        isSaid: false,
        endedAt: undefined,
      });
    }
    trouble.times++;
    trouble.lastAt = now;
    // Reasons may hold names that users choose. After some of them, all others count as one.
    const known =
      trouble.said.has(reason) || trouble.said.size < reasonsKept ? reason : otherReasons;
    const said = trouble.said.get(known);
    if (said && now - said.at < pauseOf(said.passed)) return undefined;
    trouble.said.set(known, { passed: (said?.passed ?? 0) + 1, at: now });
    trouble.isSaid = true;
    return { times: trouble.times, since: trouble.since };
  }

  /** The trouble has ended. Returns undefined if no message about it had passed. */
  ends(key: string, now = Date.now()): Past | undefined {
    const trouble = this.#troubles.get(key);
    if (!trouble || trouble.endedAt !== undefined) return undefined;
    trouble.endedAt = now;
    const { begunAt, times, timesBefore, isSaid } = trouble;
    return isSaid ? { seconds: (now - begunAt) / 1000, times: times - timesBefore } : undefined;
  }

  /** Whether a trouble continues under this key. */
  goesOn(key: string): boolean {
    const trouble = this.#troubles.get(key);
    return trouble !== undefined && trouble.endedAt === undefined;
  }

  /** How many continuing keys begin like this. */
  count(prefix: string): number {
    return [...this.#troubles.keys()].filter((key) => key.startsWith(prefix) && this.goesOn(key))
      .length;
  }

  #find(key: string, now: number): Trouble | undefined {
    const trouble = this.#troubles.get(key);
    return trouble?.endedAt !== undefined && now - trouble.endedAt >= calmMilliseconds
      ? undefined
      : trouble;
  }

  #begin(key: string, now: number): Trouble {
    if (this.#troubles.size >= troublesKept) this.#forget(now);
    const begun = {
      since: now,
      begunAt: now,
      lastAt: now,
      times: 0,
      timesBefore: 0,
      isSaid: false,
    };
    const trouble: Trouble = { ...begun, endedAt: undefined, said: new Map() };
    this.#troubles.set(key, trouble);
    return trouble;
  }

  /** Forgets troubles that have not occurred for long, even if no end was reported. */
  #forget(now: number): void {
    for (const [key, { lastAt }] of this.#troubles) {
      if (now - lastAt >= forgottenMilliseconds) this.#troubles.delete(key);
    }
  }
}

interface Trouble {
  /** When the first trouble of the series began. */
  readonly since: number;
  /** When the present trouble began. */
  begunAt: number;
  lastAt: number;
  endedAt: number | undefined;
  times: number;
  /** Occurrences in the series before the present trouble. */
  timesBefore: number;
  /** Whether a message has passed since {@link begunAt}. */
  isSaid: boolean;
  readonly said: Map<string, { readonly passed: number; readonly at: number }>;
}

function pauseOf(passed: number): number {
  return (pauseMinutes[Math.min(passed, pauseMinutes.length) - 1] as number) * minute;
}

const minute = 60_000;
const pauseMinutes = [1, 5, 15, 60];
const calmMilliseconds = 5 * minute;
const forgottenMilliseconds = 150 * minute;
const troublesKept = 500;
const reasonsKept = 20;
const otherReasons = '\0';
