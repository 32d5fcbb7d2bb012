import { fstatSync } from 'node:fs';
import winston from 'winston';

/** Levels of the log, the most urgent first. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The daemon's log: one line a message. */
export interface Log {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/**
 * A log on stderr: with sd-daemon(3) priorities when the journal reads it, in colour on a terminal, with a time
 * elsewhere.
 */
export function createLog(level: LogLevel): Log {
  return winston.createLogger({
    level,
    levels: Object.fromEntries(logLevels.map((name, index) => [name, index])),
    format: lineFormat(),
    transports: [new winston.transports.Console({ stderrLevels: [...logLevels] })],
  });
}

/** sd-daemon(3): what the journal makes of `<N>` at the beginning of a line. */
const priorities: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

function lineFormat(): winston.Logform.Format {
  const { combine, printf, timestamp, colorize } = winston.format;
  if (isJournal()) {
    return printf(({ level, message }) => `<${priorities[level as LogLevel]}>${oneLine(message)}`);
  }
  const line = printf(({ level, message, timestamp: time }) => `${time} ${level}: ${oneLine(message)}`);
  if (!process.stderr.isTTY) return combine(timestamp(), line);
  const colors = { error: 'red', warn: 'yellow', info: 'green', debug: 'gray' };
  return combine(timestamp({ format: 'HH:mm:ss.SSS' }), colorize({ colors }), line);
}

/** A message is one line, whatever somebody has put into a name or csync2 has said. */
function oneLine(message: unknown): string {
  return String(message).trimEnd().replaceAll('\n', ' | ');
}

/** Whether stderr is the journal's stream itself (systemd.exec(5), `JOURNAL_STREAM`). */
function isJournal(): boolean {
  const { JOURNAL_STREAM: stream } = process.env;
  if (!stream) return false;
  const { dev, ino } = fstatSync(2);
  return stream === `${dev}:${ino}`;
}
