/**
 * Notices that csync2 and a peer's server wait for each other, which neither ever ends. It notices
 * this at once if csync2 shows all that goes over the wire, else after csync2 has said nothing for
 * a while.
 */
export class Impasse {
  readonly #mayBe: () => boolean;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param mayBe - whether the current file may be the cause; asked after csync2 has said nothing
   * for a while
   */
  constructor(mayBe: () => boolean) {
    this.#mayBe = mayBe;
  }

  /** Aborted when both sides are stuck. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** csync2 has said something. `isSeen`: its messages show that both sides are stuck. */
  add(isSeen: boolean): void {
    clearTimeout(this.#timer);
    if (isSeen) this.#abort.abort();
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => this.#look(), silentMilliseconds);
    this.#timer.unref();
  }

  /** csync2 has ended. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    if (this.#mayBe()) this.#abort.abort();
  }
}

/** A small file takes milliseconds, or a second more if the peer must wait for its database. */
const silentMilliseconds = 1500;
