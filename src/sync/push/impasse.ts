/** What {@link Impasse} asks about the file that is being sent. Names are csync2's own. */
export interface ImpasseFacts {
  /** Whether something other than a directory or a link has this name now. */
  readonly isFile: (name: string) => boolean;
  /** Whether csync2 knows entries below this name: the peer may still have a directory there. */
  readonly hasEntries: (name: string) => boolean;
}

/**
 * Notices that csync2 and a peer's server wait for each other, which neither ever ends: a file
 * replaces a directory that is not empty on the peer. It notices this at once if csync2 shows all
 * that goes over the wire, else after csync2 has said nothing for a while.
 */
export class Impasse {
  readonly #facts: ImpasseFacts;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #name: string | undefined;
  /** Looked at when csync2 began with it. By the end of the silence it may be a directory again. */
  #isFile = false;

  constructor(facts: ImpasseFacts) {
    this.#facts = facts;
  }

  /** Aborted when both sides are stuck. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * csync2 has said something.
   *
   * @param isSeen - its messages show that both sides are stuck
   * @param name - the file that the peer was asked about last
   */
  add(isSeen: boolean, name?: string): void {
    clearTimeout(this.#timer);
    if (isSeen) this.#abort.abort();
    if (this.signal.aborted) return;
    if (name !== undefined && name !== this.#name) this.#isFile = this.#facts.isFile(name);
    this.#name = name;
    this.#timer = setTimeout(() => this.#look(), silentMilliseconds);
    this.#timer.unref();
  }

  /** csync2 has ended. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    if (this.#name === undefined) return;
    const { hasEntries, isFile } = this.#facts;
    const wasFile = this.#isFile || isFile(this.#name);
    if (wasFile && hasEntries(this.#name)) this.#abort.abort();
  }
}

/** A small file takes milliseconds, or a second more if the peer must wait for its database. */
const silentMilliseconds = 1500;
