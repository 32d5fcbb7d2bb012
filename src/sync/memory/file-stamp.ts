import type { BigIntStats } from 'node:fs';

/**
 * What lstat(2) says of a file, as far as it tells one content from another. Times in nanoseconds
 * since 1970.
 */
export interface FileStamp {
  readonly type: 'file' | 'link' | 'other';
  readonly inode: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export function stampOf(stat: BigIntStats): FileStamp {
  const type = stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'link' : 'other';
  return { type, inode: stat.ino, size: stat.size, mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs };
}

/** Whether csync2 may have set the time: it carries whole seconds. */
export function hasWholeSeconds({ mtimeNs }: FileStamp): boolean {
  return mtimeNs % 1_000_000_000n === 0n;
}

/** When the inode has changed last, milliseconds since 1970. */
export function changedAt({ ctimeNs }: FileStamp): number {
  return Number(ctimeNs / 1_000_000n);
}
