import { exitCodes, InotifyCsyncError } from '../errors.js';
import { counted } from '../text/counted.js';

/**
 * The kernel allows fewer watches than there are directories (`fs.inotify.max_user_watches`,
 * inotify(7)).
 */
export class WatchLimitError extends InotifyCsyncError {
  readonly limit: number;
  readonly needed: number;
  /** A limit with headroom, for `sysctl`. */
  readonly recommended: number;

  constructor(limit: number, needed: number) {
    const recommended = Math.max(65536, 2 ** Math.ceil(Math.log2(needed * 1.5)));
    super(
      'ICS_WATCH_LIMIT',
      exitCodes.systemLimit,
      `the watch limit is too low: ${counted(needed, 'directory is', 'directories are')} to be watched, fs.inotify.max_user_watches is ${limit} ` +
        'for all programs of this user',
      `run: sysctl fs.inotify.max_user_watches=${recommended}   (for good: inotify-csync watch-limit --apply)`,
    );
    this.limit = limit;
    this.needed = needed;
    this.recommended = recommended;
  }
}

/**
 * There is no inotify instance left, as EMFILE says because of `fs.inotify.max_user_instances` or
 * the limit of open files.
 */
export class WatchStartError extends InotifyCsyncError {
  constructor(cause: Error) {
    super(
      'ICS_WATCH_START',
      exitCodes.systemLimit,
      `cannot create an inotify instance: ${cause.message}`,
      'raise fs.inotify.max_user_instances (sysctl fs.inotify.max_user_instances=512), or the limit of open files',
      { cause },
    );
  }
}

/** The native reader has ended, so no further change is seen. */
export class WatchReadError extends InotifyCsyncError {
  constructor(reason: string) {
    super(
      'ICS_WATCH_READ',
      exitCodes.inputOutput,
      `reading inotify events has failed: ${reason}`,
      'start the service again; it will check everything once',
    );
  }
}

/** The watcher was closed while a caller waited for its first walk. */
export class WatchClosedError extends InotifyCsyncError {
  constructor() {
    super(
      'ICS_WATCH_CLOSED',
      exitCodes.unavailable,
      'the watcher was closed before it was ready',
      'open it again',
    );
  }
}
