import type { KeptTime } from '../../state/kept-time.js';
import type { Verified } from './verification.js';

/**
 * The parts of {@link RegularVerification}, the comparison with all peers once per
 * `verify_interval`.
 */
export interface RegularVerificationParts {
  readonly peers: readonly string[];
  /** Seconds between two comparisons; 0 for none. */
  readonly interval: number;
  /** When the last comparison was, over restarts. */
  readonly history: KeptTime;
  /** Resolves with undefined if the peer did not tell. */
  readonly verify: (peer: string, signal: AbortSignal) => Promise<Verified | undefined>;
  readonly onVerified: (verified: Verified) => void;
  readonly onError: (error: unknown) => void;
}

/** Compares with all peers now and then, to find differences whose reason no one has thought of. */
export class RegularVerification {
  readonly #parts: RegularVerificationParts;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: RegularVerificationParts) {
    this.#parts = parts;
  }

  start(): void {
    const { history, interval } = this.#parts;
    if (interval === 0) return;
    // Jittered, so that the hosts of a cluster don't all compare at the same moment.
    this.#arm((history.at ?? Date.now()) + interval * 1000 * (0.9 + Math.random() / 5));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #arm(dueAt: number): void {
    if (this.#abort.signal.aborted) return;
    const wait = Math.max(dueAt - Date.now(), soonestMilliseconds);
    this.#timer = setTimeout(
      () => {
        if (wait > longestMilliseconds) this.#arm(dueAt);
        else this.#running = this.#verifyAll().finally(() => this.start());
      },
      Math.min(wait, longestMilliseconds),
    );
    this.#timer.unref();
  }

  async #verifyAll(): Promise<void> {
    const { history, onError, onVerified, peers, verify } = this.#parts;
    const { signal } = this.#abort;
    for (const peer of peers) {
      try {
        const verified = await verify(peer, signal);
        if (verified) onVerified(verified);
      } catch (error) {
        if (signal.aborted) return;
        onError(error);
      }
    }
    history.note(Date.now());
  }
}

/** The first comparison waits, because there is enough to do after a start. */
const soonestMilliseconds = 60_000;
/** setTimeout of Node takes 31 bits. */
const longestMilliseconds = 86_400_000;
