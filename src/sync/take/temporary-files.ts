import { isRecursive, type QueueEntry } from '../../queue/entry.js';
import { nameOf, type PathBytes, toKey } from '../../text/path-bytes.js';

/**
 * Whether an entry is of a file named like csync2's temporary ones, which it makes on the sender,
 * too: `.NAME.XXXXXX` beside the file. Others have such names as well, so it only tells that there
 * is no hurry.
 */
export function looksTemporary(entry: QueueEntry): boolean {
  return entry.kind !== 'loss' && !isRecursive(entry) && hasTemporaryName(entry.path);
}

/** Whether a path ends in such a name. */
export function hasTemporaryName(path: PathBytes): boolean {
  return pattern.test(toKey(nameOf(path)));
}

const pattern = /^\..*\.[A-Za-z0-9]{6}$/s;
