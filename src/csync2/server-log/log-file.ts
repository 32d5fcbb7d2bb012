import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { MessageReader } from '../run/message.js';
import { lastWords } from '../run/result.js';

/**
 * Makes the log's directory (0700) if only that is missing, as after a manual start. Throws a
 * LogDirectoryError.
 */
export function makeLogDirectory(file: string): void {
  try {
    mkdirSync(dirname(file), { mode: 0o700 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new LogDirectoryError(file, cause as Error);
  }
}

/** The log of the csync2 server can't be placed. */
export class LogDirectoryError extends InotifyCsyncError {
  constructor(file: string, cause: Error) {
    super(
      'ICS_LOG_DIRECTORY',
      exitCodes.cannotCreate,
      `cannot make the directory of csync2's log ${file}: ${cause.message}`,
      'create it, or name another file with csync_log',
      { cause },
    );
  }
}

/** Opens the log that a csync2 server appends to. Refuses a link in its place. */
export function openLog(file: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  return openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
}

/** Empties the log when it exceeds its limit. That is safe because csync2 appends (O_APPEND). */
export function boundLog(file: string, limitBytes = logLimitBytes): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= limitBytes) return;
  const fd = openLog(file);
  try {
    if (fstatSync(fd).size > limitBytes) ftruncateSync(fd, 0);
  } finally {
    closeSync(fd);
  }
}

/** The last bytes of an open log, at most so many, one character a byte. */
export function endOf(fd: number, bytes: number): string {
  const { size } = fstatSync(fd);
  const chunk = Buffer.alloc(Math.min(size, bytes));
  const length = readSync(fd, chunk, 0, chunk.length, size - chunk.length);
  return chunk.toString('latin1', 0, length);
}

/**
 * The last message after an offset that carries information, for people; undefined if there is
 * none.
 */
export function lastMessage(file: string, from: number): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    // The log has been removed. The exit code must be enough.
    return undefined;
  }
  try {
    const chunk = Buffer.alloc(4096);
    const length = readSync(fd, chunk, 0, chunk.length, from);
    const messages = new MessageReader().read(chunk.toString('latin1', 0, length));
    const said = messages.flatMap(({ kind, text }) => (kind === 'keeper' ? [] : [text]));
    return lastWords(said, 1) || undefined;
  } finally {
    closeSync(fd);
  }
}

const logLimitBytes = 16 * 1024 * 1024;
