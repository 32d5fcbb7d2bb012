import { namesOf, type PathPrefix, realPathOf } from '../../csync2/files/name-encoding.js';
import type { Activity } from '../../csync2/sessions/activity.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { statOf } from '../common/stat-of.js';
import { changedAt, type FileStamp, hasWholeSeconds, stampOf } from '../memory/file-stamp.js';
import type { WriteCounts } from '../memory/write-counts.js';
import { isArrivingWithin, type JudgedArrival, judgeArrival } from './arrival.js';

/** What the sessions of csync2's server have to do with files, as of one look at them. */
export interface ArrivalView {
  /** @param isTold - events have told of it; else nothing is set off against them */
  judge(path: PathBytes, stamp: FileStamp, isTold: boolean): JudgedArrival;
  /**
   * Whether a session has removed what was at a path, to put something in its place, and is not
   * done with it.
   */
  isEmptied(path: PathBytes): boolean;
  /**
   * Whether something in a directory may be arriving. `changed`: of the directory, milliseconds
   * since 1970.
   */
  isArrivingWithin(directory: PathBytes, changed: number): boolean;
  /**
   * Whether every file that was received is known; if not, one that is taken for local may have
   * been received.
   */
  readonly isComplete: boolean;
}

/**
 * Looks at the sessions. What has changed on disk by then is judged rightly, what changes later is
 * `arriving` at worst.
 */
export type LookAtArrivals = () => ArrivalView;

/**
 * The peer that has sent a file as it is, by its name, one character a byte; undefined if somebody
 * here may have touched it since, or if that can't be told. Where nobody has watched its directory
 * yet, a change within a moment of its arrival that has a time in whole seconds is not told from
 * one of its session.
 */
export function senderOf(
  name: string,
  {
    activity,
    prefixes,
    writes,
  }: { activity: Activity; prefixes: readonly PathPrefix[]; writes: WriteCounts },
): string | undefined {
  const reception = activity.reception(name);
  const path = realPathOf(Buffer.from(name, 'latin1'), prefixes);
  const stat = path && statOf(path);
  if (!reception?.until || !path || !stat?.isFile()) return undefined;
  const stamp = stampOf(stat);
  if ((activity.movedLast(path)?.inode ?? stamp.inode) !== stamp.inode) return undefined;
  // Where its session was refused in the middle of it, its time is that of the content, and nobody
  // has changed it since.
  const isWhole = hasWholeSeconds(stamp) || changedAt(stamp) < reception.until;
  const isOfSession = isWhole && changedAt(stamp) < reception.until + dressingMilliseconds;
  return isOfSession && !writes.isWritten(path, activity.movedAt(path, [name]), closesOf(activity))
    ? reception.peer
    : undefined;
}

/** The sessions that {@link Activity} tells of. */
export function arrivalsOf(
  activity: Activity,
  writes: WriteCounts,
  prefixes: readonly PathPrefix[],
): LookAtArrivals {
  const pathOf = (name: string) => realPathOf(Buffer.from(name, 'latin1'), prefixes);
  return () => {
    const lookedAt = Date.now();
    const sessions = activity.receiving();
    const receptionOf = (path: PathBytes) => {
      const receptions = namesOf(path, prefixes).flatMap(
        (name) => activity.reception(name.toString('latin1')) ?? [],
      );
      return receptions.sort((one, other) => other.since - one.since)[0];
    };
    const timesOf = (path: PathBytes) =>
      activity.movedAt(
        path,
        namesOf(path, prefixes).map((name) => name.toString('latin1')),
      );
    return {
      judge(path, stamp, isTold) {
        const account = () =>
          isTold ? writes.balance(path, timesOf(path), closesOf(activity)) : 'unknown';
        return judgeArrival(path, stamp, {
          reception: receptionOf(path),
          sessions,
          lookedAt,
          account,
          moved: activity.movedLast(path),
          timeSetAt: activity.timeSetAt(path),
        });
      },
      isArrivingWithin: (directory, changed) =>
        isArrivingWithin(directory, changed, { sessions, lookedAt }, pathOf),
      isEmptied: (path) => activity.isEmptied(path),
      isComplete: activity.tellsAll,
    };
  };
}

/** How often a session closes a file that it has written, under its own name. */
function closesOf(activity: Activity): 0 | 1 {
  return activity.closesFirst ? 0 : 1;
}

/** A second session that has found nothing else to do may set owner, mode and time once more. */
const dressingMilliseconds = 1000;
