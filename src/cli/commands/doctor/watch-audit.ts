import { lstatSync } from 'node:fs';
import { countDirectories } from '../../../limits/count-directories.js';
import type { NativeSelection } from '../../../native/selection.js';
import { type InotifyWatches, inotifyWatchesOf } from '../../../proc/inotify-watches.js';
import { display, type PathBytes } from '../../../text/path-bytes.js';

/** Compares the kernel's watches of a process with the directories that should be watched. */
export interface WatchAudit {
  readonly watches: number;
  readonly directories: number;
  readonly unreadable: number;
  /** Directories without a watch, as a count and the first of them. */
  readonly missing: { readonly count: number; readonly first: readonly string[] };
}

/**
 * Compares the inotify instances of a process in /proc/PID/fdinfo (proc_pid_fdinfo(5)) with the
 * directories on disk that the selection includes. Checks directories that seem to lack a watch a
 * second time, because they may have been made or moved meanwhile. Throws node's ErrnoException if
 * the process can't be inspected.
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

/** Whether a path is watched; undefined if it is gone. */
function isWatched(path: PathBytes, { inodes }: InotifyWatches): boolean | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat?.isDirectory()) return undefined;
  const onDevice = inodes.get(kernelDevice(stat.dev));
  if (onDevice) return onDevice.has(stat.ino);
  // On Btrfs and overlayfs stat(2) returns other devices than the file system has.
  return [...inodes.values()].some((known) => known.has(stat.ino));
}

/**
 * Converts a device number of stat(2) (makedev(3)) to the kernel's form with 12 bits of major and
 * 20 of minor.
 */
function kernelDevice(device: bigint): number {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return Number((major << 20n) | (minor & 0xfffffn));
}

const shown = 20;
