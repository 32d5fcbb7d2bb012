/** What may be asked of a queue without opening it. */
import { lstatSync, readlinkSync } from 'node:fs';
import { isProcess } from '../proc/process.js';
import { queueFiles } from '../state/run-files.js';

/**
 * When its last run has written its cursor, in milliseconds since 1970: it does so when something
 * has been done, and when it stops. Undefined if there is no queue. Opening it changes this.
 */
export function queueUsedAt(queueFile: string): number | undefined {
  return lstatSync(queueFiles(queueFile).cursor, { throwIfNoEntry: false })?.mtimeMs;
}

/**
 * The pid of the daemon that holds the queue; undefined if none does, or this user may not look.
 */
export function queueHolder(queueFile: string): number | undefined {
  try {
    // The lock is a link whose text begins with its holder's pid; a dead holder has no folder in
    // /proc any more.
    const pid = Number(/^\d+/.exec(readlinkSync(queueFiles(queueFile).lock))?.[0]);
    return pid > 0 && isProcess(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
