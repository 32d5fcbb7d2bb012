import { closeSync, openSync } from 'node:fs';

/**
 * Whether something failed because the system, or this process, is out of descriptors, memory or
 * processes for a while: every open(2), socket(2) and fork(2) may (errno(3)). What failed is tried
 * again.
 */
export function isShortage(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown };
  return shortages.has(code ?? '') || (cause !== undefined && isShortage(cause));
}

/**
 * Throws what open(2) fails with, if a process can't be started for want of descriptors. To be
 * called before: Node makes no streams for a process that it can't start for that
 * (`child_process.spawn`), and execa then throws something else, and has the error end us.
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
 * Pipes for four streams, with both of their ends, and what Node and other threads open at the same
 * time.
 */
const neededToStart = 16;

const shortages: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'ENOBUFS',
  // What SQLite says when it gets no descriptor or no memory.
  'SQLITE_CANTOPEN',
  'SQLITE_NOMEM',
]);
