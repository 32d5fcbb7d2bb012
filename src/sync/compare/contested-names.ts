/**
 * Names that two hosts have changed at once, as in csync2's database, one character a byte. The
 * names below such a name, and the directories above it, may differ for the same reason.
 */
export class ContestedNames {
  readonly #since = new Map<string, number>();
  readonly #movedAt = new Map<string, number>();
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

  /** Whether a name is a contested one, or lies below or above one. */
  concerns(name: string): boolean {
    return this.#above.has(name) || !this.#over(name).next().done;
  }

  /** Something has come under this name. */
  moved(name: string, now: number): void {
    for (const contested of this.#over(name)) this.#movedAt.set(contested, now);
  }

  /**
   * Whether a session has brought anything, since a moment, under a contested name at or above this
   * name.
   */
  hasMoved(name: string, since: number): boolean {
    for (const contested of this.#over(name))
      if ((this.#movedAt.get(contested) ?? 0) >= since) return true;
    return false;
  }

  /** The contested names at or above a name. */
  *#over(name: string): Generator<string, void> {
    for (let end = name.length; end > 0; end = name.lastIndexOf('/', end - 1)) {
      const contested = name.slice(0, end);
      if (this.#since.has(contested)) yield contested;
    }
  }

  /** The names themselves. */
  [Symbol.iterator](): Iterator<string> {
    return this.#since.keys();
  }

  /** The directories above the contested names. */
  above(): IterableIterator<string> {
    return this.#above.keys();
  }

  /**
   * Forgets the names that were added last before this time, except those that lie at, below or
   * above one of the `open` names.
   */
  forgetBefore(before: number, open = new ContestedNames()): void {
    for (const [name, since] of this.#since) {
      if (since >= before || open.concerns(name)) continue;
      this.#since.delete(name);
      this.#movedAt.delete(name);
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

/** Names beyond this number stay different until an administrator compares both hosts. */
const mostKept = 20_000;
