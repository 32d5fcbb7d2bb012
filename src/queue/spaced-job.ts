/**
 * Runs a job some time after it was requested: never twice at once, and not more often than once in
 * `interval` ms.
 */
export class SpacedJob {
  readonly #interval: number;
  readonly #job: (done: () => void) => void;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #again = false;
  #stopped = false;

  constructor(interval: number, job: (done: () => void) => void) {
    this.#interval = interval;
    this.#job = job;
  }

  /** Requests a run. The timer doesn't keep the process alive. */
  request(): void {
    if (this.#running) this.#again = true;
    else if (!this.#timer && !this.#stopped)
      this.#timer = setTimeout(() => this.#run(), this.#interval).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #run(): void {
    this.#timer = undefined;
    this.#running = true;
    this.#again = false;
    this.#job(() => {
      this.#running = false;
      if (this.#again) this.request();
    });
  }
}
