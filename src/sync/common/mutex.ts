/**
 * A mutex: runs tasks one at a time, in the order in which they were asked for. The database window
 * and lanes that take turns use it.
 */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();
  #asked = 0;

  /** Whether another task waits for the running one. */
  get isWaitedFor(): boolean {
    return this.#asked > 1;
  }

  /** Runs `task` after all earlier tasks have ended. Passes its result or error on. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#asked++;
    const mine = this.#last.then(task, task).finally(() => this.#asked--);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
