import type { PathKey } from './path-bytes.js';

/**
 * A set of directories that tells whether a path lies below one of them. For a path with thousands
 * of levels it looks up only the ancestors that are as long as one of the directories.
 */
export class DirectoryKeys {
  readonly #keys = new Set<PathKey>();
  /** How many keys have each length. */
  readonly #lengths: number[] = [];

  constructor(keys: Iterable<PathKey> = []) {
    for (const key of keys) this.add(key);
  }

  add(key: PathKey): void {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.#lengths[key.length] = (this.#lengths[key.length] ?? 0) + 1;
  }

  delete(key: PathKey): void {
    if (this.#keys.delete(key)) this.#lengths[key.length] = (this.#lengths[key.length] ?? 1) - 1;
  }

  clear(): void {
    this.#keys.clear();
    this.#lengths.length = 0;
  }

  has(key: PathKey): boolean {
    return this.#keys.has(key);
  }

  /** Whether one of the directories is above this path; the path itself does not count. */
  areAbove(key: PathKey): boolean {
    return !this.above(key).next().done;
  }

  /** The directories above this path, the highest first. */
  *above(key: PathKey): Generator<PathKey, void> {
    if (this.#keys.size === 0 || key === '/') return;
    if (this.#keys.has('/')) yield '/';
    for (let end = key.indexOf('/', 1); end > 0; end = key.indexOf('/', end + 1)) {
      if (!this.#lengths[end]) continue;
      const directory = key.slice(0, end);
      if (this.#keys.has(directory)) yield directory;
    }
  }
}
