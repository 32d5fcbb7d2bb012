import type { Reception } from '../../csync2/server-log/session-log.js';
import type { OpenSession } from '../../csync2/sessions/activity.js';
import { isWithin, type PathBytes } from '../../text/path-bytes.js';
import { changedAt, type FileStamp, hasWholeSeconds } from '../memory/file-stamp.js';
import type { Account } from '../memory/write-counts.js';

/**
 * The relation of a session of csync2's server to a changed file.
 *
 * - `local`: none, because the change was made on this host
 * - `received`: the file is as a peer has sent it, and no one has touched it since
 * - `arriving`: an open session may still work on the file
 * - `half-received`: the session is over, and may have ended before it had set owner, mode and
 *   time
 */
export type Arrival = 'local' | 'received' | 'arriving' | 'half-received';

/** A verdict, and what is known of the writers of the file. */
export interface JudgedArrival {
  readonly arrival: Arrival;
  readonly account: Account;
}

/** The facts by which a file is judged. Times in milliseconds since 1970. */
export interface ArrivalFacts {
  /** Whether the file's receptions account for its events; asked at most once. */
  readonly account: () => Account;
  /** The last reception of the file, under any of its names. */
  readonly reception: Reception | undefined;
  /**
   * The file that a session moved into this place last; undefined if that was long ago, never, or
   * is unknown.
   */
  readonly moved: { readonly at: number; readonly inode: bigint } | undefined;
  /**
   * When a session set the file's time last, which is its last act for each file; undefined if that
   * is unknown.
   */
  readonly timeSetAt: number | undefined;
  /** The open sessions. */
  readonly sessions: readonly OpenSession[];
  /** When the sessions were looked at. */
  readonly lookedAt: number;
}

/**
 * Judges a file that has changed. csync2's server puts a file in its place, reports it, and then
 * sets owner, mode and, last of all, the time, to a whole second. It does one file after the other.
 */
export function judgeArrival(
  path: PathBytes,
  stamp: FileStamp,
  facts: ArrivalFacts,
): JudgedArrival {
  const { sessions, lookedAt } = facts;
  if (sessions.some((session) => mayBePuttingInPlace(session, path, changedAt(stamp), lookedAt))) {
    return { arrival: 'arriving', account: 'unknown' };
  }
  // The account is asked for in any case: events that are judged now must not count for a later
  // change.
  const account = facts.account();
  if (isReplaced(stamp, facts)) return { arrival: 'local', account: 'written' };
  if (account === 'written' || account === 'known') return { arrival: 'local', account };
  const arrival = judgeReceived(stamp, facts, account);
  // A file that its session left half done, and that the sender did not send again, must be sent as
  // it is.
  const isLeft = arrival === 'local' && facts.reception !== undefined && !isComplete(stamp);
  return { arrival, account: isLeft ? 'unknown' : account };
}

/**
 * Whether a file other than the one that a session moved there is in its place. This is true only
 * for a moment after the move, because the new file is known after that: its time may be changed.
 */
function isReplaced(stamp: FileStamp, { moved, lookedAt }: ArrivalFacts): boolean {
  if (stamp.type !== 'file' || !moved || lookedAt - moved.at > replacedMilliseconds) return false;
  // A session may have moved its file there after the look.
  return stamp.inode !== moved.inode && changedAt(stamp) + clockMilliseconds < lookedAt;
}

function isComplete(stamp: FileStamp): boolean {
  return stamp.type !== 'file' || hasWholeSeconds(stamp);
}

function judgeReceived(
  stamp: FileStamp,
  { reception, sessions, lookedAt, timeSetAt }: ArrivalFacts,
  account: Account,
): Arrival {
  if (!reception) return 'local';
  const isFinished = isComplete(stamp);
  const { until, ending } = reception;
  if (until === undefined) {
    const session = sessions.find(({ current }) => current === reception);
    // The note is in one transaction with others, so a check would not see it yet.
    if (!session || session.phase === 'writing') return 'arriving';
    return isFinished ? 'received' : 'arriving';
  }
  // Attributes may have been set since, by a session that found nothing else to do, or by a local
  // process. The events that tell this are on their way, unless the directory was not watched yet,
  // or the events are older than a start.
  const changed = changedAt(stamp);
  const isDressed = isFinished && timeSetAt !== undefined && changed <= timeSetAt;
  if (changed > until && account === 'unknown' && !isDressed) {
    return lookedAt - changed < tellingMilliseconds ? 'arriving' : 'local';
  }
  if (isFinished) return 'received';
  return ending !== 'next' && lookedAt - until < sendAgainMilliseconds ? 'half-received' : 'local';
}

/**
 * Whether a recursive check of a directory might meet an arriving file, or csync2's temporary file.
 *
 * @param changed - when the directory itself changed last
 */
export function isArrivingWithin(
  directory: PathBytes,
  changed: number,
  { sessions, lookedAt }: Pick<ArrivalFacts, 'sessions' | 'lookedAt'>,
  pathOf: (name: string) => PathBytes | undefined,
): boolean {
  const isIn = (path: PathBytes | undefined) => path !== undefined && isWithin(path, directory);
  return sessions.some(
    (session) =>
      session.openFiles.some((file) => isIn(Buffer.from(file, 'latin1'))) ||
      (session.current !== undefined && isIn(pathOf(session.current.name))) ||
      mayBePuttingInPlace(session, directory, changed, lookedAt),
  );
}

/**
 * Whether a session may have just put this file in its place without having reported it. Between
 * the two, the session only closes its files, which takes long for large ones, and notes the file,
 * for which it may have to wait.
 */
function mayBePuttingInPlace(
  session: OpenSession,
  path: PathBytes,
  changed: number,
  lookedAt: number,
): boolean {
  if (session.phase !== 'unidentified' && session.saidAt > changed + clockMilliseconds)
    return false;
  if (session.openFiles.includes(path.toString('latin1'))) return true;
  // The session is at another file, or has finished its files before it waits for more, or has not
  // begun. Its acts after the look are unknown.
  if (session.openFiles.length > 0 || session.isWaiting || session.phase === 'unidentified') {
    return changed + clockMilliseconds >= lookedAt;
  }
  return true;
}

/** An inode's times are those of the last tick of the kernel's clock (HZ=100 at the slowest). */
const clockMilliseconds = 10;
/** Events are seen by then, even on a busy host. */
const tellingMilliseconds = 500;
/** By then a process that replaces a file it has just got has been noticed. */
const replacedMilliseconds = 10_000;
/** Time for a peer to send again a file that it could not send whole: a few of its pauses. */
const sendAgainMilliseconds = 10_000;
