import { type PathKey, toKey } from '../path-bytes.js';
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
    tree: new Map(),
    loss: new Map(),
  };

  constructor(limit = 500_000) {
    this.#limit = limit;
  }

  /** Whether what `entry` asks for will be done by an entry that is still unread. */
  covers(entry: QueueEntry): boolean {
    const key = keyOf(entry);
    if (this.#kinds[entry.kind].has(key)) return true;
    const { tree } = this.#kinds;
    if (entry.kind === 'loss' || tree.size === 0) return false;
    if (tree.has(key) || tree.has('/')) return true;
    for (let slash = key.lastIndexOf('/'); slash > 0; slash = key.lastIndexOf('/', slash - 1)) {
      if (tree.has(key.slice(0, slash))) return true;
    }
    return false;
  }

  add(entry: QueueEntry, sequence: number): void {
    const { file, tree, loss } = this.#kinds;
    if (file.size + tree.size + loss.size < this.#limit) this.#kinds[entry.kind].set(keyOf(entry), sequence);
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
