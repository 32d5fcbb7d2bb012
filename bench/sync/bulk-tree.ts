import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchFailedError } from '../errors.js';
import { textOf } from '../hosts/tree.js';
import { seededRandom } from '../statistics.js';

/** Many files in a hundred directories, prepared outside the synchronised tree. */
export class BulkTree {
  readonly directory: string;
  readonly #files: ReadonlyMap<string, ReadonlyMap<string, string>>;

  private constructor(directory: string, files: ReadonlyMap<string, ReadonlyMap<string, string>>) {
    this.directory = directory;
    this.#files = files;
  }

  /** Writes `count` files of 100 to 900 bytes below `directory`. */
  static prepare(directory: string, count: number, seed: number): BulkTree {
    const random = seededRandom(seed);
    const files = new Map<string, Map<string, string>>();
    mkdirSync(directory);
    for (let number = 0; number < count; number += 1) {
      const place = `part-${String(number % 100).padStart(2, '0')}`;
      const inPlace = files.get(place) ?? new Map<string, string>();
      if (inPlace.size === 0) mkdirSync(join(directory, place));
      const name = `bulk-${String(number).padStart(6, '0')}.txt`;
      const text = textOf(name, random);
      writeFileSync(join(directory, place, name), text);
      files.set(place, inPlace.set(name, text));
    }
    return new BulkTree(directory, files);
  }

  /**
   * Waits until all copies are complete. Resolves to the moment (performance.now()) at which the
   * last was. Looks at names twice a second, at contents when the names are complete. Throws a
   * {@link BenchFailedError} after ten minutes.
   */
  async arrival(copies: readonly string[]): Promise<number> {
    const limit = performance.now() + limitSeconds * 1000;
    let waiting = copies.flatMap((copy) =>
      [...this.#files.keys()].map((place) => ({ copy, place })),
    );
    while (performance.now() < limit) {
      const lookedAt = performance.now();
      waiting = waiting.filter(({ copy, place }) => !this.#hasNames(copy, place));
      if (waiting.length === 0) {
        if (copies.every((copy) => this.#hasContents(copy))) return lookedAt;
        waiting = [...this.#files.keys()].map((place) => ({ copy: copies[0] as string, place }));
      }
      await sleep(waiting.length > 20 ? 500 : 50);
    }
    throw new BenchFailedError(
      `${waiting.length} directories are not complete after ${limitSeconds} s`,
      'look at the logs: run it again with --keep',
    );
  }

  #hasNames(copy: string, place: string): boolean {
    const there = new Set(names(join(copy, place)));
    return [...(this.#files.get(place)?.keys() ?? [])].every((name) => there.has(name));
  }

  #hasContents(copy: string): boolean {
    return [...this.#files].every(([place, files]) =>
      [...files].every(([name, text]) => readFileSync(join(copy, place, name), 'latin1') === text),
    );
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const limitSeconds = 600;
