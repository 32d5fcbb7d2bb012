import type { BigIntStats } from 'node:fs';
import { type PathBytes, type PathKey, toKey } from '../path-bytes.js';

/** What lstat(2) says of a regular file, as far as it tells one content from another. */
export interface FileStamp {
  readonly inode: bigint;
  readonly size: bigint;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
}

export function stampOf({ ino, size, mtimeNs }: BigIntStats): FileStamp {
  return { inode: ino, size, mtime: mtimeNs };
}

/** What csync2 remembers of the same file: whole seconds. */
export interface RememberedStamp {
  readonly size?: number;
  readonly mtimeSeconds?: number;
}

/**
 * Tells when csync2 would overlook a change: it compares whole seconds and size, so a file rewritten with the same
 * size in the second of its last check is never seen again, neither by `-c` nor by a full check.
 *
 * Whoever sets times in whole seconds, as a receiving csync2 does, is left out, so that what was received isn't
 * sent back.
 */
export class RewriteMemory {
  readonly #limit: number;
  readonly #checked = new Map<PathKey, FileStamp>();
  readonly #owed = new Set<PathKey>();
  readonly #suspects = new Set<PathKey>();

  /** @param limit - paths to remember at most */
  constructor(limit = 20_000) {
    this.#limit = limit;
  }

  /**
   * Whether the file must be marked dirty without asking csync2 (`-m`), because `-c` would say "no change".
   *
   * @param remembered - what csync2 remembers; `unknown` where its database can't be read
   * @param changedAt - when the change was noticed, or earlier, in milliseconds since 1970
   */
  mustMark(
    path: PathBytes,
    stamp: FileStamp,
    remembered: RememberedStamp | 'unknown' | undefined,
    changedAt: number,
  ): boolean {
    if (this.#owed.has(toKey(path))) return true;
    if (stamp.mtime % second === 0n) return false;
    if (remembered === 'unknown') return this.#suspects.has(toKey(path)) || this.#isRewrite(path, stamp);
    if (remembered?.size === undefined || remembered.mtimeSeconds === undefined) return false;
    if (BigInt(remembered.size) !== stamp.size) return false;
    if (BigInt(remembered.mtimeSeconds) !== stamp.mtime / second) return false;
    const last = this.#checked.get(toKey(path));
    if (last) return last.inode !== stamp.inode || last.mtime !== stamp.mtime;
    if (this.#suspects.has(toKey(path))) return true;
    // Seen by csync2, but not through us (a recursive check, say): which of the contents of that second it saw is
    // unknown, unless the file has long been still.
    return changedAt - Number(stamp.mtime / millisecond) < settledMilliseconds;
  }

  /** Whether the file has changed since csync2 last saw it through us, in a way that csync2 can't see. */
  #isRewrite(path: PathBytes, stamp: FileStamp): boolean {
    const last = this.#checked.get(toKey(path));
    if (!last || last.size !== stamp.size || last.mtime / second !== stamp.mtime / second) return false;
    return last.inode !== stamp.inode || last.mtime !== stamp.mtime;
  }

  /** The file had to be marked, and could not be: it must be still. */
  owed(path: PathBytes): void {
    this.#owed.add(toKey(path));
  }

  /** The file may have been rewritten while nobody watched: what csync2 knows of it proves nothing. */
  suspect(path: PathBytes): void {
    this.#suspects.add(toKey(path));
  }

  /** Remembers what a file was like just before csync2 looked at it. */
  checked(path: PathBytes, stamp: FileStamp): void {
    const key = toKey(path);
    this.#owed.delete(key);
    this.#suspects.delete(key);
    this.#checked.delete(key);
    this.#checked.set(key, stamp);
    if (this.#checked.size > this.#limit) {
      const [oldest] = this.#checked.keys();
      if (oldest !== undefined) this.#checked.delete(oldest);
    }
  }
}

const second = 1_000_000_000n;
const millisecond = 1_000_000n;
const settledMilliseconds = 60_000;
