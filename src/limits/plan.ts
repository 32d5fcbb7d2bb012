import { type InotifyLimits, type LimitName, limitNames } from './inotify-limits.js';

/** One limit: what it is, what it has to hold, and what it should be. */
export interface LimitPlan {
  readonly name: LimitName;
  /** What the kernel has now. */
  readonly current: number;
  /**
   * What other programs of this user hold of it; 0 for events, of which each instance has its own.
   */
  readonly others: number;
  /** What we and the others need together, without headroom. */
  readonly needed: number;
  /** What `--apply` sets: with headroom, and never below what is there. */
  readonly recommended: number;
  /** Whether the current value is enough to work, though perhaps without headroom. */
  readonly enough: boolean;
}

export interface Demand {
  /** Directories that are to be watched. */
  readonly directories: number;
  /** Watches and instances of all other programs of this user: they share our budget. */
  readonly othersWatches: number;
  readonly othersInstances: number;
}

/** What each limit should be. */
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

/** A limit on watches that leaves room for so many and half as many again. */
export function recommendedWatches(needed: number): number {
  return Math.max(65_536, powerOfTwo(needed * headroom));
}

/**
 * Kernel memory that so many watches hold, in bytes, none of which can be reclaimed: the mark, its
 * connector and the pinned inode (measured on ext4, Linux 6.18, x86-64; other file systems have
 * larger inodes).
 */
export function watchMemory(watches: number): number {
  return watches * bytesPerWatch;
}

const bytesPerWatch = 1285;
const headroom = 1.5;
/**
 * The daemon's watcher, csync2's log, csync2.cfg; and while csync2.cfg is reloaded, a second
 * watcher.
 */
const instancesOfOurs = 4;
/** Linux's own default: the reader empties the queue as it fills. */
const neededEvents = 16_384;
/** Room for the time of a restart, in which nobody reads and systemd holds the queue. */
const recommendedEvents = 131_072;
const recommendedInstances = 512;

function powerOfTwo(number: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, number)));
}
