import { lstatSync } from 'node:fs';
import { KeptTime } from '../kept-time.js';

/**
 * Since when nobody has watched, over restarts, until somebody has looked for what could be seen by watching alone. After
 * a kill it is the last sign of life: when the queue's cursor was written last.
 */
export class BlindSpell {
  readonly #kept: KeptTime;
  #since: number | undefined;

  /**
   * Call it before the queue is opened.
   *
   * @param isBlind - whether this run doesn't go on with the watches of the last one, or not without a gap
   */
  constructor(queueFile: string, isBlind: boolean) {
    this.#kept = new KeptTime(`${queueFile}.blind`);
    const cursor = lstatSync(`${queueFile}.cursor`, { throwIfNoEntry: false });
    const since = this.#kept.at ?? (isBlind ? cursor?.mtimeMs : undefined);
    // Should this run be killed before it has looked, the next one must know.
    if (since !== undefined) this.#kept.note(since);
    this.#since = since;
  }

  /**
   * Milliseconds since 1970; undefined if the last run has left its watches, if this is the first, or when everything has
   * been looked for.
   */
  get since(): number | undefined {
    return this.#since;
  }

  /** The watching ends now. */
  begin(): void {
    // One that nobody has looked into goes on.
    if (this.#kept.at === undefined) this.#kept.note(Date.now());
  }

  /** Everything has been looked for. */
  end(): void {
    this.#since = undefined;
    this.#kept.forget();
  }
}
