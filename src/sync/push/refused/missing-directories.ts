import type { Diagnosis } from '../../../csync2/refusals/diagnosis.js';
import { keyOf, type Rejected } from './rejected.js';

/**
 * The directories that are missing on the peer and were refused. The rows below them wait for them.
 */
export class MissingDirectories {
  readonly #rows: ReadonlyMap<string, Rejected>;
  readonly #missing = new Set<string>();

  /** @param rows - all rows that were refused, by key; kept by the caller */
  constructor(rows: ReadonlyMap<string, Rejected>) {
    this.#rows = rows;
  }

  get size(): number {
    return this.#missing.size;
  }

  has({ name: encoded }: Pick<Rejected, 'name'>): boolean {
    return this.#missing.has(keyOf({ encoded }));
  }

  /** The directory above a refused row that was itself refused, and is the reason. */
  blocking(rejected: Rejected, meaning: Diagnosis['meaning'] | undefined): Rejected | undefined {
    const above = this.refusedAbove(rejected);
    if (meaning === 'parent-first') return above;
    // A row that is refused below a missing directory is decided with that directory.
    const isDecided = meaning === 'conflict' || !meaning;
    return above && isDecided && this.has(above) ? above : undefined;
  }

  /** The nearest directory above a name, among those that were refused. */
  refusedAbove({ name }: Pick<Rejected, 'name'>): Rejected | undefined {
    const key = name.toString('latin1');
    for (let end = key.lastIndexOf('/'); end > 0; end = key.lastIndexOf('/', end - 1)) {
      const above = this.#rows.get(key.slice(0, end));
      if (above && above.state !== 'behind') return above;
    }
    return undefined;
  }

  /**
   * Makes a row, and all other rows below the directory `above`, wait for that directory. They are
   * decided with it.
   */
  wait(rejected: Rejected, above: Rejected): void {
    const behind = keyOf({ encoded: above.name });
    Object.assign(rejected, { state: 'behind', behind });
    if (this.#missing.has(behind)) return;
    this.#missing.add(behind);
    for (const other of this.#rows.values()) {
      if (other.state !== 'behind' && this.refusedAbove(other) === above) this.wait(other, above);
    }
  }

  /** A row is no longer refused. @returns the rows that have waited for it */
  drop({ name: encoded }: Rejected): readonly Rejected[] {
    const key = keyOf({ encoded });
    if (!this.#missing.delete(key)) return [];
    const waits = ({ behind, state }: Rejected) => state === 'behind' && behind === key;
    return [...this.#rows.values()].filter(waits);
  }

  clear(): void {
    this.#missing.clear();
  }
}
