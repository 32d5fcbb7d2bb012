/** The questions that a queue answers without being opened. */
import { lstatSync, readlinkSync } from 'node:fs';
import { isProcess } from '../proc/process.js';
import { queueFiles } from '../state/run-files.js';

/**
 * When the last run of the queue wrote its cursor, in milliseconds since 1970. It writes the cursor
 * when records are done, and when it stops. Undefined if there is no queue. Opening the queue
 * changes this time.
 */
export function queueUsedAt(queueFile: string): number | undefined {
  return lstatSync(queueFiles(queueFile).cursor, { throwIfNoEntry: false })?.mtimeMs;
}

/**
 * The pid of the daemon that holds the queue; undefined if no daemon does, or if this user may not
 * look.
 */
export function queueHolder(queueFile: string): number | undefined {
  try {
    // The lock is a link whose text begins with its holder's pid; a dead holder has no directory in
    // /proc any more.
    const pid = Number(/^\d+/.exec(readlinkSync(queueFiles(queueFile).lock))?.[0]);
    return pid > 0 && isProcess(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
