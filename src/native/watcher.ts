import type { NativeSelection } from './selection.js';

/**
 * What the native watcher is made of. All but `selection` has a default in native/watch/watcher.h.
 */
export interface NativeWatcherOptions {
  readonly selection: NativeSelection;
  /** An inotify instance to go on with; the watcher's own from then on. */
  readonly inotifyFd?: number;
  /** The page that belongs to it (native/watch/handover.h); the watcher's own from then on. */
  readonly handoverFd?: number;
  /** Digest of what is watched and how, 32 bytes, to be found in the page by a successor. */
  readonly fingerprint?: Buffer;
  /** inotify(7) event bits of non-directories that become records. */
  readonly mask: number;
  /** Threads that open, watch and list directories. */
  readonly walkers?: number;
  /** Milliseconds that a CREATE waits for its CLOSE_WRITE. */
  readonly settle?: number;
  /** Milliseconds that a directory which has left its place keeps its watches. */
  readonly grace?: number;
  /** Size of one read from the kernel's queue. */
  readonly readBytes?: number;
  /** Event bytes kept between reader and tree; beyond it events are lost, and said to be. */
  readonly queueMax?: number;
  /** Record bytes kept until they are taken; beyond it records are lost, and said to be. */
  readonly recordsMax?: number;
}

export interface NativeWatcherConstructor {
  /**
   * Starts to watch. `notify` is called in the event loop when `take` or `state` have something
   * new. Throws an Error with `errno` if inotify_init1(2) fails, or if what was given is no inotify
   * instance.
   */
  new (options: NativeWatcherOptions, notify: () => void): NativeWatcher;
}

export interface NativeWatcher {
  /**
   * The oldest batch of records: kind byte, u32 length (little endian), bytes, and so on; null if
   * there is none.
   */
  take(): Buffer | null;
  /**
   * When the event was read from the kernel that the first record of the batch taken last is for:
   * milliseconds of CLOCK_MONOTONIC.
   */
  readonly readAt: number;
  state(): NativeWatcherState;
  stats(): WatchStats;
  /**
   * All records that have been taken are in the queue's file, or a full check is due there in their
   * place.
   */
  kept(): void;
  /** How the threads move. A look wakes none of them. */
  pulses(): { readonly reader: ThreadPulse; readonly tree: ThreadPulse };
  /** For tests: a thread does nothing for so many milliseconds. */
  stall(milliseconds: number, thread?: 'reader' | 'tree'): void;
  /** Ends all threads, then calls `done`. Take what is left afterwards. */
  close(done: () => void): void;
  /**
   * Like `close`, but the inotify instance stays open, with its watches and what hasn't been read;
   * `done` gets it.
   */
  detach(done: (fd: number) => void): void;
  /** The inotify instance, -1 after the end. */
  readonly inotifyFd: number;
  /** The page for a successor, -1 after `close`; after `detach` the caller's. */
  readonly handoverFd: number;
}

/**
 * If something waits for a thread at two looks and it has not moved between them, it stands still.
 */
export interface ThreadPulse {
  /** A number that grows with its work. */
  readonly moved: number;
  /** Something waits for it now. */
  readonly waiting: boolean;
}

export interface NativeWatcherState {
  /** The first walk is over. */
  readonly walked: boolean;
  /** Directories watched so far. */
  readonly directories: number;
  /** Duration of the first walk. */
  readonly seconds: number;
  /** Directories that the first walk could not watch because of the watch limit. */
  readonly beyondLimit: number;
  /** Not 0: reading events has ended with this errno. */
  readonly errno: number;
  /** How often mounts have changed, anywhere. */
  readonly mounts: number;
}

/** Counters of one watcher; those without a remark grow from its start. */
export interface WatchStats {
  /** Directories known now, a bind mount counted at each of its places. */
  readonly directories: number;
  /** Watches held now. */
  readonly watches: number;
  readonly events: number;
  readonly records: number;
  /** Directories looked at because of events. */
  readonly looks: number;
  /** How often events were lost: kernel queue overflow, or one of our own limits. */
  readonly overflows: number;
  /** Descriptors that sent events and that no walk had brought. */
  readonly unknownDescriptors: number;
  /** Walks of everything after a loss. */
  readonly reconciles: number;
  /** Events kept now for directories whose place is not known yet. */
  readonly heldEvents: number;
  /** Directories that can't be read now. */
  readonly denied: number;
  /** Topmost directories that aren't watched now because of the watch limit. */
  readonly unwatched: number;
  /** Directories that have left their place and keep their watches for a moment. */
  readonly detached: number;
  /** Memory of the tree without names that are longer than 15 bytes. */
  readonly nodeBytes: number;
  /** Event bytes between reader and tree now. */
  readonly unreadBytes: number;
  /** Record bytes that haven't been taken now. */
  readonly pendingBytes: number;
}
