import Transport from 'winston-transport';
import type { Journal } from '../systemd/journal.js';
import type { PathBytes } from '../text/path-bytes.js';
import { type LogLevel, priorities } from './levels.js';
import { type LogEvent, messageIds } from './message-ids.js';

/** What an entry of the journal says beside its text, where it applies. */
export interface LogFields {
  /** `MESSAGE_ID=` */
  readonly event?: LogEvent | undefined;
  /** `PEER=`: its name in csync2.cfg. */
  readonly peer?: string;
  /** `BATCH=`: counts the checks of changes since the start. */
  readonly batch?: number;
  /** `FILES=`: how many files or paths it is about. */
  readonly files?: number;
  /** `DURATION_MS=`: how long it took or lasted. */
  readonly milliseconds?: number;
  /** `REASON=`: a word or phrase that stays the same from one time to the next. */
  readonly reason?: string | undefined;
  /** `ROOT=`: an included directory. */
  readonly root?: PathBytes;
  /** `PATH=`: a path, as its bytes are. */
  readonly path?: PathBytes | undefined;
  /** `ERROR_CODE=`: the code of an InotifyCsyncError. */
  readonly errorCode?: string | undefined;
  /** `REPEATS=`: how often it has happened by now, where lines of its kind are held back. */
  readonly repeats?: number;
}

/** Writes entries to the journal with fields; on stderr, as sd-daemon(3) has it, if that can't be. */
export class JournalTransport extends Transport {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    super();
    this.#journal = journal;
  }

  override log(entry: { level: LogLevel; message: string; fields?: LogFields }, next: () => void): void {
    const { level, message, fields } = entry;
    writeEntry(this.#journal, level, message, fields);
    next();
  }
}

/** Writes one entry. `message` is a single line. */
export function writeEntry(journal: Journal, level: LogLevel, message: string, fields: LogFields = {}): void {
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
