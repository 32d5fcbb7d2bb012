import type { DirtyRow } from '../../../csync2/database/ledger.js';
import type { InterruptedPush, PushedRow } from '../../../csync2/database/private-database.js';
import { isUnlike } from '../../../csync2/files/check-text.js';
import type { PendingFiles } from '../slice/pending-files.js';

/**
 * What a peer has taken last of each file, as far as it has not changed here since. When the peer
 * calls such a file changed on both sides, the later change is its own: of three hosts, two answer
 * each other while the third has not got the question yet, and csync2 then has the refused one
 * marked on the other side, too.
 */
export class SentVersions {
  readonly #files: PendingFiles;
  readonly #receivedAt: (encoded: Buffer) => number | undefined;
  readonly #sent = new Map<string, SentVersion>();
  #pushing = new Map<string, string>();
  /** Of what is pushed, those that csync2 has noted as something else. */
  #unlike = new Set<string>();

  /**
   * @param receivedAt - when a file of this name was received last, as far as that is known;
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
    // From now on the peer may have either, whatever becomes of the push: one that is gone is gone
    // as it was the last time.
    for (const [key, stamp] of this.#pushing) {
      const sent = this.#sent.get(key);
      if (sent && sent.stamp !== stamp) this.#sent.set(key, { ...sent, stamp: undefined });
    }
    this.#unlike = new Set(
      rows.filter((row) => isUnlike(row.seen, this.#files.text(row))).map(keyOf),
    );
  }

  /**
   * Whether something that has been pushed is, or was, not as csync2 had noted it when the push
   * began.
   */
  isUncertain(row: DirtyRow): boolean {
    const key = keyOf(row);
    return this.#unlike.has(key) || this.#pushing.get(key) !== this.#files.stamp(row);
  }

  /**
   * Of what was pushed, these were taken. What has changed meanwhile may have been sent in either
   * version.
   *
   * @param by - when the push had ended; milliseconds since 1970
   */
  taken(rows: readonly DirtyRow[], by = Date.now()): void {
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
   * A push of the run before has come to this. What has changed since it began, or is gone, is not
   * known.
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
   * @param at - by this moment, for certain; milliseconds since 1970
   */
  has(row: Pick<DirtyRow, 'encoded'>, at = Number.POSITIVE_INFINITY): boolean {
    const sent = this.#sent.get(keyOf(row));
    if (sent?.stamp === undefined || sent.by > at) return false;
    // What has come since may be gone again.
    const isOfBefore = (this.#receivedAt(row.encoded) ?? 0) < sent.by;
    return isOfBefore && sent.stamp === this.#files.stamp(row);
  }

  /** The row of a file that the peer has taken, in this version or another. */
  row(encoded: Buffer): DirtyRow | undefined {
    return this.#sent.get(keyOf({ encoded }))?.row;
  }
}

interface SentVersion {
  readonly row: DirtyRow;
  /** Undefined: another version has been pushed since, and the peer may have that. */
  readonly stamp: string | undefined;
  /** It had been taken by then; milliseconds since 1970. */
  readonly by: number;
}

function keyOf({ encoded }: Pick<DirtyRow, 'encoded'>): string {
  return encoded.toString('latin1');
}

const mostKept = 20_000;
