import { exitCodes, InotifyCsyncError } from '../errors.js';

/** Event bits of `<sys/inotify.h>` by the names that inotifywait(1) gives them. */
export const fileEvents = {
  access: 0x001,
  modify: 0x002,
  attrib: 0x004,
  close_write: 0x008,
  close_nowrite: 0x010,
  close: 0x018,
  open: 0x020,
  moved_from: 0x040,
  moved_to: 0x080,
  move: 0x0c0,
  create: 0x100,
  delete: 0x200,
} as const;

/**
 * The events that csync2 needs. MODIFY adds nothing to CLOSE_WRITE, except for a file that stays
 * open for hours. (The watcher always asks for MODIFY, to keep two CLOSE_WRITEs apart, and drops
 * it.)
 */
export const defaultFileEvents = 'move,delete,attrib,create,close_write';

/**
 * The mask for a list of event names as in `file_events`, separated by commas or blanks. Names for
 * directories themselves (`delete_self`, `move_self`, `unmount`) are accepted and have no effect,
 * because the watcher always has them. Throws UnknownFileEventError.
 */
export function parseFileEvents(list: string): number {
  let mask = 0;
  for (const word of list.split(/[\s,]+/u)) {
    const name = word.toLowerCase();
    if (name === '' || always.has(name)) continue;
    const bit = fileEvents[name as keyof typeof fileEvents];
    if (bit === undefined) throw new UnknownFileEventError(word);
    mask |= bit;
  }
  return mask;
}

/** A word of `file_events` that is not an inotify event. */
export class UnknownFileEventError extends InotifyCsyncError {
  constructor(word: string) {
    const names = Object.keys(fileEvents);
    const nearest = names.reduce((best, name) =>
      distance(word, name) < distance(word, best) ? name : best,
    );
    super(
      'ICS_FILE_EVENT',
      exitCodes.config,
      `file_events: "${word}" is not an inotify event`,
      distance(word, nearest) <= 3
        ? `did you mean "${nearest}"?`
        : `known events: ${names.join(', ')}`,
    );
  }
}

const always = new Set(['delete_self', 'move_self', 'unmount']);

/** Levenshtein's distance. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 0; i < left.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < right.length; j++) {
      const change = (row[j] as number) + (left[i] === right[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[right.length] as number;
}
