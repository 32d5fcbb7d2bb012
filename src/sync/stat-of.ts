import { type BigIntStats, lstatSync } from 'node:fs';
import type { PathBytes } from '../path-bytes.js';

/** lstat(2) of a path; undefined for what csync2's own lstat takes for absent. */
export function statOf(path: PathBytes): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // ENOTDIR, ELOOP, EACCES, ENAMETOOLONG: for csync2 it is just as absent.
    return undefined;
  }
}
