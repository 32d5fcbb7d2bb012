import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

/** A process that holds inotify instances. */
export interface WatchUser {
  readonly pid: number;
  /** The program's short name, as `ps` would show it. */
  readonly name: string;
  readonly uid: number;
  readonly instances: number;
  readonly watches: number;
}

export interface WatchUsers {
  /** Most watches first. */
  readonly users: readonly WatchUser[];
  /** Processes that could not be looked into, because they have gone or belong to another user. */
  readonly unreadable: number;
}

/**
 * The holders of inotify watches, from /proc/PID/fd and /proc/PID/fdinfo (proc_pid_fdinfo(5)). If a
 * service and the FD store of PID 1 both hold an instance, it counts for the service alone.
 */
export function readWatchUsers(proc = '/proc'): WatchUsers {
  const users: WatchUser[] = [];
  const seen = new Set<string>();
  let unreadable = 0;
  const pids = readdirSync(proc)
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
  for (const pid of pids.sort((a, b) => b - a)) {
    try {
      const user = readUser(`${proc}/${pid}`, pid, seen);
      if (user) users.push(user);
    } catch {
      unreadable += 1;
    }
  }
  return { users: users.sort((a, b) => b.watches - a.watches || a.pid - b.pid), unreadable };
}

function readUser(folder: string, pid: number, seen: Set<string>): WatchUser | undefined {
  let instances = 0;
  let watches = 0;
  for (const fd of readdirSync(`${folder}/fd`)) {
    const info = inotifyInfo(folder, fd);
    if (info === undefined) continue;
    const count = countWatches(info);
    // An instance has no name, but two instances that watch the same inodes under the same
    // descriptors are hardly different ones.
    const identity = createHash('sha1')
      .update(info.subarray(Math.max(0, info.indexOf(watchLine))))
      .digest('hex');
    if (pid === 1 && count > 0 && seen.has(identity)) continue;
    seen.add(identity);
    instances += 1;
    watches += count;
  }
  if (instances === 0) return undefined;
  return { pid, name: programName(folder), uid: statSync(folder).uid, instances, watches };
}

function inotifyInfo(folder: string, fd: string): Buffer | undefined {
  try {
    const target = readlinkSync(`${folder}/fd/${fd}`);
    if (target !== 'anon_inode:inotify' && target !== 'anon_inode:[inotify]') return undefined;
    return readFileSync(`${folder}/fdinfo/${fd}`);
  } catch (error) {
    // The descriptor was closed meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function countWatches(info: Buffer): number {
  let count = 0;
  for (let at = info.indexOf(watchLine); at >= 0; at = info.indexOf(watchLine, at + 1)) count += 1;
  return count;
}

/** The beginning of each watch's line. */
const watchLine = 'inotify wd:';

function programName(folder: string): string {
  const [program = '', script = ''] = readFileSync(`${folder}/cmdline`, 'utf8').split('\0');
  // The name `node` says nothing about a program that runs in Node.
  if (/(^|\/)node$/.test(program) && script.startsWith('/')) {
    return /\/inotify-csync\/|\/dist\/cli\/main\.js$/.test(script)
      ? 'inotify-csync'
      : shortName(script);
  }
  return shortName(program) || readFileSync(`${folder}/comm`, 'utf8').trim();
}

function shortName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.replace(/\p{Cc}/gu, '?');
}
