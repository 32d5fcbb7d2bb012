import winston from 'winston';
import { openJournal } from '../systemd/journal.js';
import type { LogFields } from './journal-entry.js';
import { JournalTransport } from './journal-transport.js';
import { type LogLevel, logLevels } from './levels.js';

export type { LogFields } from './journal-entry.js';
export { type LogLevel, logLevels } from './levels.js';

/** The daemon's log: one line a message, with fields for the journal. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

/**
 * Makes a log that writes to the journal if stderr is connected to it, otherwise to stderr, in
 * colour on a terminal and with a time elsewhere.
 */
export function createLog(level: LogLevel, journal = openJournal()): Log {
  const logger = winston.createLogger({
    level,
    levels: Object.fromEntries(logLevels.map((name, index) => [name, index])),
    format: journal ? singleLine() : winston.format.combine(singleLine(), lineFormat()),
    transports: [
      journal
        ? new JournalTransport(journal)
        : new winston.transports.Console({ stderrLevels: [...logLevels] }),
    ],
  });
  const at = (name: LogLevel) => (message: string, fields?: LogFields) =>
    void logger.log({ level: name, message, fields });
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

/** Makes one line of a message, even if a name or csync2's text holds newlines. */
const singleLine = winston.format((entry) => ({
  ...entry,
  message: String(entry.message).trimEnd().replaceAll('\n', ' | '),
}));

function lineFormat(): winston.Logform.Format {
  const { combine, printf, timestamp, colorize } = winston.format;
  const line = printf(({ level, message, timestamp: time }) => `${time} ${level}: ${message}`);
  if (!process.stderr.isTTY) return combine(timestamp(), line);
  const colors = { error: 'red', warn: 'yellow', info: 'green', debug: 'gray' };
  return combine(timestamp({ format: 'HH:mm:ss.SSS' }), colorize({ colors }), line);
}
