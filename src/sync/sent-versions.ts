import type { DirtyRow } from '../csync2/ledger.js';
import type { OwedFiles } from './owed-files.js';

/**
 * What a peer has taken last of each file, as far as it has not changed here since. When the peer calls such a file changed on
 * both sides, the later change is its own: of three hosts, two answer each other while the third has not got the question yet,
 * and csync2 then has the refused one marked on the other side, too.
 */
export class SentVersions {
  readonly #files: OwedFiles;
  readonly #sent = new Map<string, string>();
  #pushing = new Map<string, string>();

  constructor(files: OwedFiles) {
    this.#files = files;
  }

  /** These rows are about to be pushed. */
  begin(rows: readonly DirtyRow[]): void {
    this.#pushing = new Map(rows.map((row) => [keyOf(row), this.#files.stamp(row)]));
  }

  /** Of what was pushed, these were taken. What has changed meanwhile may have been sent in either version. */
  taken(rows: readonly DirtyRow[]): void {
    for (const row of rows) {
      const key = keyOf(row);
      const stamp = this.#files.stamp(row);
      this.#sent.delete(key);
      if (this.#pushing.get(key) === stamp) this.#sent.set(key, stamp);
    }
    for (const [key] of this.#sent) {
      if (this.#sent.size <= mostKept) break;
      this.#sent.delete(key);
    }
  }

  /** Whether the peer has taken the file as it is now. */
  has(row: DirtyRow): boolean {
    return this.#sent.get(keyOf(row)) === this.#files.stamp(row);
  }
}

function keyOf({ encoded }: DirtyRow): string {
  return encoded.toString('latin1');
}

const mostKept = 20_000;
