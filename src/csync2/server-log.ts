import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, statSync } from 'node:fs';

/** Opens the log that a csync2 server appends to. Nobody else may have put a link in its place. */
export function openLog(file: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  return openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
}

/** Empties the log when it has grown past its bound. Safe: csync2 appends (O_APPEND). */
export function boundLog(file: string, limitBytes = logLimitBytes): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= limitBytes) return;
  const fd = openLog(file);
  try {
    if (fstatSync(fd).size > limitBytes) ftruncateSync(fd, 0);
  } finally {
    closeSync(fd);
  }
}

/** The last bytes of an open log, one character a byte, at most so many of them. */
export function endOf(fd: number, bytes: number): string {
  const { size } = fstatSync(fd);
  const chunk = Buffer.alloc(Math.min(size, bytes));
  const length = readSync(fd, chunk, 0, chunk.length, size - chunk.length);
  return chunk.toString('latin1', 0, length);
}

/** The last line behind an offset that says something; undefined if there is none. */
export function lastLine(file: string, from: number): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    // Somebody has removed the log: the exit code must do.
    return undefined;
  }
  try {
    const chunk = Buffer.alloc(4096);
    const length = readSync(fd, chunk, 0, chunk.length, from);
    const lines = chunk
      .toString('utf8', 0, length)
      .split('\n')
      .filter((line) => line.trim() !== '');
    return lines.filter((line) => !/TIMESTAMP:|TOTALTIME:/.test(line)).at(-1);
  } finally {
    closeSync(fd);
  }
}

const logLimitBytes = 16 * 1024 * 1024;
