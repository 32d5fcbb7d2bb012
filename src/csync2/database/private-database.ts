import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { encodeName } from '../files/name-encoding.js';
import type { Ledger } from './ledger.js';
import { rangeBelow } from './name-range.js';
import type { PendingRow } from './pending-table.js';
import { insertPending } from './pending-writes.js';

/**
 * A small private database for one push to one peer. It holds some of the peer's dirty rows, the
 * rows of their parent directories and the certificates. csync2 works on it through `-D`, so that
 * no lock on the real database is held over a network wait and the lanes run in parallel.
 *
 * Everything in it is a copy. If the machine dies, all rows are still pending in the real database.
 */
export class PrivateDatabase {
  readonly file: string;
  readonly #peer: Buffer;
  readonly #rows: ReadonlyMap<string, PushedRow>;
  readonly #pinned: ReadonlySet<string>;

  private constructor(
    file: string,
    peer: Buffer,
    rows: ReadonlyMap<string, PushedRow>,
    pinned: ReadonlySet<string>,
  ) {
    this.file = file;
    this.#peer = peer;
    this.#rows = rows;
    this.#pinned = pinned;
  }

  /** Makes the database. `rows` should have passed {@link completeSlice}. */
  static build(
    ledger: Ledger,
    file: string,
    peer: string,
    rows: readonly PendingRow[],
  ): PrivateDatabase {
    const encodedPeer = encodeName(Buffer.from(peer));
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    for (const leftover of [file, `${file}-journal`]) rmSync(leftover, { force: true });
    const database = new Database(file);
    let pinned: ReadonlySet<string> = new Set();
    try {
      database.pragma('synchronous = OFF');
      // No rollback is needed, because an incomplete database is made again.
      database.pragma('journal_mode = OFF');
      database.transaction(() => {
        database.exec(schema);
        insertPending(database, encodedPeer, rows);
        database.exec('INSERT INTO pushed SELECT filename FROM dirty');
        database.prepare('INSERT INTO push VALUES (?)').run(Date.now());
        insertParents(database, ledger, rows);
        pinned = copyCertificates(ledger.database, database);
        // From here on csync2 works on the database. Triggers note the files that it sends and
        // those that it finds missing on the peer.
        database.exec(triggers);
      })();
    } finally {
      database.close();
    }
    const pushed = rows.map((row) => ({ ...row, seen: ledger.notes.textOf(row.encoded) }));
    const byName = new Map(pushed.map((row) => [row.encoded.toString('latin1'), row]));
    return new PrivateDatabase(file, encodedPeer, byName, pinned);
  }

  /**
   * The progress of a push whose daemon was killed before it could merge it. The rows are still
   * pending, and the peer may have later versions of files that it had accepted. Undefined if there
   * is no such push, or it can't be read.
   */
  static recall(file: string): InterruptedPush | undefined {
    let database: Database.Database | undefined;
    try {
      database = new Database(file, { fileMustExist: true });
      const { began } = database.prepare('SELECT began FROM push').get() as { began: number };
      const accepted = database
        .prepare(
          `SELECT CAST(filename AS BLOB) AS encoded FROM pushed
             WHERE filename NOT IN (SELECT filename FROM dirty)`,
        )
        .pluck()
        .all() as Buffer[];
      return { accepted, began, ended: statSync(file).mtimeMs };
    } catch {
      return undefined;
    } finally {
      database?.close();
    }
  }

