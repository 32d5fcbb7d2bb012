import type { PathBytes } from '../../text/path-bytes.js';

/**
 * Whether csync2 can handle a path. It gives whole paths to the kernel, which limits them to
 * PATH_MAX with the NUL, and ends a recursive check at the first that is refused. It also needs
 * room beside a file for the name of a temporary file (csync2 `get_tmpname`). Any user can make
 * longer paths, a directory at a time.
 */
export function isWithinLimits(path: PathBytes): boolean {
  return path.length <= longestPath && path.lastIndexOf(slash) <= longestDirectory;
}

/** The same for a name in a directory, without joining them. */
export function isNameWithinLimits(directory: PathBytes, name: Buffer): boolean {
  return directory.length <= longestDirectory && directory.length + 1 + name.length <= longestPath;
}

const slash = 0x2f;
const longestPath = 4095;
/** PATH_MAX less a slash, a dot and `.XXXXXX`. */
const longestDirectory = 4087;
