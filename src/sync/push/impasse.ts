/**
 * Notices that csync2 and a peer's server wait for each other, which neither ever ends: at once
 * where csync2 shows all that goes over the wire, else when it has said nothing for a while.
 */
export class Impasse {
  readonly #mayBe: () => boolean;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param mayBe - whether the file that csync2 is at may be such a case; asked when it has said
   * nothing for a while
   */
  constructor(mayBe: () => boolean) {
    this.#mayBe = mayBe;
  }

  /** Aborted when it has come to that. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** csync2 has said something. `isSeen`: what it said is that. */
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

/**
 * A small file takes milliseconds; one for which the peer has to wait at its database, a second
 * more.
 */
const silentMilliseconds = 1500;
