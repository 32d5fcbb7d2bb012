import type { PathBytes } from '../../text/path-bytes.js';
import { decodeName, encodeName, namesWithin, type PathPrefix } from '../files/name-encoding.js';
import type { Connection } from './connection.js';
import { rangeBelow } from './name-range.js';

/** A file that csync2 still has to push to a peer: a row of its `dirty` table. */
export interface PendingRow {
  readonly rowid: number;
  /** The name in the database, percent-escaped; the `%prefix%` form is possible. */
  readonly encoded: Buffer;
  /** This node's name for the peer. */
  readonly myName: Buffer;
  readonly forced: number;
}

/** What is pending for the peers: csync2's `dirty` table. */
export class PendingTable {
  readonly #connection: Connection;
  readonly #prefixes: readonly PathPrefix[];

  constructor(connection: Connection, prefixes: readonly PathPrefix[]) {
    this.#connection = connection;
    this.#prefixes = prefixes;
  }

  /** How many files are pending for a peer. */
  count(peer: string): number {
    const row = this.#connection
      .prepare('SELECT count(*) AS n FROM dirty WHERE peername = CAST(? AS TEXT)')
      .get(encodedPeer(peer)) as { n: number };
    return row.n;
  }

  /** The names of all files that are pending for a peer. */
  names(peer: string): Buffer[] {
    const rows = this.#connection
      .prepare('SELECT CAST(filename AS BLOB) AS name FROM dirty WHERE peername = CAST(? AS TEXT)')
      .all(encodedPeer(peer)) as { name: Buffer }[];
    return rows.map(({ name }) => decodeName(name));
  }

  /**
   * Pending rows of a peer, the newest first, or with `deepest` in an order in which directories
   * can be removed. Very long names may give fewer than `limit` rows although there are more.
   *
   * @param keep - rows for which it returns false are skipped and don't count
   */
  rows(
    peer: string,
    limit: number,
    order: 'newest' | 'deepest' = 'newest',
    keep: (row: PendingRow) => boolean = () => true,
  ): PendingRow[] {
    const found = this.#connection
      .prepare(
        `${selectRows} WHERE peername = CAST(? AS TEXT)
           ORDER BY ${order === 'newest' ? 'rowid' : 'filename'} DESC`,
      )
      .iterate(encodedPeer(peer)) as Iterable<FoundRow>;
    const kept: PendingRow[] = [];
    let bytes = 0;
    for (const each of found) {
      const row = withNumber(each);
      if (!keep(row)) continue;
      kept.push(row);
      bytes += row.encoded.length;
      if (kept.length >= limit || bytes >= nameBytesAtOnce) break;
    }
    return kept;
  }

  /** The newest pending rows of a peer, without those with names longer than so many bytes. */
  newest(peer: string, limit: number, nameBytes: number): PendingRow[] {
    const found = this.#connection
      .prepare(
        `${selectRows} WHERE peername = CAST(? AS TEXT) AND octet_length(filename) <= ?
           ORDER BY rowid DESC LIMIT ?`,
      )
      .all(encodedPeer(peer), nameBytes, limit) as FoundRow[];
    return found.map(withNumber);
  }

  /** Whether a file with a name longer than so many bytes is pending for a peer. */
  hasLongName(peer: string, nameBytes: number): boolean {
    const statement = this.#connection.prepare(
      'SELECT 1 FROM dirty WHERE peername = CAST(? AS TEXT) AND octet_length(filename) > ? LIMIT 1',
    );
    return statement.get(encodedPeer(peer), nameBytes) !== undefined;
  }

  /** The rows that are pending for a peer at and below a path, at most `limit` of them. */
  within(peer: string, path: PathBytes, limit: number): PendingRow[] {
    const statement = this.#connection.prepare(
      `${selectRows} WHERE peername = CAST(:peer AS TEXT) AND (filename = CAST(:self AS TEXT)
         OR (filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT))) LIMIT :limit`,
    );
    return namesWithin(path, this.#prefixes).flatMap((name) => {
      const range = rangeBelow(encodeName(name));
      const found = statement.all({ ...range, peer: encodedPeer(peer), limit }) as FoundRow[];
      return found.map(withNumber);
    });
  }

  /** A pending row of a peer, by the file's name in the database. */
  row(peer: string, encoded: Buffer): PendingRow | undefined {
    const found = this.#connection
      .prepare(`${selectRows} WHERE filename = CAST(? AS TEXT) AND peername = CAST(? AS TEXT)`)
      .get(encoded, encodedPeer(peer)) as FoundRow | undefined;
    return found && withNumber(found);
  }

  /** Whether a file is pending for any peer, by its name in the database. */
  isForAnyPeer(encoded: Buffer): boolean {
    const statement = this.#connection.prepare(
      'SELECT 1 FROM dirty WHERE filename = CAST(? AS TEXT) LIMIT 1',
    );
    return statement.get(encoded) !== undefined;
  }
}

/** As SQLite gives a row: csync2 writes `forced` as a text or a number. */
type FoundRow = Omit<PendingRow, 'forced'> & { readonly forced: unknown };

function withNumber(found: FoundRow): PendingRow {
  return { ...found, forced: Number(found.forced) };
}

function encodedPeer(peer: string): Buffer {
  return encodeName(Buffer.from(peer));
}

const selectRows =
  'SELECT rowid, CAST(filename AS BLOB) AS encoded, CAST(myname AS BLOB) AS myName, forced FROM dirty';
/**
 * Bytes of names in one query, which fit tens of thousands of usual names or a thousand of the
 * longest.
 */
const nameBytesAtOnce = 4 * 1024 * 1024;
