import { namesOf, type PathPrefix, realPathOf } from '../../csync2/files/name-encoding.js';
import type { Activity } from '../../csync2/sessions/activity.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { statOf } from '../common/stat-of.js';
import { changedAt, type FileStamp, hasWholeSeconds, stampOf } from '../memory/file-stamp.js';
import type { WriteCounts } from '../memory/write-counts.js';
import { isArrivingWithin, type JudgedArrival, judgeArrival } from './arrival.js';

/** The relation of the sessions of csync2's server to files, as of one look at the sessions. */
export interface ArrivalView {
  /**
   * @param isReported - events have reported the file; else no events are set off against its
   * receptions
   */
  judge(path: PathBytes, stamp: FileStamp, isReported: boolean): JudgedArrival;
  /**
   * Whether a session has removed the file at a path, to put another in its place, and still works
   * on it.
   */
  isEmptied(path: PathBytes): boolean;
  /**
   * Whether something in a directory may be arriving. `changed`: when the directory changed, in
   * milliseconds since 1970.
   */
  isArrivingWithin(directory: PathBytes, changed: number): boolean;
  /**
   * Whether every received file is known; if not, a file that is judged `local` may have been
   * received.
   */
  readonly isComplete: boolean;
}

/**
 * Looks at the sessions. Changes on disk up to the look are judged rightly; later ones are
 * `arriving` at worst.
 */
export type LookAtArrivals = () => ArrivalView;

/**
 * The peer that has sent a file as it is, by the file's name, one character a byte; undefined if a
 * local process may have touched the file since, or if that is unknown. If the directory was not
 * watched yet, a local change within a moment of the arrival that sets a time in whole seconds
 * looks like one of the session.
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
  // If the session was refused in the middle of the file, the time is that of the content, and no
  // one has changed the file since.
  const isWhole = hasWholeSeconds(stamp) || changedAt(stamp) < reception.until;
  const isOfSession = isWhole && changedAt(stamp) < reception.until + dressingMilliseconds;
  return isOfSession && !writes.isWritten(path, activity.movedAt(path, [name]), closesOf(activity))
    ? reception.peer
    : undefined;
}

/** The peer that last sent a name here, if it may still be bringing that version to others. */
export function recentSenderOf(name: string, activity: Activity): string | undefined {
  const reception = activity.reception(name);
  return reception && Date.now() - reception.since < spreadingMilliseconds
    ? reception.peer
    : undefined;
}

/** How long a peer may be about to bring others the files that it has sent here. */
export const spreadingMilliseconds = 60_000;

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
      judge(path, stamp, isReported) {
        const account = () =>
          isReported ? writes.balance(path, timesOf(path), closesOf(activity)) : 'unknown';
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

/** How often a session closes a file that it has written, under the file's own name. */
function closesOf(activity: Activity): 0 | 1 {
  return activity.closesFirst ? 0 : 1;
}

/** A second session that finds nothing else to do may set owner, mode and time once more. */
const dressingMilliseconds = 1000;
