import { closeSync, readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import type { NativeSelection } from '../native/selection.js';
import type {
  NativeWatcher,
  NativeWatcherOptions,
  ThreadPulse,
  WatchStats,
} from '../native/watcher.js';
import { loadNative } from '../native.js';
import type { QueueEntry } from '../queue/entry.js';
import { type ContentChange, decodeBatch } from './decode.js';
import { WatchClosedError, WatchLimitError, WatchReadError, WatchStartError } from './errors.js';
import { defaultFileEvents, parseFileEvents } from './file-events.js';
import { readHandover } from './handover.js';

export interface WatcherOptions {
  /** Selects the paths that are watched and reported. */
  readonly selection: NativeSelection;
  /** inotify event bits for files, see parseFileEvents; structural events are always on. */
  readonly mask?: number;
  /**
   * The inotify instance that an earlier watcher has left (`detach`, or any end with the instance
   * in the service manager's store). Watching continues where that watcher ended. Changes since
   * then come as records, and a loss only if the kernel's queue has overflowed. The instance
   * belongs to this watcher from now on, even if `open` throws. Check the directories that only the
   * new selection has, because changes there are unknown.
   */
  readonly inotifyFd?: number;
  /**
   * The page that belongs to the instance, see `readHandover`. It belongs to the watcher from now
   * on.
   */
  readonly handoverFd?: number;
  /** Digest of what is watched and how, 32 bytes, for the successor to compare. */
  readonly fingerprint?: Buffer;
  /** Threads of the walks, 4 if not given. */
  readonly walkers?: number;
  /**
   * Called a few times a second during the first walk with the number of directories watched so
   * far.
   */
  readonly onProgress?: (directories: number) => void;
  /**
   * Receives how often files were written to or moved into their place, before the entries of the
   * same batch.
   */
  readonly onContentChanges?: (changes: readonly ContentChange[]) => void;
  /** Called when a mount has changed anywhere, before the change is handled. Must not throw. */
  readonly onMounts?: () => void;
  /** Limits and times of native/watch/watcher.h, for tests. */
  readonly native?: Partial<
    Omit<NativeWatcherOptions, 'selection' | 'mask' | 'walkers' | Inherited>
  >;
}

export interface FirstWalk {
  /** Directories that are watched. */
  readonly directories: number;
  readonly seconds: number;
}

/**
 * Watches everything in a selection and reports changes as queue entries. Records that haven't been
 * fetched wait in native memory, so the event loop may block for seconds without a loss.
 *
 * Iterate it once. The iteration ends after `close()`, when everything seen before has been
 * yielded. It throws WatchReadError if no more events can be read.
 */
export class Watcher implements AsyncIterable<readonly QueueEntry[]> {
  /**
   * Resolves when the first walk is over and every directory is watched. Rejects with
   * WatchLimitError if the kernel allows too few watches (the others are still watched), and with
   * WatchClosedError.
   */
  readonly ready: Promise<FirstWalk>;

  readonly #native: NativeWatcher;
  readonly #onProgress: ((directories: number) => void) | undefined;
  readonly #onContentChanges: ((changes: readonly ContentChange[]) => void) | undefined;
  readonly #onMounts: (() => void) | undefined;
  #mounts = 0;
  #ready: ReadyPromise | undefined;
  #wake: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #detaching: Promise<number> | undefined;
  #closed = false;
  #failure: Error | undefined;

  /** Starts to watch. Throws WatchStartError if there is no inotify instance left. */
  static open(options: WatcherOptions): Watcher {
    return new Watcher(options);
  }

  private constructor(options: WatcherOptions) {
    this.#onProgress = options.onProgress;
    this.#onContentChanges = options.onContentChanges;
    this.#onMounts = options.onMounts;
    this.ready = new Promise((resolve, reject) => {
      this.#ready = { resolve, reject };
    });
    // A caller that does not await `ready` must not crash when it rejects.
    this.ready.catch(() => undefined);
    const { selection, walkers, inotifyFd, handoverFd, fingerprint } = options;
    const mask = options.mask ?? parseFileEvents(defaultFileEvents);
    try {
      this.#native = new (loadNative().Watcher)(
        {
          ...options.native,
          selection,
          mask,
          ...(walkers === undefined ? {} : { walkers }),
          ...(inotifyFd === undefined ? {} : { inotifyFd }),
          ...(handoverFd === undefined ? {} : { handoverFd }),
          ...(fingerprint === undefined ? {} : { fingerprint }),
        },
        () => this.#notified(),
      );
    } catch (error) {
      for (const fd of [inotifyFd, handoverFd]) if (fd !== undefined) discard(fd);
      throw error instanceof Error && 'errno' in error ? new WatchStartError(error) : error;
    }
  }

  /** Batches of decoded entries, in the order in which they were seen. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly QueueEntry[], void, void> {
    while (true) {
      const batch = this.#native.take();
      if (batch) {
        const { entries, changes } = decodeBatch(batch);
        if (changes.length > 0) this.#onContentChanges?.(changes);
        yield entries;
      } else if (this.#failure) {
        throw this.#failure;
      } else if (this.#closed) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /**
   * When the event was read from the kernel that the batch given out last begins with, in the clock
   * of `performance`.
   */
  get readAt(): number {
    return performance.now() - (Number(process.hrtime.bigint()) / 1e6 - this.#native.readAt);
  }

  /** Counters, for status and metrics. */
  stats(): WatchStats {
    return this.#native.stats();
  }

  /**
   * The inotify instance, for the service manager's store; -1 after the end. It still belongs to
   * the watcher.
   */
  get inotifyFd(): number {
    return this.#native.inotifyFd;
  }

  /** The page of the instance; -1 after `close`. After `detach` it belongs to the caller. */
  get handoverFd(): number {
    return this.#native.handoverFd;
  }

  /**
   * Call it when everything yielded so far is durable. Only then, and when no work is under way,
   * does the page say that a successor misses nothing.
   */
  kept(): void {
    this.#native.kept();
  }

  /**
   * How many of the kernel's events are written down. `hasUnread` is read before the numbers, which
   * are those of native/watch/handover.h.
   */
  handedOver(): { readonly hasUnread: boolean; readonly begun: bigint; readonly kept: bigint } {
    const hasUnread = this.pulses().reader.waiting;
    const page = this.handoverFd < 0 ? undefined : readHandover(this.handoverFd);
    return page
      ? { hasUnread, begun: page.begun, kept: page.kept }
      : { hasUnread: true, begun: 1n, kept: 0n };
  }

  /** The pulses of the native threads; see ThreadPulse. */
  pulses(): { readonly reader: ThreadPulse; readonly tree: ThreadPulse } {
    return this.#native.pulses();
  }

  /**
   * Stops watching and frees all watches. After `detach` it only waits for that. Safe to call
   * again.
   */
  close(): Promise<void> {
    if (this.#detaching) return this.#detaching.then(() => undefined);
    this.#closing ??= new Promise<void>((resolve) => {
      this.#native.close(() => {
        this.#ended();
        resolve();
      });
    });
    return this.#closing;
  }

  /**
   * Stops watching but leaves the inotify instance unchanged, with all watches and all unread
   * events, for a successor (`inotifyFd` of WatcherOptions). The iteration yields everything that
   * has been read before it ends. It waits for directories that are being looked at, five seconds
   * at most, and then yields a loss. Write these last records down, but leave the work on them to
   * the successor, after its `ready`.
   *
   * Resolves with the descriptor, which the caller must close. Safe to call again. Rejects with
   * WatchClosedError after `close`.
   */
  detach(): Promise<number> {
    if (this.#closing) return Promise.reject(new WatchClosedError());
    this.#detaching ??= new Promise<number>((resolve) => {
      this.#native.detach((fd) => {
        this.#ended();
        resolve(fd);
      });
    });
    return this.#detaching;
  }

  /** For tests: blocks a thread. */
  stall(milliseconds: number, thread: 'reader' | 'tree' = 'tree'): void {
    this.#native.stall(milliseconds, thread);
  }

  #ended(): void {
    this.#closed = true;
    this.#ready?.reject(new WatchClosedError());
    this.#wake?.();
  }

  #notified(): void {
    const state = this.#native.state();
    if (state.mounts !== this.#mounts) {
      this.#mounts = state.mounts;
      this.#onMounts?.();
    }
    if (state.errno !== 0) this.#failure = new WatchReadError(getSystemErrorName(-state.errno));
    if (this.#ready) {
      if (this.#failure) this.#endReady((ready) => ready.reject(this.#failure as Error));
      else if (!state.walked) this.#onProgress?.(state.directories);
      else if (state.beyondLimit > 0) {
        const error = new WatchLimitError(watchLimit(), state.directories + state.beyondLimit);
        this.#endReady((ready) => ready.reject(error));
      } else
        this.#endReady((ready) =>
          ready.resolve({ directories: state.directories, seconds: state.seconds }),
        );
    }
    this.#wake?.();
    this.#wake = undefined;
  }

  #endReady(how: (ready: ReadyPromise) => void): void {
    if (this.#ready) how(this.#ready);
    this.#ready = undefined;
  }
}

type Inherited = 'inotifyFd' | 'handoverFd' | 'fingerprint';

interface ReadyPromise {
  readonly resolve: (walk: FirstWalk) => void;
  readonly reject: (error: Error) => void;
}

/** Closes a number that may not be a descriptor. */
function discard(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The caller is about to get EBADF.
  }
}

/**
 * The lowest of the limits that apply here, which are those of the system and of the user namespace
 * (user_namespaces(7)).
 */
function watchLimit(): number {
  const limit = (path: string) => {
    try {
      return Number(readFileSync(path, 'ascii'));
    } catch {
      // ProcSubset=pid hides both files, and old kernels lack the second.
      return Number.POSITIVE_INFINITY;
    }
  };
  return Math.min(
    limit('/proc/sys/fs/inotify/max_user_watches'),
    limit('/proc/sys/user/max_inotify_watches'),
  );
}
