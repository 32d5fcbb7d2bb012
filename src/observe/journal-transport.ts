import Transport from 'winston-transport';
import type { Journal } from '../systemd/journal.js';
import { type LogFields, writeEntry } from './journal-entry.js';
import type { LogLevel } from './levels.js';

/**
 * Writes entries to the journal with fields, or to stderr in the form of sd-daemon(3) if that
 * fails.
 */
export class JournalTransport extends Transport {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    super();
    this.#journal = journal;
  }

  override log(
    entry: { level: LogLevel; message: string; fields?: LogFields },
    next: () => void,
  ): void {
    const { level, message, fields } = entry;
    writeEntry(this.#journal, level, message, fields);
    next();
  }
}
