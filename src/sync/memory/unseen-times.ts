import type { KeptTime } from '../../state/kept-time.js';
import type { UnseenSpans } from './unseen-spans.js';

/** When changes may have gone unseen, in milliseconds since 1970. */
export interface UnseenTimes {
  /** The earliest moment since which changes may have gone unseen. */
  since(): number;
  /** Whether a change at this moment may have gone unseen. */
  includes(time: number): boolean;
}

/**
 * Judges by the last full check, by the start of this run and by the times in which nothing
 * watched.
 *
 * @param startedAt - when this run began
 */
export function unseenTimes(
  lastFullCheck: Pick<KeptTime, 'at'>,
  spans: Pick<UnseenSpans, 'covers' | 'since'>,
  startedAt = loadedAt,
): UnseenTimes {
  return {
    since: () => Math.max(lastFullCheck.at ?? 0, Math.min(spans.since ?? startedAt, startedAt)),
    // The memory knows every file's changes in this run.
    includes: (time) => time >= startedAt || spans.covers(time),
  };
}

/**
 * Where it is not known when everything was checked last, what is older than this run is taken for
 * checked.
 */
const loadedAt = Date.now();
