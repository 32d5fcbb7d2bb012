import type { BigIntStats } from 'node:fs';

/**
 * The values of lstat(2) that tell one content of a file from another. Times in nanoseconds since
 * 1970.
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

/** When the inode changed last, in milliseconds since 1970. */
export function changedAt({ ctimeNs }: FileStamp): number {
  return Number(ctimeNs / 1_000_000n);
}
