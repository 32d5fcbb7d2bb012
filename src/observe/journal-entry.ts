import type { Journal } from '../systemd/journal.js';
import type { PathBytes } from '../text/path-bytes.js';
import { type LogLevel, priorities } from './levels.js';
import { type LogEvent, messageIds } from './message-ids.js';

/**
 * The fields of a journal entry besides its text. `docs/reference/journal-fields.md` is made of
 * these comments.
 */
export interface LogFields {
  /** `MESSAGE_ID=`: the event, see below. */
  readonly event?: LogEvent | undefined;
  /** `PEER=`: the peer's name in csync2.cfg. */
  readonly peer?: string;
  /** `BATCH=`: a counter of the checks of changes since the start (level debug). */
  readonly batch?: number;
  /** `FILES=`: the number of files or paths. */
  readonly files?: number;
  /** `DURATION_MS=`: the duration, in milliseconds. */
  readonly milliseconds?: number;
  /**
   * `REASON=`: a word or phrase that is the same each time: why an update failed (see below), or
   * why a full check runs.
   */
  readonly reason?: string | undefined;
  /** `ROOT=`: an included directory or a mount point, as bytes. */
  readonly root?: PathBytes;
  /** `PATH=`: a path, as bytes. */
  readonly path?: PathBytes | undefined;
  /** `ERROR_CODE=`: the code of an error, `ICS_…`, as in `--json`. */
  readonly errorCode?: string | undefined;
  /** `REPEATS=`: the number of occurrences so far, for entries that are rate-limited. */
  readonly repeats?: number;
}

/** Writes one entry. `message` is a single line. */
export function writeEntry(
  journal: Journal,
  level: LogLevel,
  message: string,
  fields: LogFields = {},
): void {
  const isSent = journal.send({
    MESSAGE: message,
    PRIORITY: priorities[level],
    SYSLOG_IDENTIFIER: 'inotify-csync',
    MESSAGE_ID: fields.event && messageIds[fields.event],
    PEER: fields.peer,
    BATCH: fields.batch,
    FILES: fields.files,
    DURATION_MS: fields.milliseconds === undefined ? undefined : Math.round(fields.milliseconds),
    REASON: fields.reason,
    ROOT: fields.root,
    PATH: fields.path,
    ERROR_CODE: fields.errorCode,
    REPEATS: fields.repeats,
  });
  if (!isSent) process.stderr.write(`<${priorities[level]}>${message}\n`);
}
