/** How much is pending for one peer, and since when: counted as often as it costs little. */
export class PendingCount {
  readonly #ask: () => number;
  #files: number | undefined;
  #since: number | undefined;
  /** In the clock of `performance`. */
  #againAt = 0;

  /** @param ask - counts in the database: milliseconds where a million rows are pending */
  constructor(ask: () => number) {
    this.#ask = ask;
  }

  /** Undefined: nobody has counted yet. */
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

  /** Counts, unless it has just been done. */
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
   * To count a million rows before each push would take as long as the push: then it is not told
   * again.
   */
  #count(): void {
    const begun = performance.now();
    if (begun < this.#againAt) return;
    this.#files = this.#ask();
    this.#againAt = begun + (performance.now() - begun) * countingShare;
  }
}

/** Counting takes this part of the time at most. */
const countingShare = 50;
