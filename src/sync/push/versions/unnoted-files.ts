import type { DirtyRow } from '../../../csync2/database/ledger.js';
import type { PathBytes } from '../../../text/path-bytes.js';
import type { PendingFiles } from '../slice/pending-files.js';

/**
 * Finds files that are there and pending, and of which csync2 has no note: it has taken them for
 * deleted when they were out of sight. They are sent as they are; but until csync2 has looked at
 * them again, it would not notice that they are deleted.
 */
export class UnnotedFiles {
  readonly #files: PendingFiles;
  /** The stamp of each that has been told. */
  readonly #told = new Map<string, string>();

  constructor(files: PendingFiles) {
    this.#files = files;
  }

  /**
   * @returns those of these rows, of which csync2 has no note, that are there; each once, until it
   * changes
   */
  take(rows: readonly DirtyRow[]): PathBytes[] {
    return rows.flatMap((row) => {
      const [key, stamp] = [row.encoded.toString('latin1'), this.#files.stamp(row)];
      if (stamp === 'gone' || this.#told.get(key) === stamp) return [];
      this.#told.set(key, stamp);
      return this.#files.path(row.encoded) ?? [];
    });
  }

  /** Nothing is pending any more. */
  forget(): void {
    this.#told.clear();
  }
}
