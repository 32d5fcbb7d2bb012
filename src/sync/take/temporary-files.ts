import { isRecursive, type QueueEntry } from '../../queue/entry.js';
import { nameOf, type PathBytes, toKey } from '../../text/path-bytes.js';
import type { Noticed } from './gathering.js';

/** What some entries are, that have come together: how urgent is it to have them checked? */
export function noticedIn(entries: readonly QueueEntry[]): Noticed {
  if (entries.every((entry) => hasName(entry, temporary))) return 'trace';
  return entries.every((entry) => hasName(entry, draft)) ? 'draft' : 'change';
}

/**
 * Whether a path ends in a name like those of csync2's temporary files, which it makes on the
 * sender, too: `.NAME.XXXXXX` beside the file, or `#INODE`, as the kernel calls a file without a
 * name. Others have such names as well, so it only tells that there is no hurry.
 */
export function hasTemporaryName(path: PathBytes): boolean {
  return temporary.test(toKey(nameOf(path)));
}

function hasName(entry: QueueEntry, pattern: RegExp): boolean {
  if (entry.kind === 'loss' || isRecursive(entry)) return false;
  return pattern.test(toKey(nameOf(entry.path)));
}

const temporary = /^(?:\..*\.[A-Za-z0-9]{6}|#\d+)$/s;
/**
 * Names of files that programs write first and then rename, or remove when they are done: were one
 * checked at once, the file that it becomes would wait for that check. Those of vim, Emacs, sed,
 * GLib and LibreOffice, and what others use. A name that is not here costs a superfluous check, one
 * too many a moment.
 */
const draft = new RegExp(
  [
    ...['~$', '^4913$', '^\\..*\\.sw[a-z]$', '^#.*#$', '^\\.#', '^sed[A-Za-z0-9]{6}$'],
    ...['^\\.goutputstream-', '^\\.~lock\\.', '^\\.?tmp', '\\.(?:tmp|temp|part|partial|new|lock)$'],
    temporary.source,
  ].join('|'),
  's',
);
