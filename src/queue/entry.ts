import type { PathBytes } from '../text/path-bytes.js';

/**
 * What the watcher tells the queue and the queue tells the checker.
 *
 * - `file`: check this path and nothing below it: it may be another file now, or have other
 *   content
 * - `touch`: check this path and nothing below it: at most its owner, mode, times or number of
 *   names have changed
 * - `tree`: check this path and everything below it: all of it may have changed
 * - `recheck`: check this path and everything below it; files with other content have records of
 *   their own
 * - `loss`: events were lost, and a full check is due for this reason
 */
export type QueueEntry =
  | { readonly kind: 'file' | 'touch' | 'tree' | 'recheck'; readonly path: PathBytes }
  | { readonly kind: 'loss'; readonly reason: string };

/** Whether an entry asks for everything below its path. */
export function isRecursive({ kind }: QueueEntry): boolean {
  return kind === 'tree' || kind === 'recheck';
}
