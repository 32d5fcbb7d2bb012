import { hasAncestorIn, type PathKey, toKey } from '../path-bytes.js';
import type { QueueEntry } from './entry.js';

/**
 * The entries that nobody has read yet, so that a change of the same path needs no second record. Pure memory.
 *
 * It holds a bounded number of them: what doesn't fit is only written twice.
 */
export class UnreadEntries {
  readonly #limit: number;
  readonly #kinds: Record<QueueEntry['kind'], Map<PathKey, number>> = {
    file: new Map(),
    touch: new Map(),
    tree: new Map(),
    recheck: new Map(),
    loss: new Map(),
  };

  constructor(limit = 500_000) {
    this.#limit = limit;
  }

  /** Whether what `entry` asks for will be done by an entry that is still unread. */
  covers(entry: QueueEntry): boolean {
    const key = keyOf(entry);
    const { file, tree, recheck } = this.#kinds;
    if (this.#kinds[entry.kind].has(key)) return true;
    if (entry.kind === 'loss') return false;
    if (entry.kind === 'touch' && file.has(key)) return true;
    if (tree.has(key) || hasAncestorIn(key, tree)) return true;
    // A recheck does not doubt what csync2 knows of a file.
    const isMild = entry.kind === 'touch' || entry.kind === 'recheck';
    return isMild && (recheck.has(key) || hasAncestorIn(key, recheck));
  }

  add(entry: QueueEntry, sequence: number): void {
    const size = Object.values(this.#kinds).reduce((sum, kind) => sum + kind.size, 0);
    if (size < this.#limit) this.#kinds[entry.kind].set(keyOf(entry), sequence);
  }

  /** Record `sequence` has been read, or was never written. */
  remove(entry: QueueEntry, sequence: number): void {
    const kind = this.#kinds[entry.kind];
    const key = keyOf(entry);
    // A younger record of the same path is still unread.
    if ((kind.get(key) ?? Infinity) <= sequence) kind.delete(key);
  }

  clear(): void {
    for (const kind of Object.values(this.#kinds)) kind.clear();
  }
}

function keyOf(entry: QueueEntry): PathKey {
  return entry.kind === 'loss' ? entry.reason : toKey(entry.path);
}
