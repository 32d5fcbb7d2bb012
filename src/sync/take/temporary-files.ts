import { isRecursive, type QueueEntry } from '../../queue/entry.js';
import { nameOf, type PathBytes, toKey } from '../../text/path-bytes.js';

/**
 * Whether an entry's file has a name like csync2's temporary files, which csync2 makes on the
 * sender, too: `.NAME.XXXXXX` beside the file. Other files have such names as well, so the result
 * only tells that the entry is not urgent.
 */
export function looksTemporary(entry: QueueEntry): boolean {
  return entry.kind !== 'loss' && !isRecursive(entry) && hasTemporaryName(entry.path);
}

/** Whether a path ends in such a name. */
export function hasTemporaryName(path: PathBytes): boolean {
  return pattern.test(toKey(nameOf(path)));
}

const pattern = /^\..*\.[A-Za-z0-9]{6}$/s;
