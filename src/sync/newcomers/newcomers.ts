import { backoffSeconds } from '../common/backoff.js';
import type { KnownPeers } from './known-peers.js';

/** The result of the first comparison with a new peer. */
export interface FirstComparison {
  readonly ok: boolean;
  readonly pending: number;
  /** The reason of a failure, for people. */
  readonly reason: string;
}

/** The parts of {@link Newcomers}. */
export interface NewcomerParts {
  readonly known: Pick<KnownPeers, 'newOf' | 'add'>;
  /** Compares with one peer, and makes the files that it lacks pending. */
  readonly compare: (peer: string, signal: AbortSignal) => Promise<FirstComparison>;
  /** Whether a peer is paused. Its comparison waits until it is resumed. */
  readonly isPaused?: (peer: string) => boolean;
  readonly onCompared?: (peer: string, comparison: FirstComparison) => void;
  readonly wake: (peer: string) => void;
}

/** The state of a peer whose first comparison is still to come. */
export interface NewcomerState {
  /** Milliseconds since 1970; undefined if no try has failed yet. */
  readonly failingSince: number | undefined;
  /** Why the last try failed, for people. */
  readonly reason: string;
}

/** Brings hosts that were added to csync2.cfg up to date, each as soon as it answers. */
export class Newcomers {
  readonly #parts: NewcomerParts;
  readonly #abort = new AbortController();
  readonly #waiting = new Map<string, NewcomerState>();
  /** The peers whose comparison runs, with the means to end the pause before the next try. */
  readonly #welcoming = new Map<
    string,
    { readonly done: Promise<void>; readonly hurry: AbortController }
  >();

  constructor(parts: NewcomerParts) {
    this.#parts = parts;
  }

  /** The peers whose first comparison is still to come, with its state. */
  get waiting(): ReadonlyMap<string, NewcomerState> {
    return this.#waiting;
  }

  start(peers: readonly string[]): void {
    for (const peer of this.#parts.known.newOf(peers)) {
      this.#waiting.set(peer, { failingSince: undefined, reason: '' });
    }
    for (const peer of this.#waiting.keys()) this.#begin(peer);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([...this.#welcoming.values()].map(({ done }) => done));
  }

  /** A peer is no longer paused. A new peer is compared with at once. */
  resumed(peer: string): void {
    if (!this.#waiting.has(peer)) return;
    // No try has failed since the peer was resumed.
    this.#waiting.set(peer, { failingSince: undefined, reason: '' });
    this.#welcoming.get(peer)?.hurry.abort();
    this.#begin(peer);
  }

  #begin(peer: string): void {
    if (this.#welcoming.has(peer)) return;
    const hurry = new AbortController();
    const done = this.#welcome(peer, hurry.signal).finally(() => {
      this.#welcoming.delete(peer);
      // The peer was resumed after the last look and before this moment.
      if (hurry.signal.aborted && this.#waiting.has(peer)) this.#begin(peer);
    });
    this.#welcoming.set(peer, { done, hurry });
  }

  /** Compares with a peer and notes it as known; on a full disk, both are tried again. */
  async #compare(peer: string, signal: AbortSignal): Promise<FirstComparison> {
    const { known, compare } = this.#parts;
    try {
      const comparison = await compare(peer, signal);
      if (comparison.ok && !signal.aborted) known.add(peer);
      return comparison;
    } catch (error) {
      return { ok: false, pending: 0, reason: String(error) };
    }
  }

  async #welcome(peer: string, hurry: AbortSignal): Promise<void> {
    const { isPaused, onCompared, wake } = this.#parts;
    const { signal } = this.#abort;
    for (let failures = 0; !signal.aborted && !hurry.aborted && !isPaused?.(peer); ) {
      const comparison = await this.#compare(peer, signal);
      if (signal.aborted) return;
      onCompared?.(peer, comparison);
      if (comparison.ok) {
        this.#waiting.delete(peer);
        wake(peer);
        return;
      }
      const failingSince = this.#waiting.get(peer)?.failingSince ?? Date.now();
      this.#waiting.set(peer, { failingSince, reason: comparison.reason });
      await pause(backoffSeconds(++failures, { first: 1, most: 300 }, Math.random()), [
        signal,
        hurry,
      ]);
    }
  }
}

/**
 * Returns after some time, or when one of the signals is aborted. Removes its timer and listeners
 * in both cases.
 */
function pause(seconds: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    for (const signal of signals) signal.addEventListener('abort', end);
    if (signals.some(({ aborted }) => aborted)) end();
  });
}
