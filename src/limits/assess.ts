import type { NativeSelection } from '../native/selection.js';
import { countDirectories } from './count-directories.js';
import { type LimitName, readLimits } from './inotify-limits.js';
import { type LimitPlan, planLimits, watchMemory } from './plan.js';
import { readPseudoMounts } from './pseudo-mounts.js';
import { type LimitAssignment, loweringAssignments, readSysctlFiles } from './sysctl-files.js';
import { readWatchUsers, type WatchUser } from './watch-users.js';

/** This host's limits compared with the needs of the configured trees. */
export interface LimitAssessment {
  readonly limits: readonly LimitPlan[];
  /** Directories that need a watch. */
  readonly directories: number;
  /** Directories that could not be listed. */
  readonly unlistedDirectories: number;
  /** Kernel memory of the watches on these directories, in bytes. */
  readonly memoryBytes: number;
  /** All programs that hold inotify instances, most watches first. */
  readonly users: readonly (WatchUser & { readonly share: WatchShare })[];
  readonly unreadableProcesses: number;
  /** The lines of other files that will set less than the recommended limits at the next boot. */
  readonly lowered: readonly LimitAssignment[];
}

/**
 * The relation of a process to our daemon's budget: it is our daemon, shares the budget, or belongs
 * to another user.
 */
export type WatchShare = 'ours' | 'shared' | 'apart';

export interface AssessOptions {
  readonly selection: Pick<NativeSelection, 'explain'>;
  /** The running daemon with these settings. Its watches are not counted a second time. */
  readonly daemon: number | undefined;
  /** The user whose limits count, namely the one who runs the daemon. */
  readonly uid: number;
  readonly sysctlFile: string;
  readonly onDirectory?: (directories: number) => void;
}

/**
 * Reads the limits and their users, and counts the directories, which takes seconds for 100,000 of
 * them.
 */
export function assessLimits(options: AssessOptions): LimitAssessment {
  const { selection, daemon, uid, onDirectory } = options;
  const count = countDirectories(selection, {
    pseudo: readPseudoMounts(),
    ...(onDirectory ? { onDirectory } : {}),
  });
  const { users, unreadable } = readWatchUsers();
  const shares = users.map((user) => ({ ...user, share: shareOf(user, daemon, uid) }));
  const others = shares.filter(({ share }) => share === 'shared');
  const limits = planLimits(readLimits(), {
    directories: count.directories,
    othersWatches: sum(others.map(({ watches }) => watches)),
    othersInstances: sum(others.map(({ instances }) => instances)),
  });
  const wanted = new Map<LimitName, number>(
    limits.map(({ name, recommended }) => [name, recommended]),
  );
  return {
    limits,
    directories: count.directories,
    unlistedDirectories: count.unreadable,
    memoryBytes: watchMemory(count.directories),
    users: shares,
    unreadableProcesses: unreadable,
    lowered: loweringAssignments(readSysctlFiles(), options.sysctlFile, wanted),
  };
}

function shareOf(user: WatchUser, daemon: number | undefined, uid: number): WatchShare {
  if (user.pid === daemon) return 'ours';
  return user.uid === uid ? 'shared' : 'apart';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
