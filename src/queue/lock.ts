import { readFileSync } from 'node:fs';
import { bootId } from '../proc/boot-id.js';
import { QueueLockedError, QueueUnsafeError } from './errors.js';
import { errnoOf, type Files } from './files.js';

/**
 * The identity of a lock's holder, which differs from every other process, past and present, on
 * this machine.
 */
export interface Holder {
  readonly pid: number;
  /**
   * Clock ticks after boot (proc_pid_stat(5), field 22): tells a process from an earlier one with
   * its pid.
   */
  readonly startTime: string;
  /** `/proc/sys/kernel/random/boot_id`: tells the process from one before a reboot. */
  readonly bootId: string;
}

/** The lock's questions about processes. */
export interface Processes {
  readonly self: Holder;
  /** Whether this very process exists and is no zombie. */
  isAlive(holder: Holder): boolean;
}

/**
 * An exclusive lock that frees itself when its holder dies. Node has no flock(2), so the lock is a
 * symbolic link to nowhere, whose text names the holder (as Emacs and Firefox lock): symlink(2)
 * makes it with its text at once or fails because there is one, and on the usual file systems it
 * takes an inode but no data block of a full disk.
 *
 * The lock of a dead holder is removed under a lock of its own that carries the dead holder's name.
 * Without that, two starters that both find the dead one could each remove it, the second one
 * removing the first one's new lock.
 *
 * It holds between the processes of one kernel and one PID namespace; a queue on a disk shared by
 * two machines is not protected.
 */
export class Lock {
  readonly #files: Files;
  readonly #path: string;
  readonly #text: string;

  private constructor(files: Files, path: string, text: string) {
    this.#files = files;
    this.#path = path;
    this.#text = text;
  }

  /**
   * Takes the lock. Throws QueueLockedError if its holder lives, QueueUnsafeError if it isn't a
   * lock of ours.
   */
  static take(files: Files, path: string, processes: Processes = realProcesses()): Lock {
    const text = textOf(processes.self);
    for (;;) {
      try {
        files.symlink(text, path);
        return new Lock(files, path, text);
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
      const found = readLock(files, path);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (!holder) throw foreign(path);
      if (processes.isAlive(holder)) throw new QueueLockedError(path, holder.pid);
      const breaking = Lock.take(files, `${path}.${found}`, processes);
      try {
        if (readLock(files, path) === found) files.unlink(path);
      } finally {
        breaking.release();
      }
    }
  }

  /** Releases the lock. Does nothing if the lock isn't ours any more. */
  release(): void {
    if (readLock(this.#files, this.#path) === this.#text) this.#files.unlink(this.#path);
  }
}

/** The processes of this machine. */
export function realProcesses(): Processes {
  const boot = bootId().replaceAll('-', '');
  const startTime = statOf('self')?.startTime ?? '0';
  return {
    self: { pid: process.pid, startTime, bootId: boot },
    isAlive: (holder) => {
      if (holder.bootId !== boot) return false;
      const stat = statOf(String(holder.pid));
      return (
        stat !== undefined && stat.startTime === holder.startTime && !/^[ZX]$/.test(stat.state)
      );
    },
  };
}

/**
 * Does not use `statOfProcess`, which takes a process that may not be looked at for gone: the lock
 * would then be taken away from that process.
 */
function statOf(pid: string): { state: string; startTime: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the program's name in parentheses, may hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTime: fields[19] ?? '' };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}

function textOf({ pid, startTime, bootId }: Holder): string {
  return `${pid}.${startTime}.${bootId}`;
}

function parseHolder(text: string): Holder | undefined {
  const match = /^(\d{1,10})\.(\d{1,20})\.([0-9a-f]{32})$/.exec(text);
  if (!match) return undefined;
  const [, pid, startTime, bootId] = match as unknown as [string, string, string, string];
  return { pid: Number(pid), startTime, bootId };
}

function readLock(files: Files, path: string): string | undefined {
  try {
    return files.readLink(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (errnoOf(error) === 'EINVAL') throw foreign(path, { cause: error });
    throw error;
  }
}

function foreign(path: string, options?: ErrorOptions): QueueUnsafeError {
  return new QueueUnsafeError(
    path,
    'something that is not a lock of this program is in the place of the lock',
    `make sure that no other instance runs and remove ${path}`,
    options,
  );
}
