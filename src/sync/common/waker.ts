/**
 * Sleeps until a deadline or until woken; a wake-up while nobody sleeps is kept for the next sleep.
 */
export class Waker {
  #woken = false;
  #end: (() => void) | undefined;

  wake(): void {
    this.#woken = true;
    this.#end?.();
  }

  /** @param milliseconds - Infinity: until woken */
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

/** What setTimeout can hold. */
const longest = 2 ** 31 - 1;
