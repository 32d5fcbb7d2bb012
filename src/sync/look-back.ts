import { lstat, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join, type PathBytes } from '../path-bytes.js';

/** What looking back works with. */
export interface LookBackParts {
  readonly roots: readonly PathBytes[];
  /** Milliseconds since 1970; later than the last check by csync2, or not much earlier. */
  readonly since: number;
  readonly signal: AbortSignal;
  /** Has a file checked that csync2 may know wrongly. */
  readonly suspect: (path: PathBytes) => void;
  /** How much waits to be checked. */
  readonly depth: () => number;
}

/**
 * Has everything checked that may have been rewritten unseen. Hands over some files at a time: more at once than a batch
 * may hold would give way to a full check, which overlooks them.
 *
 * @returns when all of it has been checked, or the signal has come
 */
export async function lookBack(parts: LookBackParts): Promise<void> {
  let handed = 0;
  for await (const path of rewrittenSince(parts)) {
    if (parts.signal.aborted) return;
    parts.suspect(path);
    if (++handed % filesAtOnce === 0) await checked(parts);
  }
  await checked(parts);
}

async function checked({ depth, signal }: LookBackParts): Promise<void> {
  while (!signal.aborted && depth() > 0) await sleep(pollMilliseconds);
}

/**
 * Regular files that may have been rewritten since nobody watched, so that csync2 would overlook it: it compares whole
 * seconds and sizes, and what was written in the second of its last check, and just after, looks unchanged to it for
 * ever. No full check finds that.
 *
 * Found are those whose inode has changed since, with a content of that second or (a file that was moved into its place) a
 * little older. Times in whole seconds, as a receiving csync2 sets them, are passed over.
 */
async function* rewrittenSince({ roots, since, signal }: LookBackParts): AsyncGenerator<PathBytes> {
  const directories = [...roots];
  while (!signal.aborted) {
    const directory = directories.pop();
    if (!directory) return;
    // Gone, or no directory, or not readable: csync2 sees the same.
    const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
    const files: PathBytes[] = [];
    for (const entry of entries) {
      const path = join(directory, entry.name as unknown as Buffer);
      if (entry.isDirectory()) directories.push(path);
      else if (entry.isFile()) files.push(path);
    }
    for (let at = 0; at < files.length && !signal.aborted; at += atOnce) {
      const portion = files.slice(at, at + atOnce);
      const found = await Promise.all(portion.map((path) => isSuspect(path, since)));
      yield* portion.filter((_, index) => found[index]);
    }
  }
}

async function isSuspect(path: PathBytes, since: number): Promise<boolean> {
  const stat = await lstat(path, { bigint: true }).catch(() => undefined);
  if (!stat || stat.mtimeNs % second === 0n) return false;
  const [changed, written] = [Number(stat.ctimeMs), Number(stat.mtimeMs)];
  return changed >= since - slack && written >= since - olderMilliseconds && written < since + 1000 + slack;
}

const filesAtOnce = 1000;
const pollMilliseconds = 100;
const second = 1_000_000_000n;
/** The moment is known only so well. */
const slack = 2000;
const olderMilliseconds = 60_000;
/** Few, so that csync2 and the other users of the disk have their turn. */
const atOnce = 8;
