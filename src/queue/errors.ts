import { exitCodes, InotifyCsyncError } from '../errors.js';
import { errnoOf } from './files.js';

/** The queue can't be opened. */
export class QueueError extends InotifyCsyncError {}

/** The queue's directory is missing or can't be made. */
export class QueueDirectoryError extends QueueError {
  constructor(directory: string, why: string, options?: ErrorOptions) {
    super(
      'ICS_QUEUE_DIRECTORY',
      exitCodes.cannotCreate,
      `the queue's directory ${directory} ${why}`,
      `create it (install -d -m 0700 ${directory}) or name another one with --queue-file`,
      options,
    );
  }
}

/** The queue's files may not be written. */
export class QueuePermissionError extends QueueError {
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(
      'ICS_QUEUE_PERMISSION',
      exitCodes.noPermission,
      `the queue ${path} may not be written: ${why}`,
      'run as the owner of the directory (usually root), mount it writable, or name another one with --queue-file',
      options,
    );
  }
}

/** Another user could forge or remove the queue's files. */
export class QueueUnsafeError extends QueueError {
  constructor(path: string, why: string, hint: string, options?: ErrorOptions) {
    super(
      'ICS_QUEUE_UNSAFE',
      exitCodes.noPermission,
      `the queue would not be safe at ${path}: ${why}`,
      hint,
      options,
    );
  }
}

/** Another process holds the queue. */
export class QueueLockedError extends QueueError {
  constructor(lock: string, pid: number) {
    super(
      'ICS_QUEUE_LOCKED',
      exitCodes.temporary,
      `the queue is in use by process ${pid} (lock ${lock})`,
      `stop the other instance (systemctl status ${pid} shows what it is) or give this one its own --queue-file`,
    );
  }
}

/** The disk is full, or fails. */
export class QueueDiskError extends QueueError {
  constructor(path: string, errno: string, options?: ErrorOptions) {
    const full = errno === 'ENOSPC' || errno === 'EDQUOT';
    super(
      'ICS_QUEUE_DISK',
      full ? exitCodes.temporary : exitCodes.inputOutput,
      full
        ? `no space left for the queue ${path} (${errno})`
        : `the queue ${path} can't be read or written (${errno})`,
      full
        ? 'make room on its file system (df shows which, df -i its inodes)'
        : 'check the disk (dmesg, smartctl)',
      options,
    );
  }
}

/**
 * Turns an error of a system call at the opening of the queue at `path` into an error for people.
 */
export function queueErrorOf(path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (!errno) return error;
  const options = { cause: error };
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') {
    return new QueuePermissionError(path, permissionTexts[errno], options);
  }
  if (errno === 'ELOOP' || errno === 'EINVAL' || errno === 'ENXIO' || errno === 'EISDIR') {
    const culprit = error instanceof Error && 'path' in error ? String(error.path) : path;
    return new QueueUnsafeError(
      path,
      `${culprit} is not a regular file`,
      `find out who put it there and remove it`,
      options,
    );
  }
  return new QueueDiskError(path, errno, options);
}

/**
 * A failure while the queue runs. The queue goes on by itself; a full check is due for entries that
 * may be missing. Each occurrence is reported: the log sums up repeats.
 *
 * - `write`: records could not be written and were dropped (`dropped` of them)
 * - `sync`: the disk did not confirm a write
 * - `cursor`: the position or the full check that is due could not be saved (tried again at the
 *   next save)
 * - `roll`: a new segment could not be started, so the old one goes on growing
 * - `read`: a segment could not be read and was skipped
 * - `damage`: records were not as they had been written and were skipped
 * - `overflow`: more unread records than allowed; one full check replaces all of them
 * - `unlink`: a segment that is done could not be removed
 */
export class QueueTrouble extends InotifyCsyncError {
  readonly trouble:
    | 'write'
    | 'sync'
    | 'cursor'
    | 'roll'
    | 'read'
    | 'damage'
    | 'overflow'
    | 'unlink';
  readonly dropped: number;

  constructor(
    trouble: QueueTrouble['trouble'],
    message: string,
    details: { dropped?: number; cause?: unknown } = {},
  ) {
    super(
      'ICS_QUEUE_TROUBLE',
      exitCodes.inputOutput,
      `queue: ${message}${details.cause === undefined ? '' : ` (${causeText(details.cause)})`}`,
      'nothing is lost: a full check is due and runs as soon as it can; make room on the disk or check dmesg',
      { cause: details.cause },
    );
    this.trouble = trouble;
    this.dropped = details.dropped ?? 0;
  }
}

function causeText(cause: unknown): string {
  return errnoOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
}

const permissionTexts = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
} as const;
