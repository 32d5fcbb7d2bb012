import { closeSync, openSync } from 'node:fs';

/**
 * Whether something failed because the system, or this process, is short of descriptors, memory or
 * processes for a while. Every open(2), socket(2) and fork(2) may fail so (errno(3)). The caller
 * tries again.
 */
export function isShortage(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown };
  return shortages.has(code ?? '') || (cause !== undefined && isShortage(cause));
}

/**
 * Throws the error of open(2) if there are too few descriptors to start a process. Call it before
 * the start, because Node makes no streams for a process that it can't start for this reason
 * (`child_process.spawn`), and execa then throws another error, which would end this process.
 */
export function requireDescriptors(): void {
  const open: number[] = [];
  try {
    for (let count = 0; count < neededToStart; count++) open.push(openSync('/dev/null', 'r'));
  } finally {
    for (const fd of open) closeSync(fd);
  }
}

/**
 * Pipes for four streams, with both of their ends, and the descriptors that Node and other threads
 * open at the same time.
 */
const neededToStart = 16;

const shortages: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'ENOBUFS',
  // SQLite's errors when it gets no descriptor or no memory.
  'SQLITE_CANTOPEN',
  'SQLITE_NOMEM',
]);
