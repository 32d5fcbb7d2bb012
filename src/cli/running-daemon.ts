import { existsSync, readlinkSync } from 'node:fs';

/** The pid of the daemon that holds the queue of these settings; undefined if none does, or we may not look. */
export function runningDaemon(queueFile: string): number | undefined {
  try {
    // The lock is a link whose text begins with its holder's pid; a dead holder has no folder in /proc any more.
    const pid = /^\d+/.exec(readlinkSync(`${queueFile}.lock`))?.[0];
    return pid !== undefined && existsSync(`/proc/${pid}`) ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}
