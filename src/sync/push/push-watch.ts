import type { Message } from '../../csync2/run/message.js';
import { isShortage } from '../../proc/shortage.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { noChanges, survey } from '../common/survey.js';

/** The parts of {@link PushWatch}, which ends an update when its files go out of sight. */
export interface PushWatchParts {
  /** The files of the update, on this host. */
  readonly paths: readonly PathBytes[];
  /**
   * Keeps the mounts around the files from being unmounted, and makes sure that they are still
   * there. Returns the function that lets them go.
   */
  readonly pin: (paths: readonly PathBytes[]) => () => void;
  /** Called when one of the files can't be looked at any more. */
  readonly onOutOfSight: () => void;
}

/**
 * Watches over the files of an update from our look at them to csync2's own, because csync2 takes
 * files that it can't see for deleted:
 *
 * - After csync2 has connected, it greets the peer, and then looks at all the files, once. The
 *   files are pinned from before csync2 starts until it begins to send. A pin lasts only a short
 *   time, because no one can unmount during it, and a peer may hang.
 * - The files are looked at again and again while csync2 connects, and while it waits for a peer
 *   that hangs.
 */
export class PushWatch {
  readonly #parts: PushWatchParts;
  readonly #abort = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isConnected = false;
  #unpin: (() => void) | undefined;

  constructor(parts: PushWatchParts) {
    this.#parts = parts;
    // Pins now and not only when csync2 says that it has connected: on a busy machine csync2 may
    // have looked at the files before its message is read.
    this.#pin();
    this.#after(pauseMilliseconds, () => this.#look());
  }

  /** Takes the next message of csync2 at `-v`. */
  readonly add = ({ kind, text }: Pick<Message, 'kind' | 'text'>): void => {
    if (kind !== 'said' || this.#abort.signal.aborted) return;
    if (text.startsWith('Updating ')) this.end();
    else if (!this.#isConnected && text.startsWith('Connect to ')) this.#connected();
  };

  /** csync2 has ended, or no longer looks at files. */
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

  /** Pins the files anew, and lets the old pin go only after that. */
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
      // It is unknown what is in sight, which is as bad as out of sight.
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
      // Either the update has ended, or it is unknown what is in sight, which is as bad as out of
      // sight.
      if (!signal.aborted) onOutOfSight();
    }
  }
}

const pauseMilliseconds = 500;
const pinnedMilliseconds = 1000;
