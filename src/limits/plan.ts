import { type InotifyLimits, type LimitName, limitNames } from './inotify-limits.js';

/** One limit: its present value, the need for it, and its recommended value. */
export interface LimitPlan {
  readonly name: LimitName;
  /** The kernel's present value. */
  readonly current: number;
  /**
   * The part that other programs of this user hold; 0 for events, because each instance has a queue
   * of its own.
   */
  readonly others: number;
  /** The need of our program and the others together, without headroom. */
  readonly needed: number;
  /** The value that `--apply` sets: with headroom, and never below the present one. */
  readonly recommended: number;
  /** Whether the current value is enough to work, though perhaps without headroom. */
  readonly enough: boolean;
}

export interface Demand {
  /** Directories that need a watch. */
  readonly directories: number;
  /** Watches and instances of all other programs of this user: they share our budget. */
  readonly othersWatches: number;
  readonly othersInstances: number;
}

/** The recommended value of each limit. */
export function planLimits(current: InotifyLimits, demand: Demand): readonly LimitPlan[] {
  const others: InotifyLimits = {
    max_user_watches: demand.othersWatches,
    max_queued_events: 0,
    max_user_instances: demand.othersInstances,
  };
  const needed: InotifyLimits = {
    max_user_watches: demand.othersWatches + demand.directories,
    max_queued_events: neededEvents,
    max_user_instances: demand.othersInstances + instancesOfOurs,
  };
  const wanted: InotifyLimits = {
    max_user_watches: recommendedWatches(needed.max_user_watches),
    max_queued_events: recommendedEvents,
    max_user_instances: Math.max(
      recommendedInstances,
      powerOfTwo(needed.max_user_instances * headroom),
    ),
  };
  return limitNames.map((name) => ({
    name,
    current: current[name],
    others: others[name],
    needed: needed[name],
    recommended: Math.max(current[name], wanted[name]),
    enough: current[name] >= needed[name],
  }));
}

/** A limit on watches that has room for these and half as many again. */
export function recommendedWatches(needed: number): number {
  return Math.max(65_536, powerOfTwo(needed * headroom));
}

/**
 * Kernel memory that this many watches hold, in bytes, none of which can be reclaimed: the mark,
 * its connector and the pinned inode (measured on ext4, Linux 6.18, x86-64; other file systems have
 * larger inodes).
 */
export function watchMemory(watches: number): number {
  return watches * bytesPerWatch;
}

const bytesPerWatch = 1285;
const headroom = 1.5;
/**
 * The instances of the daemon's watcher, of csync2's log, of csync2.cfg, and of a second watcher
 * during a reload of csync2.cfg.
 */
const instancesOfOurs = 4;
/** Linux's own default: the reader empties the queue as it fills. */
const neededEvents = 16_384;
/** Room for the time of a restart, when no process reads and systemd holds the queue. */
const recommendedEvents = 131_072;
const recommendedInstances = 512;

function powerOfTwo(number: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, number)));
}
