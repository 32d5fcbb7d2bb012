import type Database from 'better-sqlite3';
import type { PathBytes } from '../../text/path-bytes.js';
import { encodeName, namesOf, namesWithin, type PathPrefix } from '../files/name-encoding.js';
import type { Ledger } from './ledger.js';
import { rangeBelow } from './name-range.js';

/** Single paths, and paths with everything below them. */
export interface NotesScope {
  readonly files: readonly PathBytes[];
  readonly trees: readonly PathBytes[];
}

/**
 * csync2's notes and pending rows for some files, by csync2's names, percent-escaped, one character
 * a byte.
 */
export interface Notes {
  /** csync2's texts. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly pending: ReadonlyMap<string, readonly KeptRow[]>;
}

interface KeptRow {
  readonly forced: Buffer | number | string;
  readonly myName: Buffer;
  readonly peer: Buffer;
}

/**
 * Reads csync2's notes of a scope.
 *
 * @returns undefined if there are more than `limit`
 */
export function readNotes(
  ledger: Ledger,
  scope: NotesScope,
  prefixes: readonly PathPrefix[],
  limit: number,
): Notes | undefined {
  const reader = new NotesReader(ledger.database, limit);
  return ledger.reading(() => {
    for (const path of scope.files) {
      for (const name of namesOf(path, prefixes)) reader.read('self', { self: encodeName(name) });
    }
    for (const path of scope.trees) {
      for (const name of namesWithin(path, prefixes))
        reader.read('tree', rangeBelow(encodeName(name)));
    }
    return reader.isOver ? undefined : { files: reader.files, pending: reader.pending };
  });
}

/**
 * Restores the notes of these files, in one transaction.
 *
 * Throws what better-sqlite3 throws. `SQLITE_BUSY` means that nothing has been changed and that the
 * caller can try again shortly.
 */
export function restoreNotes(ledger: Ledger, names: readonly string[], notes: Notes): void {
  const { database } = ledger;
  const forget = database.prepare('DELETE FROM file WHERE filename = CAST(? AS TEXT)');
  const note = database.prepare(
    'INSERT INTO file (filename, checktxt) VALUES (CAST(? AS TEXT), CAST(? AS TEXT))',
  );
  const removeRow = database.prepare('DELETE FROM dirty WHERE filename = CAST(? AS TEXT)');
  const addRow = database.prepare(
    `INSERT INTO dirty (filename, forced, myname, peername)
       VALUES (CAST(? AS TEXT), ?, CAST(? AS TEXT), CAST(? AS TEXT))`,
  );
  const restore = database.transaction(() => {
    for (const key of names) {
      const name = Buffer.from(key, 'latin1');
      forget.run(name);
      note.run(name, notes.files.get(key));
      removeRow.run(name);
      for (const { forced, myName, peer } of notes.pending.get(key) ?? [])
        addRow.run(name, forced, myName, peer);
    }
  });
  ledger.withoutWaiting(() => restore.immediate());
}

class NotesReader {
  readonly files = new Map<string, Buffer>();
  readonly pending = new Map<string, KeptRow[]>();
  readonly #limit: number;
  readonly #statements: Readonly<
    Record<'self' | 'tree', readonly [Database.Statement, Database.Statement]>
  >;
  #count = 0;

  constructor(database: Database.Database, limit: number) {
    this.#limit = limit;
    const where = 'filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT)';
    const itself = 'filename = CAST(:self AS TEXT)';
    const noted = (condition: string) =>
      `SELECT CAST(filename AS BLOB) AS name, CAST(checktxt AS BLOB) AS text FROM file WHERE ${condition}`;
    const pending = (condition: string) =>
      `SELECT CAST(filename AS BLOB) AS name, forced, CAST(myname AS BLOB) AS myName, CAST(peername AS BLOB) AS peer
         FROM dirty WHERE ${condition}`;
    const both = (query: (condition: string) => string) =>
      database.prepare(`${query(itself)} UNION ALL ${query(where)}`);
    this.#statements = {
      self: [database.prepare(noted(itself)), database.prepare(pending(itself))],
      tree: [both(noted), both(pending)],
    };
  }

  get isOver(): boolean {
    return this.#count > this.#limit;
  }

  read(what: 'self' | 'tree', names: Readonly<Record<string, Buffer>>): void {
    const [noted, pending] = this.#statements[what];
    for (const row of noted.iterate(names) as Iterable<{ name: Buffer; text: Buffer }>) {
      if (++this.#count > this.#limit) return;
      this.files.set(row.name.toString('latin1'), row.text);
    }
    for (const row of pending.iterate(names) as Iterable<KeptRow & { name: Buffer }>) {
      if (++this.#count > this.#limit) return;
      const key = row.name.toString('latin1');
      const rows = this.pending.get(key) ?? [];
      rows.push(row);
      this.pending.set(key, rows);
    }
  }
}
