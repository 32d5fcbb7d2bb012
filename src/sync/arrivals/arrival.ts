import type { Reception } from '../../csync2/server-log/session-log.js';
import type { OpenSession } from '../../csync2/sessions/activity.js';
import { isWithin, type PathBytes } from '../../text/path-bytes.js';
import { changedAt, type FileStamp, hasWholeSeconds } from '../memory/file-stamp.js';
import type { Account } from '../memory/write-counts.js';

/**
 * What a session of csync2's server has to do with a changed file.
 *
 * - `local`: nothing: the change was made on this host
 * - `received`: it is as a peer has sent it, and nobody has touched it since
 * - `arriving`: an open session may still have to do with it
 * - `half-received`: its session is over, and may have ended before it had set owner, mode and time
 */
export type Arrival = 'local' | 'received' | 'arriving' | 'half-received';

/** A verdict, and what is known of who wrote to the file. */
export interface JudgedArrival {
  readonly arrival: Arrival;
  readonly account: Account;
}

/** What is known when a file is judged. Times in milliseconds since 1970. */
export interface ArrivalFacts {
  /** Whether its receptions account for what was seen of it; asked at most once. */
  readonly account: () => Account;
  /** How it was taken over last, under any of its names. */
  readonly reception: Reception | undefined;
  /**
   * What a session has moved into the file's place last; undefined if that was long ago, never, or
   * is not known.
   */
  readonly moved: { readonly at: number; readonly inode: bigint } | undefined;
  /**
   * When a session has set the file's time last, as it does for each file, the last of all;
   * undefined if that is not known.
   */
  readonly timeSetAt: number | undefined;
  /** The open sessions. */
  readonly sessions: readonly OpenSession[];
  /** When the sessions were looked at. */
  readonly lookedAt: number;
}

/**
 * Judges a file that has changed. csync2's server puts a file in its place, says so, and then sets
 * owner, mode and, last of all, the time, to a whole second. It does one file after the other.
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
  // Asked in any case: what is judged now must not count for what comes later.
  const account = facts.account();
  if (isReplaced(stamp, facts)) return { arrival: 'local', account: 'written' };
  if (account === 'written' || account === 'known') return { arrival: 'local', account };
  const arrival = judgeReceived(stamp, facts, account);
  // What its session left half done, and nobody came back for, is to be sent as it is.
  const isLeft = arrival === 'local' && facts.reception !== undefined && !isComplete(stamp);
  return { arrival, account: isLeft ? 'unknown' : account };
}

/**
 * Whether another file than the one that a session had moved there is in its place. For a moment
 * only, since the one that replaced it is known then: it may have its time changed.
 */
function isReplaced(stamp: FileStamp, { moved, lookedAt }: ArrivalFacts): boolean {
  if (stamp.type !== 'file' || !moved || lookedAt - moved.at > replacedMilliseconds) return false;
  // A session may have moved it there after the look.
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
    // It is noted in one transaction with others: a check would not see the note yet.
    if (!session || session.phase === 'writing') return 'arriving';
    return isFinished ? 'received' : 'arriving';
  }
  // Attributes may have been set since: by a session that found nothing else to do, or here. The
  // events that tell are on their way, unless nobody watched its directory yet, or they are of
  // before a start.
  const changed = changedAt(stamp);
  const isDressed = isFinished && timeSetAt !== undefined && changed <= timeSetAt;
  if (changed > until && account === 'unknown' && !isDressed) {
    return lookedAt - changed < tellingMilliseconds ? 'arriving' : 'local';
  }
  if (isFinished) return 'received';
  return ending !== 'next' && lookedAt - until < sendAgainMilliseconds ? 'half-received' : 'local';
}

/**
 * Whether a check of a directory with all below might meet a file that is arriving, or csync2's
 * temporary file.
 *
 * @param changed - when the directory itself has changed last
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
 * Whether a session may have just put this in its place, without having said so. Between the two it
 * does nothing but close its files, which takes long for large ones, and note it, for which it may
 * have to wait.
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
  // It is at another file, or has done with all before it waits for more, or has not begun. What it
  // did since we looked is not known.
  if (session.openFiles.length > 0 || session.isWaiting || session.phase === 'unidentified') {
    return changed + clockMilliseconds >= lookedAt;
  }
  return true;
}

/** An inode's times are those of the last tick of the kernel's clock (HZ=100 at the slowest). */
const clockMilliseconds = 10;
/** Events are seen by then, also where much happens. */
const tellingMilliseconds = 500;
/** By then whoever replaces what he has just got has been seen to. */
const replacedMilliseconds = 10_000;
/** Time for a peer to send again what it could not send whole: a few of its pauses. */
const sendAgainMilliseconds = 10_000;
