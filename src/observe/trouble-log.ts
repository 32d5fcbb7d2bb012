import type { Log, LogFields } from './log.js';
import { RepeatFilter } from './repeat-filter.js';
import { duration } from './status-line.js';

/** Something that is wrong, as it is said. */
export interface Trouble {
  /** What recurs: all under one key count as one. */
  readonly key: string;
  readonly level: 'error' | 'warn';
  readonly text: string;
  readonly fields: LogFields;
}

/**
 * Says what goes wrong: at once, then more and more rarely with how often it has happened, and at
 * the end how long it lasted.
 */
export class TroubleLog {
  readonly #log: Log;
  readonly #repeats = new RepeatFilter();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Another `reason` among the fields is news. */
  say({ key, level, text, fields }: Trouble): void {
    const occurrence = this.#repeats.passes(key, fields.reason);
    if (!occurrence) return;
    const { times, since } = occurrence;
    const often = times === 1 ? '' : ` (${times} times since ${clock(since)})`;
    this.#log[level](text + often, { ...fields, repeats: times });
  }

  /**
   * Says what is wrong with one path of many. When that holds for more than a few paths of a
   * `group`, the others count as one.
   *
   * @param others - what to say of them
   */
  sayOfPath(group: string, trouble: Trouble, others: Omit<Trouble, 'key' | 'level'>): void {
    const key = pathKey(group, trouble.key);
    const isOneOfFew =
      this.#repeats.goesOn(key) || this.#repeats.count(pathKey(group, '')) < pathsNamed;
    if (isOneOfFew) this.say({ ...trouble, key });
    else this.say({ ...others, key: `${group} others`, level: trouble.level });
  }

  /** It is over: says so, if it had been said. `text` tells what is well again. */
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

  /** As {@link end}, for a path of {@link sayOfPath}. */
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

/** `10:04`, with the date if that was another day. */
function clock(time: number, now = Date.now()): string {
  const [date, day] = [new Date(time), new Date(now)];
  const two = (number: number) => String(number).padStart(2, '0');
  const hour = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === day.toDateString()) return hour;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${hour}`;
}

const pathsNamed = 10;
