/**
 * Tells when csync2 has noted a file, by the number of its row. csync2 replaces a row by a new one,
 * which gets the highest number. The highest number at a moment tells which rows are younger.
 */
export class NoteHistory {
  readonly #samples: { readonly at: number; readonly highest: number }[] = [];

  /** Remembers the highest row at a moment, in milliseconds since 1970. */
  sample(highest: number, now: number): void {
    const last = this.#samples.at(-1);
    // The clock has been set back, so samples of later moments are worthless.
    if (last && last.at > now) this.#samples.length = 0;
    if (last?.highest === highest && this.#samples.at(-2)?.highest === highest) this.#samples.pop();
    this.#samples.push({ at: now, highest });
    if (this.#samples.length > samplesKept) this.#samples.splice(0, samplesKept / 2);
  }

  /** The highest row at the last sample before a moment; undefined if there was none. */
  highestAt(time: number): number | undefined {
    return this.#samples.findLast(({ at }) => at <= time)?.highest;
  }

  /** Whether a row was written after this moment, for certain. */
  isWrittenAfter(row: number, time: number): boolean {
    const highest = this.highestAt(time);
    return highest !== undefined && row > highest;
  }
}

const samplesKept = 2000;
