import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { encodeName } from '../files/name-encoding.js';
import { type DirtyRow, insertDirty, type Ledger, subtree } from './ledger.js';

/**
 * A small database of its own for one push to one peer: some of the peer's dirty rows, the rows of
 * their parent directories and the certificates. csync2 works on it through `-D`, so that no lock
 * on the real one is held over a network wait and the lanes run in parallel.
 *
 * Everything in it is a copy. If the machine dies, all is still pending in the real database.
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
    rows: readonly DirtyRow[],
  ): PrivateDatabase {
    const encodedPeer = encodeName(Buffer.from(peer));
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    for (const leftover of [file, `${file}-journal`]) rmSync(leftover, { force: true });
    const database = new Database(file);
    let pinned: ReadonlySet<string> = new Set();
    try {
      database.pragma('synchronous = OFF');
      // What is half made is made again.
      database.pragma('journal_mode = OFF');
      database.transaction(() => {
        database.exec(schema);
        insertDirty(database, encodedPeer, rows);
        database.exec('INSERT INTO pushed SELECT filename FROM dirty');
        database.prepare('INSERT INTO push VALUES (?)').run(Date.now());
        insertParents(database, ledger, rows);
        pinned = copyCertificates(ledger.database, database);
        // From here on csync2 works: what it sends and what it finds missing on the peer is noted
        // by triggers.
        database.exec(triggers);
      })();
    } finally {
      database.close();
    }
    const pushed = rows.map((row) => ({ ...row, seen: ledger.checkText(row.encoded) }));
    const byName = new Map(pushed.map((row) => [row.encoded.toString('latin1'), row]));
    return new PrivateDatabase(file, encodedPeer, byName, pinned);
  }

  /**
   * What a push had come to whose daemon was killed before it could merge it. The rows are pending
   * still, and the peer may have later versions of those that it had accepted. Undefined if there
   * is none, or it can't be read.
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
  get unnoted(): readonly DirtyRow[] {
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

  /** What the push did, read after csync2 has ended. */
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

/** A push of which nobody has seen the end. Times in milliseconds since 1970. */
export interface InterruptedPush {
  /** Names that the peer had accepted, or that it had already. */
  readonly accepted: readonly Buffer[];
  readonly began: number;
  /** When csync2 had noted the last of them, or earlier. */
  readonly ended: number;
}

/** A row that is pushed, and what csync2 had seen of the file when the push began. */
export interface PushedRow extends DirtyRow {
  readonly seen: string | undefined;
}

/** What one push came to. */
export interface PushOutcome {
  readonly sent: readonly PushedRow[];
  readonly left: readonly PushedRow[];
  /**
   * Directories that the peer lacked, so that csync2 marked them again: all below them is pending
   * once more.
   */
  readonly missingOnPeer: readonly Buffer[];
  /** Rows whose directories are to be sent before them; none if not given. */
  readonly needParents?: readonly PushedRow[];
  /**
   * Rows among those sent of which the peer has a later version, which comes from there; none if
   * not given.
   */
  readonly later?: readonly PushedRow[];
  /** Certificates that csync2 has seen for the first time. */
  readonly certificates: readonly { readonly peername: string; readonly certdata: string }[];
}

/**
 * Removes what was sent from the real database's pending rows, in one short transaction. A row that
 * was marked again meanwhile stays: it has another rowid, or csync2 has seen the file change, or
 * its path is among `checkedMeanwhile`. The rowid alone does not tell: SQLite gives the highest one
 * out again when the row that had it is replaced.
 *
 * A file of which csync2 has taken new note is pending even if nobody has marked it: when a peer
 * sends us the file that we are sending, and wins, its session takes our mark off, and what we sent
 * may have reached the peer before or after.
 *
 * Throws what better-sqlite3 throws; `SQLITE_BUSY` means: try again shortly, nothing has been
 * changed.
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
      if (ledger.checkText(row.encoded) !== row.seen)
        markAgain.run(row.encoded, row.myName, encodedPeer);
      else if (!checkedMeanwhile(row.encoded)) remove.run(row.rowid, row.encoded, encodedPeer);
    }
    for (const directory of outcome.missingOnPeer) {
      markTree.run({ ...subtree(directory), myName, peer: encodedPeer });
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

/**
 * Removes a file from the pending rows of some peers, in one short transaction, but not where
 * somebody wants it forced. Throws what better-sqlite3 throws.
 */
export function forgetDirty({ database }: Ledger, encoded: Buffer, peers: readonly string[]): void {
  const forget = database.prepare(
    `DELETE FROM dirty WHERE filename = CAST(? AS TEXT) AND peername = CAST(? AS TEXT)
       AND CAST(forced AS INTEGER) = 0`,
  );
  const forgetAll = database.transaction(() => {
    for (const peer of peers) forget.run(encoded, encodeName(Buffer.from(peer)));
  });
  forgetAll.immediate();
}

/**
 * Takes off what is pending for a peer of some names, also what is to be sent with force. Throws as
 * {@link forgetDirty}.
 */
export function withdrawDirty({ database }: Ledger, names: readonly Buffer[], peer: string): void {
  const withdraw = database.prepare(
    'DELETE FROM dirty WHERE filename = CAST(? AS TEXT) AND peername = CAST(? AS TEXT)',
  );
  const withdrawAll = database.transaction(() => {
    for (const encoded of names) withdraw.run(encoded, encodeName(Buffer.from(peer)));
  });
  withdrawAll.immediate();
}

/** What a name of the database is on disk now. */
export type OnDisk = 'directory' | 'link' | 'other' | 'gone';

/**
 * Makes a slice one that csync2 can carry out on its own: adds the dirty parent directories of its
 * rows, and leaves a vanished directory for later while dirty files below it are not in the slice
 * (the peer could not remove it). With the parents it has no more than `limit` rows: what does not
 * fit is left for later, of a file in thousands of new directories the innermost of them.
 *
 * @param comesAlong - directories for which it says no are not added
 */
export function completeSlice(
  ledger: Ledger,
  peer: string,
  rows: readonly DirtyRow[],
  limit: number,
  look: (encoded: Buffer) => OnDisk,
  comesAlong: (directory: DirtyRow) => boolean = () => true,
): DirtyRow[] {
  const encodedPeer = encodeName(Buffer.from(peer));
  const slice = new Map<string, DirtyRow>();
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
    // What is gone needs no directory on the peer.
    if (look(given.encoded) !== 'gone') {
      for (const parent of parents.add(given.encoded)) {
        const found = find.get(parent, encodedPeer) as DirtyRow | undefined;
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
    const { from, to } = subtree(row.encoded);
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
  rows: readonly DirtyRow[],
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

  /** Those above this name that are not known yet, the innermost first. */
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

/** Of sorted names, those that lie below no other. */
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