  /** Rows of files that csync2 had no note of when the push began. */
  get unnoted(): readonly PendingRow[] {
    return [...this.#rows.values()].filter(({ seen }) => seen === undefined);
  }

  /** The rows that the push began with. */
  get rows(): readonly PushedRow[] {
    return [...this.#rows.values()];
  }

  /** Whether the push began with a row of this name. */
  has(encoded: Buffer): boolean {
    return this.#rows.has(encoded.toString('latin1'));
  }

  /** How many rows the push began with. */
  get size(): number {
    return this.#rows.size;
  }

  /** The result of the push, read after csync2 has ended. */
  outcome(): PushOutcome {
    const database = new Database(this.file, { fileMustExist: true });
    try {
      const left = new Set(
        names(
          database,
          'SELECT CAST(filename AS BLOB) AS name FROM dirty WHERE peername = CAST(? AS TEXT)',
          this.#peer,
        ),
      );
      const sent = [...this.#rows].filter(([name]) => !left.has(name)).map(([, row]) => row);
      const marked = names(
        database,
        'SELECT CAST(filename AS BLOB) AS name FROM pushed_marks WHERE peername = CAST(? AS TEXT) ORDER BY filename',
        this.#peer,
      );
      const certificates = database
        .prepare('SELECT peername, certdata FROM x509_cert')
        .all() as PushOutcome['certificates'];
      return {
        sent,
        left: [...this.#rows].filter(([name]) => left.has(name)).map(([, row]) => row),
        missingOnPeer: outermost(marked.map((name) => Buffer.from(name, 'latin1'))),
        certificates: certificates.filter(({ peername }) => !this.#pinned.has(peername)),
      };
    } finally {
      database.close();
    }
  }

  remove(): void {
    for (const file of [this.file, `${this.file}-journal`]) rmSync(file, { force: true });
  }
}

/** A push whose end no daemon has seen. Times in milliseconds since 1970. */
export interface InterruptedPush {
  /** Names of files that the peer had accepted, or already had. */
  readonly accepted: readonly Buffer[];
  readonly began: number;
  /** When csync2 had noted the last of them, or earlier. */
  readonly ended: number;
}

/** A row that is pushed, and csync2's note of the file when the push began. */
export interface PushedRow extends PendingRow {
  readonly seen: string | undefined;
}

/** The result of one push. */
export interface PushOutcome {
  readonly sent: readonly PushedRow[];
  readonly left: readonly PushedRow[];
  /**
   * Directories that the peer lacked, so that csync2 marked them again. Everything below them is
   * pending again.
   */
  readonly missingOnPeer: readonly Buffer[];
  /** Rows whose directories must be sent before them; none if not given. */
  readonly needParents?: readonly PushedRow[];
  /**
   * Sent rows of which the peer has a later version, which the peer sends to us; none if not given.
   */
  readonly later?: readonly PushedRow[];
  /** Certificates that csync2 has seen for the first time. */
  readonly certificates: readonly { readonly peername: string; readonly certdata: string }[];
}

/**
 * Removes sent rows from the real database's pending rows, in one short transaction. A row that was
 * marked again meanwhile stays. It has another rowid, or csync2 has seen the file change, or its
 * path is among `checkedMeanwhile`. The rowid alone is no proof, because SQLite reuses the highest
 * one when its row is replaced.
 *
 * A file that csync2 has noted again is pending even without a mark. When a peer sends us the file
 * that we are sending, and wins, its session removes our mark, and our version may have reached the
 * peer before or after.
 *
 * Throws what better-sqlite3 throws. `SQLITE_BUSY` means that nothing has been changed and that the
 * caller can try again shortly.
 */
export function mergePush(
  ledger: Ledger,
  peer: string,
  outcome: PushOutcome,
  checkedMeanwhile: (encoded: Buffer) => boolean,
): void {
  const { database } = ledger;
  const encodedPeer = encodeName(Buffer.from(peer));
  const remove = database.prepare(
    'DELETE FROM dirty WHERE rowid = ? AND filename = CAST(? AS TEXT) AND peername = CAST(? AS TEXT)',
  );
  const markAgain = database.prepare(
    `INSERT OR IGNORE INTO dirty (filename, forced, myname, peername)
       VALUES (CAST(? AS TEXT), 0, CAST(? AS TEXT), CAST(? AS TEXT))`,
  );
  const markTree = database.prepare(
    `INSERT OR IGNORE INTO dirty (filename, forced, myname, peername)
       SELECT filename, 0, CAST(:myName AS TEXT), CAST(:peer AS TEXT) FROM file WHERE filename = CAST(:self AS TEXT)
       UNION ALL SELECT filename, 0, CAST(:myName AS TEXT), CAST(:peer AS TEXT) FROM file
         WHERE filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT)`,
  );
  const markKnown = database.prepare(
    `INSERT OR IGNORE INTO dirty (filename, forced, myname, peername)
       SELECT filename, 0, CAST(:myName AS TEXT), CAST(:peer AS TEXT) FROM file WHERE filename = CAST(:parent AS TEXT)`,
  );
  const pin = database.prepare(
    'INSERT OR IGNORE INTO x509_cert (peername, certdata) VALUES (?, ?)',
  );
  const myName = outcome.sent[0]?.myName ?? outcome.left[0]?.myName;
  const merge = database.transaction(() => {
    for (const row of outcome.sent) {
      if (ledger.notes.textOf(row.encoded) !== row.seen)
        markAgain.run(row.encoded, row.myName, encodedPeer);
      else if (!checkedMeanwhile(row.encoded)) remove.run(row.rowid, row.encoded, encodedPeer);
    }
    for (const directory of outcome.missingOnPeer) {
      markTree.run({ ...rangeBelow(directory), myName, peer: encodedPeer });
    }
    const parents = new Parents();
    for (const { encoded, myName: from } of outcome.needParents ?? []) {
      for (const parent of parents.add(encoded))
        markKnown.run({ parent, myName: from, peer: encodedPeer });
    }
    for (const { peername, certdata } of outcome.certificates) pin.run(peername, certdata);
  });
  ledger.withoutWaiting(() => merge.immediate());
}

/** The current type of a database name on disk. */
export type OnDisk = 'directory' | 'link' | 'other' | 'gone';

/**
 * Completes a slice, so that csync2 can carry it out on its own. Adds the dirty parent directories
 * of its rows. Leaves a vanished directory for later while dirty files below it are not in the
 * slice, because the peer could not remove it. With the parents the slice has at most `limit` rows.
 * Other rows are left for later. A file in thousands of new directories leaves the innermost of
 * them.
 *
 * @param comesAlong - directories for which it returns false are not added
 */
export function completeSlice(
  ledger: Ledger,
  peer: string,
  rows: readonly PendingRow[],
  limit: number,
  look: (encoded: Buffer) => OnDisk,
  comesAlong: (directory: PendingRow) => boolean = () => true,
): PendingRow[] {
  const encodedPeer = encodeName(Buffer.from(peer));
  const slice = new Map<string, PendingRow>();
  const find = ledger.database.prepare(
    `SELECT rowid, CAST(filename AS BLOB) AS encoded, CAST(myname AS BLOB) AS myName, forced FROM dirty
       WHERE filename = CAST(? AS TEXT) AND peername = CAST(? AS TEXT)`,
  );
  const below = ledger.database.prepare(
    `SELECT CAST(filename AS BLOB) AS name FROM dirty WHERE peername = CAST(:peer AS TEXT)
       AND filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT)`,
  );
  const parents = new Parents();
  for (const given of rows) {
    if (slice.size >= limit) break;
    const chain = [given];
    // A file that is gone needs no directory on the peer.
    if (look(given.encoded) !== 'gone') {
      for (const parent of parents.add(given.encoded)) {
        const found = find.get(parent, encodedPeer) as PendingRow | undefined;
        const row = found && { ...found, forced: Number(found.forced) };
        if (row && comesAlong(row)) chain.push(row);
      }
    }
    for (const row of chain.reverse().slice(0, limit - slice.size)) {
      const key = row.encoded.toString('latin1');
      if (!slice.has(key)) slice.set(key, row);
    }
  }
  for (const [key, row] of slice) {
    if (look(row.encoded) === 'directory') continue;
    const { from, to } = rangeBelow(row.encoded);
    for (const found of below.iterate({ from, to, peer: encodedPeer }) as Iterable<{
      name: Buffer;
    }>) {
      if (slice.has(found.name.toString('latin1'))) continue;
      slice.delete(key);
      break;
    }
  }
  return [...slice.values()];
}

function insertParents(
  database: Database.Database,
  ledger: Ledger,
  rows: readonly PendingRow[],
): void {
  const find = ledger.database.prepare(
    'SELECT CAST(checktxt AS BLOB) AS checktxt FROM file WHERE filename = CAST(? AS TEXT)',
  );
  const insert = database.prepare(
    'INSERT INTO file (filename, checktxt) VALUES (CAST(? AS TEXT), CAST(? AS TEXT))',
  );
  const parents = new Parents();
  for (const { encoded } of rows) {
    for (const parent of parents.add(encoded)) {
      const row = find.get(parent) as { checktxt: Buffer } | undefined;
      if (row) insert.run(parent, row.checktxt);
    }
  }
}

/** @returns the peers whose certificates are known */
function copyCertificates(from: Database.Database, to: Database.Database): ReadonlySet<string> {
  const insert = to.prepare('INSERT INTO x509_cert (peername, certdata) VALUES (?, ?)');
  const rows = from
    .prepare('SELECT peername, certdata FROM x509_cert')
    .all() as PushOutcome['certificates'];
  for (const row of rows) insert.run(row.peername, row.certdata);
  return new Set(rows.map((row) => row.peername));
}

/** The directories above names, each once. */
class Parents {
  readonly #known = new Set<string>();

  /** Adds the directories above this name. Returns the new ones, the innermost first. */
  add(encoded: Buffer): Buffer[] {
    const parents: Buffer[] = [];
    for (let end = encoded.lastIndexOf('/'); end > 0; end = encoded.lastIndexOf('/', end - 1)) {
      const parent = encoded.subarray(0, end);
      const key = parent.toString('latin1');
      if (this.#known.has(key)) break;
      this.#known.add(key);
      parents.push(parent);
    }
    return parents;
  }
}

/** The sorted names that lie below no other. */
function outermost(sorted: readonly Buffer[]): Buffer[] {
  const kept: Buffer[] = [];
  for (const name of sorted) {
    const last = kept.at(-1);
    if (last && name.subarray(0, last.length + 1).equals(Buffer.concat([last, Buffer.from('/')])))
      continue;
    kept.push(name);
  }
  return kept;
}

function names(database: Database.Database, sql: string, ...parameters: unknown[]): string[] {
  const rows = database.prepare(sql).all(...parameters) as { name: Buffer }[];
  return rows.map((row) => row.name.toString('latin1'));
}

/** csync2's tables (csync2 db_sqlite.c), and one of ours. */
const schema = `
  CREATE TABLE file (filename, checktxt, UNIQUE (filename) ON CONFLICT REPLACE);
  CREATE TABLE dirty (filename, forced, myname, peername, UNIQUE (filename, peername) ON CONFLICT IGNORE);
  CREATE TABLE hint (filename, recursive, UNIQUE (filename, recursive) ON CONFLICT IGNORE);
  CREATE TABLE action (filename, command, logfile, UNIQUE (filename, command) ON CONFLICT IGNORE);
  CREATE TABLE x509_cert (peername, certdata, UNIQUE (peername) ON CONFLICT IGNORE);
  CREATE TABLE pushed_marks (filename, peername);
  CREATE TABLE pushed (filename);
  CREATE TABLE push (began);
`;

const triggers = `
  CREATE TRIGGER note_mark AFTER INSERT ON dirty
    BEGIN INSERT INTO pushed_marks VALUES (NEW.filename, NEW.peername); END;
`;
