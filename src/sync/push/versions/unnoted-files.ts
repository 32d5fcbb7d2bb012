import type { PendingRow } from '../../../csync2/database/pending-table.js';
import type { PathBytes } from '../../../text/path-bytes.js';
import type { PendingFiles } from '../slice/pending-files.js';

/**
 * Finds pending files that are there but have no note in csync2's database, because csync2 took
 * them for deleted when they were out of sight. They are sent as they are. But csync2 would not
 * notice their deletion until it has looked at them again.
 */
export class UnnotedFiles {
  readonly #files: PendingFiles;
  /** The stamp of each file that has been reported. */
  readonly #told = new Map<string, string>();

  constructor(files: PendingFiles) {
    this.#files = files;
  }

  /**
   * @returns the paths of those of these unnoted rows whose files are there; each file once, until
   * it changes
   */
  take(rows: readonly PendingRow[]): PathBytes[] {
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
