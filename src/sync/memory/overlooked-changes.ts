import type { NoteTable } from '../../csync2/database/note-table.js';
import { type NotedFile, secondsOf } from '../../csync2/files/check-text.js';
import { type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { FileMemory } from './file-memory.js';
import { changedAt, type FileStamp, hasWholeSeconds } from './file-stamp.js';
import type { NoteHistory } from './note-history.js';
import type { Account } from './write-counts.js';

/**
 * What must be done about a file:
 *
 * - `check`: csync2 looks itself (`-c`) and sees the change
 * - `overlooked`: the file has changed in a way that csync2 does not see, so it is marked without
 *   a look (`-m`)
 * - `both`: it is unknown what csync2 knows of the file
 * - `nothing`: csync2 knows the file as it is
 */
export type Verdict = 'check' | 'overlooked' | 'both' | 'nothing';

/** The facts by which a file is judged, besides itself. */
export interface Circumstances {
  /** The file is as a peer has sent it, for certain. */
  readonly isReceived: boolean;
  /** Whether receptions account for the events of the file. */
  readonly account: Account;
  /** No event tells of other content: at most owner, mode or times have changed. */
  readonly isTrusted: boolean;
  /** Whether every file that was received is known as such. */
  readonly tellsAll: boolean;
  /** The check searches for changes that no event has reported. */
  readonly isSweep: boolean;
  /** The text that csync2 would note now; undefined if that is unknown. */
  readonly text?: string | undefined;
}

/** The parts of {@link OverlookedChanges}; no `noteTable` if the database is not SQLite. */
export interface OverlookedChangesParts {
  readonly noteTable: Pick<NoteTable, 'of'> | undefined;
  readonly memory: Pick<FileMemory, 'isSame' | 'isSameAsMarked' | 'isSameAsTouched' | 'since'>;
  readonly notes: Pick<NoteHistory, 'isWrittenAfter'>;
}

/**
 * Finds changes that csync2 would overlook. csync2 compares size, mode, owner and whole seconds. If
 * a file gets other content and all of these stay the same, csync2 never sees the change, neither
 * with `-c` nor in a full check. Tools that keep times make such files (tar, unzip, `cp -p`,
 * package managers), and so does a program that writes twice within a second.
 *
 * Files that a peer's session has written are left out, so that they aren't sent back.
 */
export class OverlookedChanges {
  readonly #parts: OverlookedChangesParts;
  /** Paths that csync2 could not mark. */
  readonly #unmarked = new Set<PathKey>();

  constructor(parts: OverlookedChangesParts) {
    this.#parts = parts;
  }

  judge(path: PathBytes, stamp: FileStamp, circumstances: Circumstances): Verdict {
    const { noteTable } = this.#parts;
    if (this.#unmarked.has(toKey(path))) return 'overlooked';
    if (stamp.type === 'other') return 'check';
    if (!noteTable) return this.#judgeUnknown(path, stamp, circumstances);
    const noted = noteTable.of(path);
    if (!noted || !looksTheSame(noted, stamp)) return 'check';
    // Owner or mode may have changed, which csync2 sees.
    const isSeen = circumstances.text !== undefined && noted.text !== circumstances.text;
    if (!this.#isKnown(path, stamp, noted, circumstances)) return isSeen ? 'both' : 'overlooked';
    return isSeen ? 'check' : 'nothing';
  }

  /** The file had to be marked, and could not be. It must still be marked. */
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
    // The write was reported just now, or before in a batch that is yet to come, so it is not
    // reported again. The file may have been like this already when it was remembered.
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
    // A session's process writes first the file and then csync2's note of it.
    return (
      !tellsAll && this.#parts.notes.isWrittenAfter(noted.row, changedAt(stamp) - slackMilliseconds)
    );
  }

  /**
   * Judges a file if the database is on a server, and is not asked. csync2 looks at the file, which
   * is also marked if the verdict is uncertain.
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
    // A previous run may have made csync2 note the file within the same second.
    const mayBeNoted = secondsOf(stamp.mtimeNs) <= Math.floor(memory.since / 1000);
    return isSame === false || isOfOld || mayBeNoted ? 'both' : 'check';
  }
}

/** Whether csync2 takes the file for the one it has seen, as far as size and time tell. */
function looksTheSame(noted: NotedFile, stamp: FileStamp): boolean {
  // With prefixes csync2 notes no target, and never sees that a link's target has changed.
  if (stamp.type === 'link') return noted.type === 'lnk' && noted.target === '';
  return (
    noted.type === 'reg' &&
    noted.size === stamp.size &&
    noted.mtimeSeconds === secondsOf(stamp.mtimeNs)
  );
}

/** How far the clock of inodes may lag. */
const slackMilliseconds = 20;
/** If a file's content is this much older than its inode, its time has been set. */
const pinnedMilliseconds = 2000;
