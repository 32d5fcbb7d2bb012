import type { Log, LogFields } from './log.js';
import { RepeatFilter } from './repeat-filter.js';
import { duration } from './status-line.js';

/** A problem, as it is logged. */
export interface Trouble {
  /** Identifies the problem. Problems with the same key count as one. */
  readonly key: string;
  readonly level: 'error' | 'warn';
  readonly text: string;
  readonly fields: LogFields;
}

/**
 * Logs problems, at once, then more and more rarely with the number of occurrences, and at the end
 * with the duration.
 */
export class TroubleLog {
  readonly #log: Log;
  readonly #repeats = new RepeatFilter();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Logs a problem. Another `reason` among the fields is logged at once. */
  say({ key, level, text, fields }: Trouble): void {
    const occurrence = this.#repeats.passes(key, fields.reason);
    if (!occurrence) return;
    const { times, since } = occurrence;
    const often = times === 1 ? '' : ` (${times} times since ${clock(since)})`;
    this.#log[level](text + often, { ...fields, repeats: times });
  }

  /**
   * Logs a problem with one path of many. If more than a few paths of a `group` have it, the others
   * count as one.
   *
   * @param others - the message for the others
   */
  sayOfPath(group: string, trouble: Trouble, others: Omit<Trouble, 'key' | 'level'>): void {
    const key = pathKey(group, trouble.key);
    const isOneOfFew =
      this.#repeats.goesOn(key) || this.#repeats.count(pathKey(group, '')) < pathsNamed;
    if (isOneOfFew) this.say({ ...trouble, key });
    else this.say({ ...others, key: `${group} others`, level: trouble.level });
  }

  /**
   * A problem has ended. Logs that if the problem had been logged. `text` says what works again.
   */
  end(key: string, text: string, fields: LogFields): void {
    const past = this.#repeats.ends(key);
    if (!past) return;
    const { seconds, times } = past;
    const often = times === 1 ? '' : `, ${times} times`;
    this.#log.info(`${text} (after ${duration(seconds)}${often})`, {
      ...fields,
      milliseconds: seconds * 1000,
      repeats: times,
    });
  }

  /** Does what {@link end} does, for a path of {@link sayOfPath}. */
  endOfPath(group: string, key: string, text: string, fields: LogFields): void {
    this.end(pathKey(group, key), text, fields);
    if (this.#repeats.count(pathKey(group, '')) === 0) this.#repeats.ends(`${group} others`);
  }

  goesOn(key: string): boolean {
    return this.#repeats.goesOn(key);
  }
}

function pathKey(group: string, key: string): string {
  return `${group} path ${key}`;
}

/** `10:04`, with the date if that is another day. */
function clock(time: number, now = Date.now()): string {
  const [date, day] = [new Date(time), new Date(now)];
  const two = (number: number) => String(number).padStart(2, '0');
  const hour = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === day.toDateString()) return hour;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${hour}`;
}

const pathsNamed = 10;
