import type { PendingRow } from '../../../csync2/database/pending-table.js';
import type { InterruptedPush, PushedRow } from '../../../csync2/database/private-database.js';
import { isUnlike } from '../../../csync2/files/check-text.js';
import type { PendingFiles } from '../slice/pending-files.js';

/**
 * The version of each file that a peer took last, as long as the file has not changed here since.
 * When the peer calls such a file changed on both sides, the later change is the peer's own. Two of
 * three hosts may answer each other before the third has been asked; csync2 then makes the other
 * side mark the refused file, too.
 */
export class SentVersions {
  readonly #files: PendingFiles;
  readonly #receivedAt: (encoded: Buffer) => number | undefined;
  readonly #sent = new Map<string, SentVersion>();
  #pushing = new Map<string, string>();
  /** The pushed rows whose files csync2 has noted differently. */
  #unlike = new Set<string>();

  /**
   * @param receivedAt - when a file of this name was received last, as far as that is known, in
   * milliseconds since 1970
   */
  constructor(
    files: PendingFiles,
    receivedAt: (encoded: Buffer) => number | undefined = () => undefined,
  ) {
    this.#files = files;
    this.#receivedAt = receivedAt;
  }

  /** These rows are about to be pushed. */
  begin(rows: readonly PushedRow[]): void {
    this.#pushing = new Map(rows.map((row) => [keyOf(row), this.#files.stamp(row)]));
    // From now on the peer may have either version, even if the push fails. A file that is gone
    // looks as it did the last time.
    for (const [key, stamp] of this.#pushing) {
      const sent = this.#sent.get(key);
      if (sent && sent.stamp !== stamp) this.#sent.set(key, { ...sent, stamp: undefined });
    }
    this.#unlike = new Set(
      rows.filter((row) => isUnlike(row.seen, this.#files.text(row))).map(keyOf),
    );
  }

  /**
   * Whether the file of a pushed row differed from csync2's note when the push began, or has
   * changed since.
   */
  isUncertain(row: PendingRow): boolean {
    const key = keyOf(row);
    return this.#unlike.has(key) || this.#pushing.get(key) !== this.#files.stamp(row);
  }

  /**
   * These pushed rows were taken. A file that changed during the push may have been sent in either
   * version.
   *
   * @param by - when the push had ended, in milliseconds since 1970
   */
  taken(rows: readonly PendingRow[], by = Date.now()): void {
    for (const row of rows) {
      const key = keyOf(row);
      const stamp = this.#files.stamp(row);
      this.#sent.delete(key);
      if (this.#pushing.get(key) === stamp) this.#sent.set(key, { row, stamp, by });
    }
    for (const [key] of this.#sent) {
      if (this.#sent.size <= mostKept) break;
      this.#sent.delete(key);
    }
  }

  /**
   * The peer has these pushed rows' files as they were when the push began. They may be out of
   * sight now, because that ends a push. A file that was not there then has come and been sent
   * since: that it is gone again is not what the peer has.
   */
  accepted(rows: readonly PendingRow[], by = Date.now()): void {
    for (const row of rows) {
      const stamp = this.#pushing.get(keyOf(row));
      if (stamp !== undefined && stamp !== 'gone') this.#sent.set(keyOf(row), { row, stamp, by });
    }
  }

  /**
   * Takes in a push of the previous run. Files that have changed since that push began, or are
   * gone, stay unknown.
   */
  recall({ accepted, began, ended }: InterruptedPush, myName: Buffer): void {
    for (const encoded of accepted) {
      const row = { rowid: 0, encoded, myName, forced: 0 };
      const isSame = (this.#files.changedAt(row) ?? Number.POSITIVE_INFINITY) < began;
      if (isSame) this.#sent.set(keyOf(row), { row, stamp: this.#files.stamp(row), by: ended });
    }
  }

  /**
   * Whether the peer has taken the file as it is now.
   *
   * @param at - the peer must have taken the file before this time, in milliseconds since 1970
   */
  has(row: Pick<PendingRow, 'encoded'>, at = Number.POSITIVE_INFINITY): boolean {
    const sent = this.#sent.get(keyOf(row));
    if (sent?.stamp === undefined || sent.by > at) return false;
    // A version that was received since may be gone again.
    const isOfBefore = (this.#receivedAt(row.encoded) ?? 0) < sent.by;
    return isOfBefore && sent.stamp === this.#files.stamp(row);
  }

  /** The row of a file that the peer has taken, in this version or another. */
  row(encoded: Buffer): PendingRow | undefined {
    return this.#sent.get(keyOf({ encoded }))?.row;
  }
}

interface SentVersion {
  readonly row: PendingRow;
  /** Undefined if another version has been pushed since, which the peer may have. */
  readonly stamp: string | undefined;
  /** The peer had taken the file by this time, in milliseconds since 1970. */
  readonly by: number;
}

function keyOf({ encoded }: Pick<PendingRow, 'encoded'>): string {
  return encoded.toString('latin1');
}

const mostKept = 20_000;
