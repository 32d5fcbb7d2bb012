import { loadNative } from '../../native.js';
import { errnoName } from '../../proc/errno-name.js';
import type { PathBytes } from '../../text/path-bytes.js';

/**
 * Options of the survey, which reads the state of many paths with lstat(2) in a thread of its own.
 */
export interface SurveyOptions {
  /** Whether entries below directories are looked at, too. */
  readonly recursive: boolean;
  /**
   * Reports entries that have changed since this time, in nanoseconds since 1970, by the inode's
   * ctime.
   */
  readonly changedSince: bigint;
  /** Reports only regular files that have more than one name. */
  readonly linkedOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The result of a survey. */
export interface Survey {
  /** Number of entries for which lstat(2) has succeeded, the given paths among them. */
  readonly entries: number;
  /**
   * All entries except directories whose ctime is not before `changedSince`, as far as they are
   * asked for.
   */
  readonly changed: readonly ChangedEntry[];
  readonly unreadable: readonly UnreadablePath[];
}

/** A changed entry. Times in nanoseconds since 1970. */
export interface ChangedEntry {
  readonly path: PathBytes;
  readonly type: 'file' | 'link' | 'other';
  readonly inode: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly device: bigint;
  /** Number of the file's names. */
  readonly links: number;
}

/**
 * A path that exists, or may exist, and can't be looked at. If it is a directory, nothing below it
 * is known.
 */
export interface UnreadablePath {
  readonly path: PathBytes;
  /** `EIO`, `EACCES`, `ESTALE`, … */
  readonly errno: string;
}

/** Not later than any change. */
export const noChanges = (1n << 63n) - 1n;

/**
 * Looks at paths with lstat(2), as csync2 is about to, because csync2 takes a path for deleted if
 * its lstat fails. Works in a thread of its own.
 *
 * - Absent paths (ENOENT, ENOTDIR, and ELOOP, because csync2 takes files behind a link for
 *   absent) are not reported.
 * - If more than a hundred entries of a directory can't be looked at, the directory is reported
 *   in their place.
 * - csync2 can't look at paths longer than PATH_MAX. The directory in which they begin is
 *   reported, with ENAMETOOLONG.
 *
 * Rejects with the signal's reason when it is aborted.
 */
export async function survey(
  paths: readonly PathBytes[],
  { recursive, changedSince, linkedOnly = false, signal }: SurveyOptions,
): Promise<Survey> {
  signal?.throwIfAborted();
  const { done, cancel } = loadNative().survey(paths, recursive, changedSince, linkedOnly);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const found = await done;
    signal?.throwIfAborted();
    if (!found) throw new Error('a survey was cancelled that nobody has cancelled');
    const { entries } = found;
    return {
      entries,
      changed: [...changedEntries(found.changed)],
      unreadable: [...unreadablePaths(found.unreadable)],
    };
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** Surveys with a count of them, because one survey may take as long as a slow disk needs. */
export class Surveys {
  #running = 0;
  #started = 0;

  /** The number of running surveys. */
  get running(): number {
    return this.#running;
  }

  /** The number of surveys begun so far. */
  get started(): number {
    return this.#started;
  }

  readonly survey: typeof survey = async (paths, options) => {
    this.#started++;
    this.#running++;
    try {
      return await survey(paths, options);
    } finally {
      this.#running--;
    }
  };
}

// Records as native/addon/survey_napi.cc packs them.
function* changedEntries(packed: Buffer): Generator<ChangedEntry> {
  for (let at = 0; at < packed.length; ) {
    const type = changedTypes[packed[at] as number] ?? 'other';
    const inode = packed.readBigUInt64LE(at + 1);
    const size = packed.readBigUInt64LE(at + 9);
    const mtimeNs = packed.readBigInt64LE(at + 17);
    const ctimeNs = packed.readBigInt64LE(at + 25);
    const device = packed.readBigUInt64LE(at + 33);
    const links = packed.readUInt32LE(at + 41);
    const end = at + 49 + packed.readUInt32LE(at + 45);
    yield {
      path: packed.subarray(at + 49, end),
      type,
      inode,
      size,
      mtimeNs,
      ctimeNs,
      device,
      links,
    };
    at = end;
  }
}

function* unreadablePaths(packed: Buffer): Generator<UnreadablePath> {
  for (let at = 0; at < packed.length; ) {
    const errno = errnoName(packed.readInt32LE(at));
    const end = at + 8 + packed.readUInt32LE(at + 4);
    yield { path: packed.subarray(at + 8, end), errno };
    at = end;
  }
}

const changedTypes = ['file', 'link', 'other'] as const;
