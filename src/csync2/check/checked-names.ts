/** The names under which csync2 checks and marks one path, in csync2's own order. */
import type { PathBytes } from '../../text/path-bytes.js';
import type { PathPrefix } from '../files/name-encoding.js';

/** Names of one path, in the order in which csync2 writes rows for them. */
export interface CheckedNames {
  /** If something is there: what begins at the path itself comes first (`csync_check_mod`). */
  readonly ifThere: readonly Buffer[];
  /** If nothing is there (`csync_check_del`). */
  readonly ifGone: readonly Buffer[];
}

/**
 * The names that `csync2 -c PATH` looks at: the path, and its name below each prefix. Unlike in a
 * recursive check from above, a prefix whose path is `/` has a name for `/` only.
 *
 * @param prefixes - those that have a path on this host, in csync2's order
 */
export function checkedNames(path: PathBytes, prefixes: readonly PathPrefix[]): CheckedNames {
  const found = prefixes.filter((prefix) => isBelow(path, prefix));
  const beginning = found.filter((prefix) => prefix.path.equals(path));
  const others = found.filter((prefix) => !beginning.includes(prefix));
  const nameIn = (prefix: PathPrefix) => nameBelow(path, prefix);
  return {
    ifThere: [...beginning.map(nameIn), path, ...others.map(nameIn)],
    ifGone: [path, ...found.map(nameIn)],
  };
}

/** The one name that `csync2 -m PATH` marks: that below the first prefix, if there is one. */
export function markedName(path: PathBytes, prefixes: readonly PathPrefix[]): Buffer {
  const prefix = prefixes.find((candidate) => isBelow(path, candidate));
  return prefix ? nameBelow(path, prefix) : path;
}

/**
 * Whether this is how csync2 writes a path that it is given: absolute, without empty components,
 * `.` and `..`, and short enough for the kernel.
 */
export function isPlainPath(path: PathBytes): boolean {
  if (path.length === 0 || path.length > longestPath || path[0] !== slash) return false;
  return path.length === 1 || !/\/(\/|\.{1,2}(\/|$)|$)|\0/.test(path.toString('latin1'));
}

// Byte for byte, as csync2 compares: the path of a prefix need not be a clean one.
function isBelow(path: PathBytes, { path: above }: PathPrefix): boolean {
  if (above.length > path.length || !path.subarray(0, above.length).equals(above)) return false;
  return path.length === above.length || path[above.length] === slash;
}

function nameBelow(path: PathBytes, prefix: PathPrefix): Buffer {
  return Buffer.concat([percent, prefix.name, percent, path.subarray(prefix.path.length)]);
}

const slash = 0x2f;
const percent = Buffer.from('%');
/** PATH_MAX, its NUL not counted. */
const longestPath = 4095;
