import { readdirSync, readFileSync } from 'node:fs';
import { openFilesOf } from './process.js';

/** The inotify watches of a process, as the kernel lists them. */
export interface InotifyWatches {
  readonly count: number;
  /** Inodes by device; the device as the kernel encodes it (MKDEV, not stat(2)'s). */
  readonly inodes: ReadonlyMap<number, ReadonlySet<bigint>>;
}

/**
 * Reads the watches of all inotify instances of a process (proc_pid_fdinfo(5)). Throws the errors
 * of the file system if the process may not be looked into.
 */
export function inotifyWatchesOf(pid: number): InotifyWatches {
  const inodes = new Map<number, Set<bigint>>();
  let count = 0;
  // This throws for such a process; openFilesOf would find nothing open.
  readdirSync(`/proc/${pid}/fd`);
  for (const [fd, target] of openFilesOf(pid)) {
    if (!/^anon_inode:\[?inotify\]?$/.test(target)) continue;
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
    for (const [, inode, device] of info.matchAll(
      /^inotify wd:\S+ ino:([0-9a-f]+) sdev:([0-9a-f]+)/gm,
    )) {
      const key = Number.parseInt(device ?? '', 16);
      const known = inodes.get(key) ?? new Set();
      inodes.set(key, known.add(BigInt(`0x${inode}`)));
      count++;
    }
  }
  return { count, inodes };
}
