import type { PathBytes } from '../../text/path-bytes.js';

/**
 * Whether csync2 can handle a path. It gives whole paths to the kernel, which takes no longer ones
 * (PATH_MAX, its NUL counted), and ends a recursive check at the first that is refused; and it
 * needs room beside a file for the name of its temporary one (csync2 `get_tmpname`). Any user can
 * make longer paths, a directory at a time.
 */
export function isWithinLimits(path: PathBytes): boolean {
  return path.length <= longestPath && path.lastIndexOf(slash) <= longestDirectory;
}

/** The same of a name in a directory, without putting them together. */
export function isNameWithinLimits(directory: PathBytes, name: Buffer): boolean {
  return directory.length <= longestDirectory && directory.length + 1 + name.length <= longestPath;
}

const slash = 0x2f;
const longestPath = 4095;
/** PATH_MAX less a slash, a dot and `.XXXXXX`. */
const longestDirectory = 4087;
