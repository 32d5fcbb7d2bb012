import type { PathBytes } from '../../text/path-bytes.js';
import { type NotedFile, readCheckText } from '../files/check-text.js';
import {
  decodeName,
  encodeName,
  namesOf,
  namesWithin,
  type PathPrefix,
  realPathOf,
} from '../files/name-encoding.js';
import type { Connection } from './connection.js';
import { rangeBelow } from './name-range.js';

/** csync2's notes: what its `file` table holds of each file. */
export class NoteTable {
  readonly #connection: Connection;
  readonly #prefixes: readonly PathPrefix[];

  constructor(connection: Connection, prefixes: readonly PathPrefix[]) {
    this.#connection = connection;
    this.#prefixes = prefixes;
  }

  /** csync2's note of this path, under the first of its names that csync2 knows. */
  of(path: PathBytes): NotedFile | undefined {
    const statement = this.#connection.prepare(
      'SELECT rowid, checktxt FROM file WHERE filename = CAST(? AS TEXT)',
    );
    for (const name of namesOf(path, this.#prefixes)) {
      const row = statement.get(encodeName(name)) as
        | { rowid: number; checktxt: string }
        | undefined;
      if (row) return readCheckText(row.checktxt, row.rowid);
    }
    return undefined;
  }

  /** csync2's own description of a file, by its name in the database. */
  textOf(encoded: Buffer): string | undefined {
    const row = this.#connection
      .prepare('SELECT checktxt FROM file WHERE filename = CAST(? AS TEXT)')
      .get(encoded);
    return (row as { checktxt: string } | undefined)?.checktxt;
  }

  /**
   * csync2's texts by names of the database, both one character a byte, for one name and if
   * `isDeep` also for all names below it.
   */
  texts(encoded: Buffer, isDeep: boolean): (readonly [name: string, text: string])[] {
    const below = isDeep
      ? 'OR (filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT))'
      : '';
    const { self, ...range } = rangeBelow(encoded);
    const rows = this.#connection
      .prepare(
        `SELECT CAST(filename AS BLOB) AS name, CAST(checktxt AS BLOB) AS text FROM file
           WHERE filename = CAST(:self AS TEXT) ${below}`,
      )
      .all(isDeep ? { self, ...range } : { self }) as { name: Buffer; text: Buffer }[];
    return rows.map(
      ({ name, text }) => [name.toString('latin1'), text.toString('latin1')] as const,
    );
  }

  /** All of {@link texts}, one at a time. */
  *allTexts(): Generator<readonly [name: string, text: string], void> {
    const rows = this.#connection
      .prepare('SELECT CAST(filename AS BLOB) AS name, CAST(checktxt AS BLOB) AS text FROM file')
      .iterate() as Iterable<{ name: Buffer; text: Buffer }>;
    for (const { name, text } of rows) yield [name.toString('latin1'), text.toString('latin1')];
  }

  /**
   * csync2's notes at and below a path, by the names under which it has them. Reads a thousand at a
   * time and keeps nothing open in between.
   */
  *within(
    path: PathBytes,
  ): Generator<readonly { readonly name: Buffer; readonly text: string }[], void> {
    for (const name of namesWithin(path, this.#prefixes)) {
      const { self, ...range } = rangeBelow(encodeName(name));
      const own = this.textOf(self);
      if (own !== undefined) yield [{ name, text: own }];
      for (let { from } = range, rows: { name: Buffer; text: string }[]; ; ) {
        rows = this.#connection
          .prepare(
            `SELECT CAST(filename AS BLOB) AS name, checktxt AS text FROM file
               WHERE filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT) ORDER BY filename LIMIT 1000`,
          )
          .all({ from, to: range.to }) as { name: Buffer; text: string }[];
        const last = rows.at(-1);
        if (!last) break;
        from = last.name;
        yield rows.map((row) => ({ name: decodeName(row.name), text: row.text }));
      }
    }
  }

  /** The files that csync2 has noted last, at most `limit` of them, the last first. */
  newest(limit: number): RecentNote[] {
    const rows = this.#connection
      .prepare(
        'SELECT rowid, CAST(filename AS BLOB) AS name, checktxt FROM file ORDER BY rowid DESC LIMIT ?',
      )
      .all(limit);
    return (rows as { rowid: number; name: Buffer; checktxt: string }[]).flatMap((row) => {
      const path = realPathOf(decodeName(row.name), this.#prefixes);
      // The rowid alone is no proof, because SQLite reuses the highest one when its row is
      // replaced.
      return path
        ? [{ id: `${row.rowid} ${row.name.toString('latin1')} ${row.checktxt}`, path }]
        : [];
    });
  }

  /** The number of the row that csync2 has written last; 0 if there is none. */
  lastRow(): number {
    const found = this.#connection.prepare('SELECT max(rowid) AS row FROM file').get();
    return (found as { row: number | null }).row ?? 0;
  }

  /** The notes that csync2 has written after this row, in that order. */
  after(row: number): { readonly row: number; readonly name: Buffer }[] {
    const rows = this.#connection
      .prepare(
        'SELECT rowid AS row, CAST(filename AS BLOB) AS name FROM file WHERE rowid > ? ORDER BY rowid',
      )
      .all(row) as { row: number; name: Buffer }[];
    return rows.map((found) => ({ ...found, name: decodeName(found.name) }));
  }
}

/** One of the notes that csync2 has made last. */
export interface RecentNote {
  /** An id that differs for every note, one character a byte. */
  readonly id: string;
  readonly path: PathBytes;
}
