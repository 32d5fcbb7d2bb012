/**
 * How many files go into one push: a bit less than a second's work at the last rate, so that a
 * fresh change never waits long for ten thousand old ones, and the receiving host gets a moment
 * between two pushes for its own checks.
 */
export class SliceSize {
  #perSecond = 300;

  /** Files for the next push. */
  get rows(): number {
    return Math.round(Math.min(most, Math.max(least, this.#perSecond * targetSeconds)));
  }

  /**
   * A push has sent `files` in `seconds`. Small pushes measure the connection rather than the rate.
   */
  measured(files: number, seconds: number): void {
    if (files < least || seconds <= 0) return;
    this.#perSecond = (this.#perSecond + files / seconds) / 2;
  }
}

const targetSeconds = 0.7;
const least = 50;
const most = 5000;
