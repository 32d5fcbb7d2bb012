/**
 * How much is pending for one peer, and since when. It counts only as often as counting is cheap.
 */
export class PendingCount {
  readonly #ask: () => number;
  #files: number | undefined;
  #since: number | undefined;
  /** By the clock of `performance`. */
  #againAt = 0;

  /** @param ask - counts in the database: milliseconds where a million rows are pending */
  constructor(ask: () => number) {
    this.#ask = ask;
  }

  /** Undefined until the first count. */
  get files(): number | undefined {
    return this.#files;
  }

  /** Since when something has been pending without a break, milliseconds since 1970. */
  get since(): number | undefined {
    return this.#since;
  }

  /** Milliseconds until {@link look} counts again. */
  get wait(): number {
    return this.#againAt - performance.now();
  }

  /** Something is pending. */
  found(): void {
    this.#count();
    this.#since ??= Date.now();
  }

  /** Counts, unless the last count was a moment ago. */
  look(): void {
    this.#count();
    this.#noteSince();
  }

  /** Counts in any case. */
  countNow(): number {
    const files = this.#ask();
    this.#files = files;
    this.#noteSince();
    return files;
  }

  #noteSince(): void {
    if (this.#files === 0) this.#since = undefined;
    else this.#since ??= Date.now();
  }

  /**
   * Counting a million rows before each push would take as long as the push, so the count is
   * skipped if the last one was a moment ago.
   */
  #count(): void {
    const begun = performance.now();
    if (begun < this.#againAt) return;
    this.#files = this.#ask();
    this.#againAt = begun + (performance.now() - begun) * countingShare;
  }
}

/** The pause between two counts is this many times as long as a count. */
const countingShare = 50;
