import type { PathBytes } from '../path-bytes.js';

/**
 * What the watcher tells the queue and the queue tells the checker.
 *
 * - `file`: look at this path and nothing below it
 * - `tree`: look at this path and everything below it
 * - `loss`: something was not seen; a full check is owed, for this reason
 */
export type QueueEntry =
  | { readonly kind: 'file'; readonly path: PathBytes }
  | { readonly kind: 'tree'; readonly path: PathBytes }
  | { readonly kind: 'loss'; readonly reason: string };
