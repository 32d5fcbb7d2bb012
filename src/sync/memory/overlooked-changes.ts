import type { Ledger } from '../../csync2/database/ledger.js';
import { type NotedFile, secondsOf } from '../../csync2/files/check-text.js';
import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { FileMemory } from './file-memory.js';
import { changedAt, type FileStamp, hasWholeSeconds } from './file-stamp.js';
import type { NoteHistory } from './note-history.js';
import type { Account } from './write-counts.js';

/**
 * What is to be done about a file:
 *
 * - `check`: csync2 looks itself (`-c`) and sees what has changed
 * - `overlooked`: it has changed in a way that csync2 does not see: it is marked without a look
 *   (`-m`)
 * - `both`: nobody knows what csync2 knows of it
 * - `nothing`: csync2 knows it as it is
 */
export type Verdict = 'check' | 'overlooked' | 'both' | 'nothing';

/** What a file is judged by, besides itself. */
export interface Circumstances {
  /** It is as a peer has sent it, for certain. */
  readonly isReceived: boolean;
  /** Whether receptions account for what was seen of it. */
  readonly account: Account;
  /** Nothing tells of other content: at most of owner, mode or times. */
  readonly isTrusted: boolean;
  /** Whether every file that was received is known as such. */
  readonly tellsAll: boolean;
  /** It is looked for what no event has told. */
  readonly isSweep: boolean;
  /** What csync2 would note of it now; undefined if that is not known. */
  readonly text?: string | undefined;
}

/** What verdicts are made with. `ledger` is undefined where the database is not SQLite. */
export interface OverlookedChangesParts {
  readonly ledger: Pick<Ledger, 'noted'> | undefined;
  readonly memory: Pick<FileMemory, 'isSame' | 'isSameAsMarked' | 'isSameAsTouched' | 'since'>;
  readonly notes: Pick<NoteHistory, 'isWrittenAfter'>;
}

/**
 * Tells which changes csync2 would overlook. It compares size, mode, owner and whole seconds: a
 * file with other content and the same of all these looks unchanged to it for ever, to `-c` and to
 * a full check alike. Tools that keep times make such files (tar, unzip, `cp -p`, package
 * managers), and so does a program that writes twice within a second.
 *
 * What a peer's session has written is left out, so that it isn't sent back.
 */
export class OverlookedChanges {
  readonly #parts: OverlookedChangesParts;
  /** Those that csync2 could not mark. */
  readonly #unmarked = new Set<PathKey>();

  constructor(parts: OverlookedChangesParts) {
    this.#parts = parts;
  }

  judge(path: PathBytes, stamp: FileStamp, circumstances: Circumstances): Verdict {
    const { ledger } = this.#parts;
    if (this.#unmarked.has(toKey(path))) return 'overlooked';
    if (stamp.type === 'other') return 'check';
    if (!ledger) return this.#judgeUnknown(path, stamp, circumstances);
    const noted = ledger.noted(path);
    if (!noted || !looksTheSame(noted, stamp)) return 'check';
    // Owner or mode may be other ones: csync2 sees that.
    const isSeen = circumstances.text !== undefined && noted.text !== circumstances.text;
    if (!this.#isKnown(path, stamp, noted, circumstances)) return isSeen ? 'both' : 'overlooked';
    return isSeen ? 'check' : 'nothing';
  }

  /** The file had to be marked, and could not be: it must be still. */
  mustStillBeMarked(path: PathBytes): void {
    this.#unmarked.add(toKey(path));
  }

  marked(path: PathBytes): void {
    this.#unmarked.delete(toKey(path));
  }

  #isKnown(
    path: PathBytes,
    stamp: FileStamp,
    noted: NotedFile,
    circumstances: Circumstances,
  ): boolean {
    const { memory } = this.#parts;
    const { account, isSweep, isTrusted } = circumstances;
    // Told just now or before, in a batch that has yet to come: it is not told again. What is
    // remembered may have been like that already then.
    if (account === 'written') return memory.isSameAsMarked(path, stamp);
    if (isTrusted || account === 'accounted' || account === 'known') return true;
    if (isSweep && memory.isSameAsTouched(path, stamp)) return true;
    return memory.isSame(path, stamp) === true || this.#isReceived(stamp, noted, circumstances);
  }

  #isReceived(
    stamp: FileStamp,
    noted: NotedFile,
    { isReceived, tellsAll }: Circumstances,
  ): boolean {
    if (isReceived) return true;
    if (stamp.type === 'file' && !hasWholeSeconds(stamp)) return false;
    // A session's process writes the file first and csync2's note of it then.
    return (
      !tellsAll && this.#parts.notes.isWrittenAfter(noted.row, changedAt(stamp) - slackMilliseconds)
    );
  }

  /**
   * The database is on a server, and not asked. csync2 looks, and what can't be told from that is
   * marked, too.
   */
  #judgeUnknown(
    path: PathBytes,
    stamp: FileStamp,
    { account, isReceived, isTrusted, tellsAll }: Circumstances,
  ): Verdict {
    if (stamp.type !== 'file') return 'check';
    const { memory } = this.#parts;
    const isHarmless = isTrusted || isReceived || account === 'accounted' || account === 'known';
    if (account === 'written' ? memory.isSameAsMarked(path, stamp) : isHarmless) return 'check';
    const isSame = memory.isSame(path, stamp);
    const mayBeReceived = !tellsAll && hasWholeSeconds(stamp);
    if (isSame === true || mayBeReceived) return 'check';
    const isOfOld = changedAt(stamp) - Number(stamp.mtimeNs / 1_000_000n) > pinnedMilliseconds;
    // A run before this one may have had csync2 note it, within the same second.
    const mayBeNoted = secondsOf(stamp.mtimeNs) <= Math.floor(memory.since / 1000);
    return isSame === false || isOfOld || mayBeNoted ? 'both' : 'check';
  }
}

/** Whether csync2 takes the file for the one that it has seen, as far as size and time tell. */
function looksTheSame(noted: NotedFile, stamp: FileStamp): boolean {
  // With prefixes csync2 notes no target, and never sees that a link leads elsewhere.
  if (stamp.type === 'link') return noted.type === 'lnk' && noted.target === '';
  return (
    noted.type === 'reg' &&
    noted.size === stamp.size &&
    noted.mtimeSeconds === secondsOf(stamp.mtimeNs)
  );
}

/** How far the clock of inodes may be behind. */
const slackMilliseconds = 20;
/** A file whose content is older than its inode has had its time set. */
const pinnedMilliseconds = 2000;
