import { type BigIntStats, readlinkSync } from 'node:fs';
import type { PendingRow } from '../../../csync2/database/pending-table.js';
import type { OnDisk } from '../../../csync2/database/private-database.js';
import { checkTextOf } from '../../../csync2/files/check-text.js';
import {
  decodeName,
  encodeName,
  type PathPrefix,
  realPathOf,
} from '../../../csync2/files/name-encoding.js';
import type { PathBytes } from '../../../text/path-bytes.js';
import { lookAt, type Sight, statOf } from '../../common/stat-of.js';

/** The files on this host that pending rows stand for. */
export class PendingFiles {
  readonly #prefixes: readonly PathPrefix[];

  constructor(prefixes: readonly PathPrefix[]) {
    this.#prefixes = prefixes;
  }

  /**
   * The path of a name in the database; undefined if the name uses a prefix that has no path here.
   */
  path(encoded: Buffer): PathBytes | undefined {
    return realPathOf(decodeName(encoded), this.#prefixes);
  }

  look(encoded: Buffer): OnDisk {
    const stat = this.#lstat(encoded);
    if (!stat) return 'gone';
    if (stat.isDirectory()) return 'directory';
    return stat.isSymbolicLink() ? 'link' : 'other';
  }

  /**
   * Whether the file is there. A file that can't be looked at may be there or not; csync2 would
   * send it as deleted.
   */
  sight(encoded: Buffer): Sight['kind'] {
    const path = this.path(encoded);
    return path ? lookAt(path).kind : 'absent';
  }

  /**
   * A text that changes when the file changes in any way. The text of a directory holds only what
   * csync2 sends of it, because csync2 makes its temporary files in the directory.
   */
  stamp(row: Pick<PendingRow, 'encoded'>): string {
    const stat = this.#lstat(row.encoded);
    if (stat?.isDirectory()) return `${stat.ino} ${checkTextOf(stat)}`;
    return stat ? `${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs}` : 'gone';
  }

  /** When the file changed last, in milliseconds since 1970; undefined if it is not there. */
  changedAt(row: Pick<PendingRow, 'encoded'>): number | undefined {
    const stat = this.#lstat(row.encoded);
    return stat && Number(stat.ctimeMs);
  }

  /**
   * The text that csync2 would note for the file now; undefined if the file is not there or its
   * text is unknown.
   */
  text(row: PendingRow): string | undefined {
    const stat = this.#lstat(row.encoded);
    return stat && checkTextOf(stat);
  }

  /** The target of a link, as csync2 escapes it. */
  linkTarget(row: PendingRow): string | undefined {
    const path = this.path(row.encoded);
    try {
      return path && encodeName(readlinkSync(path, 'buffer')).toString('latin1');
    } catch {
      // The file is no link any more; its change is reported elsewhere.
      return undefined;
    }
  }

  /** Whether the file has changed within the last hour, or is gone. */
  isFresh(row: PendingRow, now = Date.now()): boolean {
    const stat = this.#lstat(row.encoded);
    return !stat || now - Number(stat.ctimeMs) < freshMilliseconds;
  }

  /** The values that csync2's `auto` methods compare. */
  compared(row: PendingRow): { seconds: bigint; size: bigint } {
    const stat = this.#lstat(row.encoded);
    return { seconds: (stat?.mtimeNs ?? -1n) / 1_000_000_000n, size: stat?.size ?? -1n };
  }

  #lstat(encoded: Buffer): BigIntStats | undefined {
    const path = this.path(encoded);
    return path && statOf(path);
  }
}

const freshMilliseconds = 3_600_000;
