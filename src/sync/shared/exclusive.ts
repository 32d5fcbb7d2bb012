/**
 * One at a time, in the order of asking. Guards csync2's database: a check and a merge of what was sent must not
 * overlap, or a mark that the check has just made is taken off with the old one and the change is lost for good.
 */
export class Exclusive {
  #last: Promise<unknown> = Promise.resolve();
  #asked = 0;

  /** Whether somebody waits for the one that is running. */
  get isWaitedFor(): boolean {
    return this.#asked > 1;
  }

  /** Runs `task` when all asked before have ended. Passes its result or error on. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#asked++;
    const mine = this.#last.then(task, task).finally(() => this.#asked--);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
