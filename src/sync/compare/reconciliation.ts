import type { PendingRow } from '../../csync2/database/pending-table.js';
import { isWithin, type PathBytes } from '../../text/path-bytes.js';

/**
 * The parts of {@link Reconciliation}, which removes from a peer the files that block a removed
 * directory.
 */
export interface ReconciliationParts {
  /**
   * Compares with a peer. Marks files that only the peer has as pending, so that they are removed
   * there, as far as `keep` accepts their rows.
   *
   * @returns the number of rows
   */
  readonly compare: (
    peer: string,
    keep: (row: PendingRow) => boolean,
    signal: AbortSignal,
  ) => Promise<number>;
  /**
   * Whether this host has, or had at its last check, anything under this name of the database; also
   * true if that is unknown.
   */
  readonly isKnown: (encoded: Buffer) => boolean;
  /**
   * Whether a host other than this peer sends files at or below a name, or to the directories above
   * it.
   */
  readonly isContested: (peer: string, encoded: Buffer) => boolean;
  readonly wake: (peer: string) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Settles obstacles on a peer that are unknown on this host. Below a directory that this host has
 * removed or replaced, a peer may hold files whose removal is pending on no host. If another host
 * is about to send files there, those may be its new files, which is a conflict. Names are encoded
 * as in csync2's database.
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
   * Asks to remove the unknown files below this name from the peer. Many requests make one
   * comparison.
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
      // Another host may be sending files that have been removed here, and may not have been
      // refused yet.
      await pause(restMilliseconds, signal);
      const asked = this.#take(peer).filter((name) => !isContested(peer, name));
      if (asked.length === 0) continue;
      const isInTheWay = ({ encoded }: PendingRow) =>
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

/** Within this time, a host that sends files to a removed place is refused. */
const restMilliseconds = 500;
/** A comparison asks for all that the peer has, so it does not run more often than this. */
const pauseMilliseconds = 2000;
/** Names beyond this number are requested again when they are refused again. */
const mostAsked = 1000;
