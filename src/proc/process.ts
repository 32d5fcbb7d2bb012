import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The kernel's facts about a process (proc_pid_stat(5)). */
export interface ProcessStat {
  readonly pid: number;
  /** Name of the program, at most 15 bytes; the process itself can change it. */
  readonly name: string;
  /**
   * `R` running, `S` sleeping, `D` waiting for a disk, `T` stopped, `Z` dead and not collected, and
   * others.
   */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  /** Processor time used, in clock ticks. */
  readonly ticks: number;
  /**
   * When the process started, in clock ticks since boot. The pid and this time name one process and
   * no later one.
   */
  readonly startedAt: number;
}

/** Reads a process's state; undefined if it is gone. */
export function statOfProcess(pid: number): ProcessStat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name is in parentheses and may hold anything, even parentheses.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  return {
    pid,
    name: text.slice(text.indexOf('(') + 1, end),
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    ticks: Number(fields[11]) + Number(fields[12]),
    startedAt: Number(fields[19]),
  };
}

/** Whether a process with this pid exists, even if it is dead and not collected yet. */
export function isProcess(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/**
 * The file that a process runs, with ` (deleted)` at the end if it has been replaced; undefined if
 * that is unknown.
 */
export function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch (error) {
    ignoreGone(error);
    return undefined;
  }
}

/** Pids of all processes. */
export function allProcesses(): number[] {
  return list('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** The children of a process with one thread (proc_pid_task(5)); empty if it is gone. */
export function childrenOf(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`) ?? '';
  return children.split(' ').filter(Boolean).map(Number);
}

/**
 * The words of a process's command line; undefined if it is gone, or dead and not collected yet.
 */
export function wordsOfProcess(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/cmdline`);
  return text ? text.split('\0').slice(0, -1) : undefined;
}

/**
 * The open files of a process, by descriptor, one character a byte: a path, with ` (deleted)` at
 * the end if the file is gone, `socket:[N]`, and others (proc_pid_fd(5)). Empty if the process is
 * gone or may not be looked into.
 */
export function openFilesOf(pid: number): ReadonlyMap<number, string> {
  const open = new Map<number, string>();
  for (const fd of list(`/proc/${pid}/fd`)) {
    try {
      open.set(Number(fd), readlinkSync(`/proc/${pid}/fd/${fd}`, 'buffer').toString('latin1'));
    } catch (error) {
      // The path is longer than the kernel tells, which any user can make.
      if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') ignoreGone(error);
    }
  }
  return open;
}

/**
 * Bytes that a process has read and written so far, by any system call (proc_pid_io(5)); undefined
 * if that is unknown.
 */
export function bytesMovedBy(pid: number): number | undefined {
  const text = read(`/proc/${pid}/io`);
  const count = (name: string) =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text ?? '')?.[1]);
  return text === undefined ? undefined : count('rchar') + count('wchar');
}

/**
 * The descriptor that a process waits to read from or to write to (proc_pid_syscall(5)); undefined
 * if the process waits for something else, runs, or is gone, or if that may not be known.
 *
 * The arguments show it, because read(2), recvmsg(2) and similar calls have the same order of
 * arguments on every machine: a descriptor and an address. A sleeping process also has a number
 * first, but no address after it (clock_nanosleep(2)).
 */
export function awaitedDescriptorOf(pid: number): number | undefined {
  const parts = /^\d+ (0x[0-9a-f]+) (0x[0-9a-f]+) /.exec(read(`/proc/${pid}/syscall`) ?? '');
  return parts && Number(parts[2]) >= lowestAddress ? Number(parts[1]) : undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    ignoreGone(error);
    return undefined;
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    ignoreGone(error);
    return [];
  }
}

/**
 * Ignores that a process went away during the look, or may not be looked into. Any other error says
 * nothing about a process.
 */
function ignoreGone(error: unknown): void {
  if (!gone.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
}

/** No process uses the first page of memory. */
const lowestAddress = 4096;

const gone: ReadonlySet<string> = new Set([
  'ENOENT',
  'ESRCH',
  'EACCES',
  'EPERM',
  'EINVAL',
  'ENOTDIR',
]);
