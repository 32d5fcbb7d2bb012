import type { DirtyRow } from '../../csync2/database/ledger.js';
import { isWithin, type PathBytes } from '../../text/path-bytes.js';

/**
 * The parts of {@link Reconciliation}, which removes from a peer what stands in the way of a
 * removed directory.
 */
export interface ReconciliationParts {
  /**
   * Compares with a peer and makes what only the peer has pending, to be removed there; but only
   * rows to `keep`.
   *
   * @returns how many
   */
  readonly compare: (
    peer: string,
    keep: (row: DirtyRow) => boolean,
    signal: AbortSignal,
  ) => Promise<number>;
  /**
   * Whether this host has, or had at its last check, anything of this name of the database; or
   * can't tell.
   */
  readonly isKnown: (encoded: Buffer) => boolean;
  /**
   * Whether another host than this peer wants to have what is at or below a name, or the
   * directories above it.
   */
  readonly isContested: (peer: string, encoded: Buffer) => boolean;
  readonly wake: (peer: string) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Settles what stands in the way on a peer and is not known here: below a directory that has been
 * removed here, or has become something else, a peer may hold files whose removal is pending on no
 * host. Where another host is about to send files to just there, those may be its new ones: then it
 * is a conflict. Names are encoded as in csync2's database.
 */
export class Reconciliation {
  readonly #parts: ReconciliationParts;
  readonly #asked = new Map<string, PathBytes[]>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();

  constructor(parts: ReconciliationParts) {
    this.#parts = parts;
  }

  /**
   * What is below this name is to be removed on the peer, unless it is known here. Many requests
   * make one comparison.
   */
  request(peer: string, encoded: Buffer): void {
    const asked = this.#asked.get(peer) ?? [];
    if (asked.length < mostAsked) asked.push(encoded);
    this.#asked.set(peer, asked);
    if (this.#running.has(peer) || this.#abort.signal.aborted) return;
    const run = this.#run(peer).finally(() => this.#running.delete(peer));
    this.#running.set(peer, run);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running.values());
  }

  async #run(peer: string): Promise<void> {
    const { compare, isContested, isKnown, onError, wake } = this.#parts;
    const { signal } = this.#abort;
    while (this.#asked.has(peer) && !signal.aborted) {
      // Another host may be sending what has been removed here, and has not been told yet that it
      // is.
      await pause(restMilliseconds, signal);
      const asked = this.#take(peer).filter((name) => !isContested(peer, name));
      if (asked.length === 0) continue;
      const isInTheWay = ({ encoded }: DirtyRow) =>
        asked.some((name) => isWithin(encoded, name)) && !isKnown(encoded);
      try {
        if ((await compare(peer, isInTheWay, signal)) > 0) wake(peer);
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
      await pause(pauseMilliseconds, signal);
    }
  }

  #take(peer: string): readonly PathBytes[] {
    const asked = this.#asked.get(peer) ?? [];
    this.#asked.delete(peer);
    return asked;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

/** In this time, a host that sends to where something has been removed is refused. */
const restMilliseconds = 500;
/** A comparison asks for all that the peer has: not more often than this. */
const pauseMilliseconds = 2000;
/** Of more than these the rest is asked for again when they are refused again. */
const mostAsked = 1000;
