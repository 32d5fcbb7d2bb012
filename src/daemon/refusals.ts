// Errors of requests that cannot be answered, regardless of the command.

import { exitCodes, InotifyCsyncError } from '../errors.js';
import { display, fromKey, type PathKey } from '../text/path-bytes.js';

/** Paths below no included directory. */
export class NotSynchronisedError extends InotifyCsyncError {
  constructor(paths: readonly PathKey[]) {
    super(
      'ICS_NOT_SYNCHRONISED',
      exitCodes.usage,
      `csync2 synchronises nothing at or below ${paths.map((path) => display(fromKey(path))).join(', ')}`,
      '`inotify-csync explain PATH` says why',
    );
  }
}

/** With this way of updating, peers can't be compared. */
export class NoComparisonError extends InotifyCsyncError {
  constructor(strategy: string) {
    super(
      'ICS_NO_COMPARISON',
      exitCodes.unavailable,
      `peers cannot be compared (${strategy})`,
      'compare by hand: csync2 -T',
    );
  }
}
