/** Sleeps until a deadline or a wake-up. A wake-up without a sleeper is kept for the next sleep. */
export class Waker {
  #woken = false;
  #end: (() => void) | undefined;

  wake(): void {
    this.#woken = true;
    this.#end?.();
  }

  /** @param milliseconds - Infinity to sleep until woken */
  async sleep(milliseconds: number): Promise<void> {
    if (!this.#woken && milliseconds > 0) {
      await new Promise<void>((resolve) => {
        const timer =
          milliseconds === Number.POSITIVE_INFINITY
            ? undefined
            : setTimeout(resolve, Math.min(milliseconds, longest));
        this.#end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#end = undefined;
    }
    this.#woken = false;
  }
}

/** The longest time that setTimeout can hold. */
const longest = 2 ** 31 - 1;
