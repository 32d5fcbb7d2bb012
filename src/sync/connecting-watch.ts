import type { PathBytes } from '../path-bytes.js';
import { noChanges, survey } from './survey.js';

/**
 * Looks at the files of an update as long as csync2 is connecting, which may take a minute with a peer that does not answer:
 * only when it has connected does csync2 look at them itself, and takes what it can't see for deleted.
 */
export class ConnectingWatch {
  readonly #paths: readonly PathBytes[];
  readonly #onOutOfSight: () => void;
  readonly #abort = new AbortController();
  #said = '';

  /** @param onOutOfSight - called when one of them can't be looked at any more */
  constructor(paths: readonly PathBytes[], onOutOfSight: () => void) {
    this.#paths = paths;
    this.#onOutOfSight = onOutOfSight;
    this.#next();
  }

  /** Takes what csync2 says at `-v`, until it says that it has connected. */
  said(chunk: Buffer): void {
    if (this.#abort.signal.aborted) return;
    this.#said += chunk.toString('latin1');
    if (/^Connect to /m.test(this.#said)) this.end();
  }

  end(): void {
    this.#abort.abort();
  }

  #next(): void {
    const timer = setTimeout(() => void this.#look(), pauseMilliseconds);
    timer.unref();
    this.#abort.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  async #look(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const { unreadable } = await survey(this.#paths, { recursive: false, changedSince: noChanges, signal });
      if (unreadable.length > 0) this.#onOutOfSight();
      else if (!signal.aborted) this.#next();
    } catch (error) {
      // Ended meanwhile.
      if (!signal.aborted) throw error;
    }
  }
}

const pauseMilliseconds = 500;
