import type { TestContext } from 'node:test';

/** A seeded source of random numbers; the seed is printed, and `SEED` repeats a run. */
export function seededRandom(context: TestContext): Random {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  context.diagnostic(`SEED=${seed}`);
  return new Random(seed);
}

/** mulberry32: small, and the same everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /**
   * 1 to `most` bytes, each any of 1 to 255 but the slash: what a file name may hold. Never `.` or
   * `..`, which each directory has.
   */
  name(most: number): Buffer {
    const bytes = Buffer.alloc(1 + this.below(most));
    for (let at = 0; at < bytes.length; at++) {
      const byte = 1 + this.below(255);
      bytes[at] = byte === 0x2f ? 0x2d : byte;
    }
    if (bytes.length <= 2 && bytes.every((byte) => byte === 0x2e)) bytes[0] = 0x2d;
    return bytes;
  }
}
