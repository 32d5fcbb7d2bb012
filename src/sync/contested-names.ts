/**
 * Names that two hosts have changed at once, as csync2's database has them, one character a byte. What is below one, and the
 * directories above it, may differ for the same reason.
 */
export class ContestedNames {
  readonly #since = new Map<string, number>();
  /** How many contested names are below each directory. */
  readonly #above = new Map<string, number>();

  get size(): number {
    return this.#since.size;
  }

  /** @param now - of any clock that goes forward */
  add(name: string, now: number): void {
    if (this.#since.size >= mostKept && !this.#since.has(name)) return;
    if (!this.#since.has(name)) this.#count(name, 1);
    this.#since.set(name, now);
  }

  /** Whether a name is one of them, below one, or above one. */
  concerns(name: string): boolean {
    if (this.#above.has(name)) return true;
    for (let end = name.length; end > 0; end = name.lastIndexOf('/', end - 1)) {
      if (this.#since.has(name.slice(0, end))) return true;
    }
    return false;
  }

  /** The names themselves. */
  [Symbol.iterator](): Iterator<string> {
    return this.#since.keys();
  }

  /** The directories above them. */
  above(): IterableIterator<string> {
    return this.#above.keys();
  }

  /** Forgets those that were added last before this time. */
  settle(before: number): void {
    for (const [name, since] of this.#since) {
      if (since >= before) continue;
      this.#since.delete(name);
      this.#count(name, -1);
    }
  }

  #count(name: string, by: number): void {
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const directory = name.slice(0, end);
      const count = (this.#above.get(directory) ?? 0) + by;
      if (count > 0) this.#above.set(directory, count);
      else this.#above.delete(directory);
    }
  }
}

/** Of more than these, the rest differs until somebody compares both hosts. */
const mostKept = 20_000;
