import { closeSync } from 'node:fs';
import type { Log } from '../observe/log.js';
import { FdStoreError, type StoredWatch, store, takeStored } from '../systemd/fd-store.js';
import { readHandover } from '../watch/handover.js';
import type { Watcher } from '../watch/watcher.js';

/**
 * Why a start can't continue where the last run ended, so that everything has to be checked; see
 * {@link gapText}.
 */
export type Gap = 'nothing-left' | 'other-fingerprint' | 'in-hand';

/** The reason of the full check that each gap makes due. */
export const gapText: Readonly<Record<Gap, string>> = {
  'nothing-left': 'start, no watches left from the last run',
  'other-fingerprint': 'start, the configuration has changed',
  'in-hand': 'the last run ended with changes not yet in the queue',
};

/** The state that a run begins with. */
export interface Inheritance {
  /** The last run's watches, if they are usable. */
  readonly watch: StoredWatch | undefined;
  /**
   * Undefined if the watches report everything since the last run, and everything before is in the
   * queue.
   */
  readonly gap: Gap | undefined;
}

/**
 * Keeps the watches in the service manager while no daemon runs, so that a restart misses no
 * change. The kernel keeps collecting events in the inotify instance as long as any process holds
 * it. native/watch/handover.h explains why that is enough even after SIGKILL. The watcher itself
 * reports that a mount changed meanwhile, or that the kernel's queue overflowed.
 */
export class WatchStore {
  readonly #log: Log;
  #kept: number | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Takes the watches that the last run has left. `fingerprint`: see watchFingerprint. Call it
   * once.
   */
  inherit(fingerprint: Buffer): Inheritance {
    const watch = this.#attempt(() => takeStored(storeName));
    if (!watch) return { watch, gap: 'nothing-left' };
    const page = readHandover(watch.handoverFd);
    if (page?.fingerprint.equals(fingerprint)) {
      this.#kept = watch.inotifyFd;
      return { watch, gap: page.clean ? undefined : 'in-hand' };
    }
    // Otherwise watches of directories that are no longer selected would stay for ever.
    for (const fd of [watch.inotifyFd, watch.handoverFd]) closeSync(fd);
    return { watch: undefined, gap: page ? 'other-fingerprint' : 'nothing-left' };
  }

  /**
   * Leaves this watcher's watches with the service manager, in place of any others. Watches that
   * came from there are still there. Call it only when all directories are watched and a full check
   * for earlier changes is due, because the next run takes the watches for complete.
   */
  keep({ inotifyFd, handoverFd }: Watcher): void {
    if (inotifyFd === this.#kept) return;
    this.#kept = this.#attempt(() => store(storeName, { inotifyFd, handoverFd }))
      ? inotifyFd
      : undefined;
  }

  /** Whether the service manager has this watcher's watches. */
  has({ inotifyFd }: Watcher): boolean {
    return inotifyFd === this.#kept;
  }

  #attempt<Result>(action: () => Result): Result | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof FdStoreError)) throw error;
      this.#log.warn(`${error.message} (${error.hint})`);
      return undefined;
    }
  }
}

/** The name in the service manager's store (FDNAME in sd_notify(3)). */
const storeName = 'watches';
