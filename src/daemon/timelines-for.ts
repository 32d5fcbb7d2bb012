/** Whether single changes are followed through the stages: only where the log tells of it. */
import type { Settings } from '../config/settings.js';
import { statOf } from '../sync/common/stat-of.js';
import { Timelines, type TimelinesParts } from '../sync/common/timelines.js';
import { type PathBytes, parentOf } from '../text/path-bytes.js';

/** Undefined: nobody looks at a clock. */
export function timelinesFor(
  { logLevel }: Pick<Settings, 'logLevel'>,
  onAccepted: TimelinesParts['onAccepted'],
): Timelines | undefined {
  if (logLevel !== 'debug') return undefined;
  return new Timelines({ now: () => performance.now(), changedAt, onAccepted });
}

/** In the clock of `performance`. What is gone has changed its directory. */
function changedAt(path: PathBytes): number | undefined {
  const stat = statOf(path) ?? statOf(parentOf(path));
  return stat && Number(stat.ctimeNs) / 1e6 - epochOffset();
}

/** What `Date.now` is ahead of `performance.now`: to the microsecond, unless the time was set. */
function epochOffset(): number {
  const coarse = Date.now() - performance.now();
  const { timeOrigin } = performance;
  return Math.abs(timeOrigin - coarse) < isSame ? timeOrigin : coarse;
}

/** Milliseconds; `Date.now` has no parts of them. */
const isSame = 2;
