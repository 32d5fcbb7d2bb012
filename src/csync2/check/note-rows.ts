/** The statements by which a check reads and writes csync2's rows, as csync2 itself does. */
import type Database from 'better-sqlite3';
import { decodeName, encodeName } from '../files/name-encoding.js';
import type { MarkedPeer } from './check-rules.js';

/** Rows of csync2's database, by percent-escaped names. */
export class NoteRows {
  readonly #select: Database.Statement;
  readonly #forget: Database.Statement;
  readonly #note: Database.Statement;
  readonly #unmark: Database.Statement;
  readonly #mark: Database.Statement;
  readonly #command: Database.Statement;

  private constructor(database: Database.Database) {
    this.#select = database.prepare(
      `SELECT typeof(checktxt) AS type, CAST(checktxt AS BLOB) AS text FROM file
         WHERE filename = CAST(? AS TEXT)`,
    );
    this.#forget = database.prepare('DELETE FROM file WHERE filename = CAST(? AS TEXT)');
    this.#note = database.prepare(
      'INSERT INTO file (filename, checktxt) VALUES (CAST(? AS TEXT), CAST(? AS TEXT))',
    );
    this.#unmark = database.prepare(
      'DELETE FROM dirty WHERE filename = CAST(? AS TEXT) AND peername = CAST(? AS TEXT)',
    );
    this.#mark = database.prepare(
      `INSERT INTO dirty (filename, forced, myname, peername)
         VALUES (CAST(? AS TEXT), 0, CAST(? AS TEXT), CAST(? AS TEXT))`,
    );
    this.#command = database.prepare('SELECT 1 FROM action LIMIT 1');
  }

  /** Those of a connection; their statements are prepared once. */
  static of(database: Database.Database): NoteRows {
    const known = prepared.get(database);
    if (known) return known;
    const rows = new NoteRows(database);
    prepared.set(database, rows);
    return rows;
  }

  /** Whether commands wait that the next csync2 runs at its end. */
  get hasCommands(): boolean {
    return this.#command.get() !== undefined;
  }

  /** What is noted of a file: escaped; undefined: nothing; `odd`: no text. */
  noted(encoded: Buffer): Buffer | 'odd' | undefined {
    const row = this.#select.get(encoded) as { type: string; text: Buffer } | undefined;
    if (!row) return undefined;
    return row.type === 'text' ? row.text : 'odd';
  }

  /** Takes note of a file. */
  note(encoded: Buffer, text: Buffer): void {
    this.#forget.run(encoded);
    this.#note.run(encoded, text);
  }

  forget(encoded: Buffer): void {
    this.#forget.run(encoded);
  }

  /** Makes a file pending for peers. */
  mark(encoded: Buffer, peers: readonly MarkedPeer[]): void {
    for (const { name, myName } of peers) {
      const peer = encodeName(Buffer.from(name, 'latin1'));
      this.#unmark.run(encoded, peer);
      this.#mark.run(encoded, encodeName(Buffer.from(myName, 'latin1')), peer);
    }
  }
}

/** Whether two notes say the same: csync2 compares them unescaped. */
export function isSameNote(noted: Buffer, text: Buffer): boolean {
  return noted.equals(text) || decodeName(noted).equals(decodeName(text));
}

const prepared = new WeakMap<Database.Database, NoteRows>();
