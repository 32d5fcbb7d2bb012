import type { Message } from '../../csync2/run/message.js';
import { isShortage } from '../../proc/shortage.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { noChanges, survey } from '../common/survey.js';

/** The parts of {@link PushWatch}, which ends an update when its files go out of sight. */
export interface PushWatchParts {
  /** The files of the update, on this host. */
  readonly paths: readonly PathBytes[];
  /**
   * Keeps what is mounted around them from being unmounted, and looks that it still is; returns
   * what lets it go.
   */
  readonly pin: (paths: readonly PathBytes[]) => () => void;
  /** Called when one of them can't be looked at any more. */
  readonly onOutOfSight: () => void;
}

/**
 * Watches over an update from our look at its files to csync2's own, which takes what it can't see
 * for deleted:
 *
 * - When csync2 has connected, it greets the peer, and then looks at all of them, once. From before
 *   it starts until it begins to send what it has found there, they are pinned; not for long, as
 *   nobody can unmount meanwhile, and a peer may hang.
 * - As long as it is connecting, and while it waits for a peer that hangs, they are looked at again
 *   and again.
 */
export class PushWatch {
  readonly #parts: PushWatchParts;
  readonly #abort = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isConnected = false;
  #unpin: (() => void) | undefined;

  constructor(parts: PushWatchParts) {
    this.#parts = parts;
    // Not only when it says that it has connected: on a busy machine it may have looked before that
    // is read.
    this.#pin();
    this.#after(pauseMilliseconds, () => this.#look());
  }

  /** Takes the next message of csync2 at `-v`. */
  readonly add = ({ kind, text }: Pick<Message, 'kind' | 'text'>): void => {
    if (kind !== 'said' || this.#abort.signal.aborted) return;
    if (text.startsWith('Updating ')) this.end();
    else if (!this.#isConnected && text.startsWith('Connect to ')) this.#connected();
  };

  /** csync2 has ended, or looks at nothing any more. */
  end(): void {
    this.#abort.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#letGo();
  }

  #connected(): void {
    this.#isConnected = true;
    this.#pin();
  }

  /** What is pinned already is let go only when it has been pinned again. */
  #pin(): void {
    const before = this.#unpin;
    try {
      const unpin = this.#parts.pin(this.#parts.paths);
      this.#unpin = unpin;
      this.#after(pinnedMilliseconds, () => {
        if (this.#unpin === unpin) this.#letGo();
      });
      before?.();
    } catch (error) {
      if (!isShortage(error)) throw error;
      // Nobody can tell what is in sight, which is no better than that it is not.
      this.#parts.onOutOfSight();
    }
  }

  #letGo(): void {
    this.#unpin?.();
    this.#unpin = undefined;
  }

  #after(milliseconds: number, action: () => unknown): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, milliseconds);
    timer.unref();
    this.#timers.add(timer);
  }

  async #look(): Promise<void> {
    const { paths, onOutOfSight } = this.#parts;
    const { signal } = this.#abort;
    try {
      const { unreadable } = await survey(paths, {
        recursive: false,
        changedSince: noChanges,
        signal,
      });
      if (unreadable.length > 0) onOutOfSight();
      else if (!signal.aborted) this.#after(pauseMilliseconds, () => this.#look());
    } catch {
      // Ended meanwhile; or nobody can tell, which is no better than out of sight.
      if (!signal.aborted) onOutOfSight();
    }
  }
}

const pauseMilliseconds = 500;
const pinnedMilliseconds = 1000;
