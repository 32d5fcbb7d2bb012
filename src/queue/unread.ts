import { DirectoryKeys } from '../text/directory-keys.js';
import { type PathKey, toKey } from '../text/path-bytes.js';
import type { QueueEntry } from './entry.js';

/**
 * The entries that have not been read yet, so that another change of the same path needs no second
 * record. In memory only.
 *
 * Their number is limited; further entries are only written twice.
 */
export class UnreadEntries {
  readonly #limit: number;
  readonly #byteLimit: number;
  readonly #trees = new DirectoryKeys();
  readonly #rechecks = new DirectoryKeys();
  #bytes = 0;
  readonly #kinds: Record<QueueEntry['kind'], Map<PathKey, number>> = {
    file: new Map(),
    touch: new Map(),
    tree: new Map(),
    recheck: new Map(),
    loss: new Map(),
  };

  /**
   * @param byteLimit - bytes of the names of all entries together; a path may have thousands of
   * bytes
   */
  constructor(limit = 500_000, byteLimit = 64 * 1024 * 1024) {
    this.#limit = limit;
    this.#byteLimit = byteLimit;
  }

  /** Whether an unread entry already asks for all that `entry` asks for. */
  covers(entry: QueueEntry): boolean {
    const key = keyOf(entry);
    if (this.#kinds[entry.kind].has(key)) return true;
    if (entry.kind === 'loss') return false;
    if (entry.kind === 'touch' && this.#kinds.file.has(key)) return true;
    if (isCovered(this.#trees, key)) return true;
    // A recheck does not doubt csync2's note of a file.
    const isMild = entry.kind === 'touch' || entry.kind === 'recheck';
    return isMild && isCovered(this.#rechecks, key);
  }

  add(entry: QueueEntry, sequence: number): void {
    const size = Object.values(this.#kinds).reduce((sum, kind) => sum + kind.size, 0);
    if (size >= this.#limit || this.#bytes >= this.#byteLimit) return;
    const [kind, key] = [this.#kinds[entry.kind], keyOf(entry)];
    if (!kind.has(key)) this.#bytes += key.length;
    kind.set(key, sequence);
    if (entry.kind === 'tree') this.#trees.add(key);
    if (entry.kind === 'recheck') this.#rechecks.add(key);
  }

  /** Record `sequence` has been read, or was never written. */
  remove(entry: QueueEntry, sequence: number): void {
    const kind = this.#kinds[entry.kind];
    const key = keyOf(entry);
    // A younger record of the same path is still unread.
    const known = kind.get(key);
    if (known === undefined || known > sequence) return;
    kind.delete(key);
    this.#bytes -= key.length;
    if (entry.kind === 'tree') this.#trees.delete(key);
    if (entry.kind === 'recheck') this.#rechecks.delete(key);
  }

  clear(): void {
    for (const kind of Object.values(this.#kinds)) kind.clear();
    this.#trees.clear();
    this.#rechecks.clear();
    this.#bytes = 0;
  }
}

function keyOf(entry: QueueEntry): PathKey {
  return entry.kind === 'loss' ? entry.reason : toKey(entry.path);
}

function isCovered(directories: DirectoryKeys, key: PathKey): boolean {
  return directories.has(key) || directories.areAbove(key);
}
