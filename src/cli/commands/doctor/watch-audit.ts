import { lstatSync } from 'node:fs';
import { countDirectories } from '../../../limits/count-directories.js';
import type { NativeSelection } from '../../../native/selection.js';
import { type InotifyWatches, inotifyWatchesOf } from '../../../proc/inotify-watches.js';
import { display, type PathBytes } from '../../../text/path-bytes.js';

/** The kernel's watches of a process beside the directories that should be watched. */
export interface WatchAudit {
  readonly watches: number;
  readonly directories: number;
  readonly unreadable: number;
  /** Directories without a watch: how many, and the first of them. */
  readonly missing: { readonly count: number; readonly first: readonly string[] };
}

/**
 * Compares what /proc/PID/fdinfo tells of the inotify instances of a process (proc_pid_fdinfo(5))
 * with the directories on the disk that the selection wants watched. What is made or moved
 * meanwhile is asked for a second time. Throws node's ErrnoException if the process can't be looked
 * into.
 */
export function auditWatches(
  pid: number,
  selection: Pick<NativeSelection, 'explain'>,
  pseudo: ReadonlySet<string>,
): WatchAudit {
  const before = inotifyWatchesOf(pid);
  const suspects: PathBytes[] = [];
  const onPath = (path: PathBytes) => {
    if (!isWatched(path, before)) suspects.push(path);
  };
  const { directories, unreadable } = countDirectories(selection, { pseudo, onPath });
  const after = inotifyWatchesOf(pid);
  const missing = suspects.filter((path) => isWatched(path, after) === false);
  const first = missing.slice(0, shown).map(display);
  return {
    watches: after.count,
    directories,
    unreadable,
    missing: { count: missing.length, first },
  };
}

/** Undefined: it is gone. */
function isWatched(path: PathBytes, { inodes }: InotifyWatches): boolean | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat?.isDirectory()) return undefined;
  const onDevice = inodes.get(kernelDevice(stat.dev));
  if (onDevice) return onDevice.has(stat.ino);
  // Btrfs and overlayfs tell stat(2) of other devices than their file systems have.
  return [...inodes.values()].some((known) => known.has(stat.ino));
}

/** A device number of stat(2) (makedev(3)) as the kernel has it: 12 bits of major, 20 of minor. */
function kernelDevice(device: bigint): number {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return Number((major << 20n) | (minor & 0xfffffn));
}

const shown = 20;
