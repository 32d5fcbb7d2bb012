import { readFileSync, statSync } from 'node:fs';

/**
 * Pids of the processes that hold a write lock (fcntl(2)) on any part of a file; see proc_locks(5).
 */
export function writersOf(file: string): ReadonlySet<number> {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return new Set();
  const pids = new Set<number>();
  for (const line of readFileSync('/proc/locks', 'latin1').split('\n')) {
    // `1: POSIX ADVISORY WRITE 1234 fd:01:5678 0 EOF`; a waiter has `->` after the colon and holds
    // nothing.
    const parts = /^\d+: (?:POSIX|OFDLCK) +\S+ +WRITE +(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /.exec(
      line,
    );
    if (parts && Number(parts[4]) === stat.ino) pids.add(Number(parts[1]));
  }
  return pids;
}
