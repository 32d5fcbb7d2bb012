import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
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

/** A file that csync2 still has to push to a peer. */
export interface DirtyRow {
  readonly rowid: number;
  /** The name in the database, percent-escaped; the `%prefix%` form is possible. */
  readonly encoded: Buffer;
  /** This node's name for the peer. */
  readonly myName: Buffer;
  readonly forced: number;
}

/**
 * Our access to csync2's SQLite database, which holds csync2's notes and the pending rows. It
 * mostly reads. Only pending rows are written, because `private-database.ts` removes what was sent,
 * and `comparison.ts` adds what a new peer lacks.
 *
 * csync2 commits in short moments and our reads take a snapshot, so `SQLITE_BUSY` goes away within
 * milliseconds. The connection waits for that.
 */
export class Ledger {
  readonly file: string;
  readonly #prefixes: readonly PathPrefix[];
  #open: { readonly database: Database.Database; readonly inode: bigint } | undefined;

  constructor(file: string, prefixes: readonly PathPrefix[]) {
    this.file = file;
    this.#prefixes = prefixes;
  }

  /**
   * The connection. It is reopened if another process has replaced the file. Throws a
   * {@link LedgerError}.
   */
  get database(): Database.Database {
    const stat = statSync(this.file, { bigint: true, throwIfNoEntry: false });
    if (!stat) throw new LedgerError(this.file, 'it does not exist');
    if (this.#open && this.#open.inode !== stat.ino) this.close();
    if (!this.#open) {
      try {
        const database = new Database(this.file, {
          fileMustExist: true,
          timeout: readWaitMilliseconds,
        });
        // Opening reads nothing yet. This query shows whether the file is a database.
        database.prepare('SELECT 1 FROM file, dirty LIMIT 1').get();
        this.#open = { database, inode: stat.ino };
      } catch (error) {
        throw new LedgerError(this.file, (error as Error).message, { cause: error });
      }
    }
    return this.#open.database;
  }

  /**
   * Runs several queries on one snapshot, which is ten times faster than one by one. Keep it to a
   * few hundred, because a csync2 that wants to write meanwhile finds the database busy and sleeps
   * for a second.
   */
  reading<Result>(questions: () => Result): Result {
    return this.database.transaction(questions).deferred();
  }

  /** Whether csync2 has a row for this path under any of its names. */
  knows(path: PathBytes): boolean {
    const statement = this.#prepare('SELECT 1 FROM file WHERE filename = CAST(? AS TEXT)');
    return namesOf(path, this.#prefixes).some(
      (name) => statement.get(encodeName(name)) !== undefined,
    );
  }

  /** csync2's own description of a file, by its name in the database. */
  checkText(encoded: Buffer): string | undefined {
    const row = this.#prepare('SELECT checktxt FROM file WHERE filename = CAST(? AS TEXT)').get(
      encoded,
    );
    return (row as { checktxt: string } | undefined)?.checktxt;
  }

  /** The files that csync2 has noted last, at most `limit` of them, the last first. */
  newest(limit: number): RecentNote[] {
    const rows = this.#prepare(
      'SELECT rowid, CAST(filename AS BLOB) AS name, checktxt FROM file ORDER BY rowid DESC LIMIT ?',
    ).all(limit);
    return (rows as { rowid: number; name: Buffer; checktxt: string }[]).flatMap((row) => {
      const path = realPathOf(decodeName(row.name), this.#prefixes);
      // The rowid alone is no proof, because SQLite reuses the highest one when its row is
      // replaced.
      return path
        ? [{ id: `${row.rowid} ${row.name.toString('latin1')} ${row.checktxt}`, path }]
        : [];
    });
  }

  /** csync2's note for this path, under the first of its names that csync2 knows. */
  noted(path: PathBytes): NotedFile | undefined {
    const statement = this.#prepare(
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

  /** The number of the row that csync2 has written last; 0 if there is none. */
  lastRow(): number {
    return (
      (this.#prepare('SELECT max(rowid) AS row FROM file').get() as { row: number | null }).row ?? 0
    );
  }

  /** The notes that csync2 has written after this row, in that order. */
  notedAfter(row: number): { readonly row: number; readonly name: Buffer }[] {
    const rows = this.#prepare(
      'SELECT rowid AS row, CAST(filename AS BLOB) AS name FROM file WHERE rowid > ? ORDER BY rowid',
    ).all(row) as { row: number; name: Buffer }[];
    return rows.map((found) => ({ ...found, name: decodeName(found.name) }));
  }

  /**
   * Counts the files that csync2 knows at or below this path, up to `limit`.
   *
   * @param orPending - also counts files that csync2 has forgotten but that are still pending,
   *   because csync2 treats them as deleted
   */
  countWithin(path: PathBytes, limit: number, orPending = false): number {
    const statement = this.#prepare(
      `SELECT count(*) AS n FROM (SELECT 1 FROM file WHERE filename = CAST(:self AS TEXT)
         UNION ALL SELECT 1 FROM file WHERE filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT) LIMIT :limit)`,
    );
    let count = 0;
    for (const name of namesWithin(path, this.#prefixes)) {
      count += (statement.get({ ...subtree(encodeName(name)), limit }) as { n: number }).n;
      if (orPending && count < limit) count += this.#countForgotten(encodeName(name), limit);
    }
    return Math.min(count, limit);
  }

  /**
   * csync2's notes at and below a path, by the names under which it has them. Reads a thousand at a
   * time and keeps nothing open in between.
   */
  *notedWithin(
    path: PathBytes,
  ): Generator<readonly { readonly name: Buffer; readonly text: string }[], void> {
    for (const name of namesWithin(path, this.#prefixes)) {
      const { self, ...range } = subtree(encodeName(name));
      const own = this.checkText(self);
      if (own !== undefined) yield [{ name, text: own }];
      for (let { from } = range, rows: { name: Buffer; text: string }[]; ; ) {
        rows = this.#prepare(
          `SELECT CAST(filename AS BLOB) AS name, checktxt AS text FROM file
             WHERE filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT) ORDER BY filename LIMIT 1000`,
        ).all({ from, to: range.to }) as { name: Buffer; text: string }[];
        const last = rows.at(-1);
        if (!last) break;
        from = last.name;
        yield rows.map((row) => ({ name: decodeName(row.name), text: row.text }));
      }
    }
  }

  #countForgotten(encoded: Buffer, limit: number): number {
    const statement = this.#prepare(
      `SELECT count(*) AS n FROM (SELECT DISTINCT filename FROM dirty WHERE (filename = CAST(:self AS TEXT)
         OR (filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT)))
         AND NOT EXISTS (SELECT 1 FROM file WHERE file.filename = dirty.filename) LIMIT :limit)`,
    );
    return (statement.get({ ...subtree(encoded), limit }) as { n: number }).n;
  }

  /**
   * As {@link childrenWithin}, each child once and at most `limit` of them.
   *
   * @param orPending - also files that csync2 has forgotten but that are still pending for a peer
   */
  childrenOf(directory: PathBytes, limit: number, orPending = false): KnownChild[] {
    const children = new Map<string, KnownChild>();
    for (const table of orPending ? (['file', 'dirty'] as const) : (['file'] as const)) {
      for (const portion of this.childrenWithin(directory, table)) {
        for (const { name, deep } of portion) {
          const key = name.toString('latin1');
          if (children.size >= limit && !children.has(key)) return [...children.values()];
          children.set(key, { name, deep: deep || (children.get(key)?.deep ?? false) });
        }
      }
    }
    return [...children.values()];
  }

  /**
   * The names directly below a directory that csync2 knows, and whether it knows something below
   * each. Reads some thousand at a time and keeps nothing open in between. A name may come once as
   * a file, and later again as one with something below.
   */
  *childrenWithin(
    directory: PathBytes,
    table: 'file' | 'dirty' = 'file',
  ): Generator<readonly KnownChild[], void> {
    for (const name of namesOf(directory, this.#prefixes)) {
      const { from: base, to } = subtree(encodeName(name));
      let portion: KnownChild[] = [];
      // Names without anything below them are read together, and everything below a name is
      // skipped. So a child with 100,000 files below it costs one query, and 100,000 children cost
      // a few.
      for (let from: Buffer | undefined = base, limit = 1; from; ) {
        const rows = this.#namesFrom(table, { from, to, limit });
        from = undefined;
        for (const row of rows) {
          const rest = row.subarray(base.length);
          const end = rest.indexOf(slash);
          const child = end < 0 ? rest : rest.subarray(0, end);
          if (child.length > 0) portion.push({ name: decodeName(child), deep: end >= 0 });
          // Files below a child may sort after other names (`x-1` comes before `x/1`), and then
          // yield the same child later. 0x2f '/' is followed by 0x30 '0', so everything below the
          // child sorts before that key.
          from = Buffer.concat([base, child, Buffer.from(end < 0 ? '\x01' : '0')]);
          if (end >= 0) break;
        }
        const isFlat = rows.length === limit && rows.at(-1)?.indexOf(slash, base.length) === -1;
        limit = isFlat ? Math.min(limit * 2, mostTogether) : 1;
        if (portion.length < portionLength) continue;
        yield portion;
        portion = [];
      }
      if (portion.length > 0) yield portion;
    }
  }

  #namesFrom(table: string, range: { from: Buffer; to: Buffer; limit: number }): Buffer[] {
    const rows = this.#prepare(
      `SELECT CAST(filename AS BLOB) AS name FROM ${table}
         WHERE filename >= CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT) ORDER BY filename LIMIT :limit`,
    ).all(range) as { name: Buffer }[];
    return rows.map(({ name }) => name);
  }

  /**
   * Pending rows of a peer, the newest first, or with `deepest` in an order in which directories
   * can be removed. Very long names may give fewer than `limit` rows although there are more.
   *
   * @param keep - rows for which it returns false are skipped and don't count
   */
  dirtyFor(
    peer: string,
    limit: number,
    order: 'newest' | 'deepest' = 'newest',
    keep: (row: DirtyRow) => boolean = () => true,
  ): DirtyRow[] {
    const rows = this.#prepare(
      `SELECT rowid, CAST(filename AS BLOB) AS encoded, CAST(myname AS BLOB) AS myName, forced FROM dirty
         WHERE peername = CAST(? AS TEXT) ORDER BY ${order === 'newest' ? 'rowid' : 'filename'} DESC`,
    ).iterate(encodeName(Buffer.from(peer))) as Iterable<DirtyRow & { forced: unknown }>;
    const kept: DirtyRow[] = [];
    let bytes = 0;
    for (const found of rows) {
      const row = { ...found, forced: Number(found.forced) };
      if (!keep(row)) continue;
      kept.push(row);
      bytes += row.encoded.length;
      if (kept.length >= limit || bytes >= nameBytesAtOnce) break;
    }
    return kept;
  }

  /** The rows that are pending for a peer at and below a path, at most `limit` of them. */
  pendingWithin(peer: string, path: PathBytes, limit: number): DirtyRow[] {
    const statement = this.#prepare(
      `SELECT rowid, CAST(filename AS BLOB) AS encoded, CAST(myname AS BLOB) AS myName, forced FROM dirty
         WHERE peername = CAST(:peer AS TEXT) AND (filename = CAST(:self AS TEXT)
         OR (filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT))) LIMIT :limit`,
    );
    const encodedPeer = encodeName(Buffer.from(peer));
    return namesWithin(path, this.#prefixes).flatMap(
      (name) =>
        statement.all({ ...subtree(encodeName(name)), peer: encodedPeer, limit }) as DirtyRow[],
    );
  }

  /** The names of all files that are pending for a peer. */
  dirtyNames(peer: string): Buffer[] {
    const rows = this.#prepare(
      'SELECT CAST(filename AS BLOB) AS name FROM dirty WHERE peername = CAST(? AS TEXT)',
    ).all(encodeName(Buffer.from(peer))) as { name: Buffer }[];
    return rows.map(({ name }) => decodeName(name));
  }

  /** Whether a file with a name longer than so many bytes is pending for a peer. */
  hasPendingLongName(peer: string, nameBytes: number): boolean {
    const statement = this.#prepare(
      'SELECT 1 FROM dirty WHERE peername = CAST(? AS TEXT) AND octet_length(filename) > ? LIMIT 1',
    );
    return statement.get(encodeName(Buffer.from(peer)), nameBytes) !== undefined;
  }

  /** The newest pending rows of a peer, without those with names longer than so many bytes. */
  newestOf(peer: string, limit: number, nameBytes: number): DirtyRow[] {
    const rows = this.#prepare(
      `SELECT rowid, CAST(filename AS BLOB) AS encoded, CAST(myname AS BLOB) AS myName, forced FROM dirty
         WHERE peername = CAST(? AS TEXT) AND octet_length(filename) <= ? ORDER BY rowid DESC LIMIT ?`,
    ).all(encodeName(Buffer.from(peer)), nameBytes, limit) as DirtyRow[];
    return rows.map((row) => ({ ...row, forced: Number(row.forced) }));
  }

  /** A pending row of a peer, by the file's name in the database. */
  pendingRow(peer: string, encoded: Buffer): DirtyRow | undefined {
    return this.#prepare(
      `SELECT rowid, CAST(filename AS BLOB) AS encoded, CAST(myname AS BLOB) AS myName, forced FROM dirty
         WHERE filename = CAST(? AS TEXT) AND peername = CAST(? AS TEXT)`,
    ).get(encoded, encodeName(Buffer.from(peer))) as DirtyRow | undefined;
  }

  /**
   * csync2's texts by names of the database, both one character a byte, for one name and if
   * `isDeep` also for all names below it.
   */
  notes(encoded: Buffer, isDeep: boolean): (readonly [name: string, text: string])[] {
    const below = isDeep
      ? 'OR (filename > CAST(:from AS TEXT) AND filename < CAST(:to AS TEXT))'
      : '';
    const { self, ...range } = subtree(encoded);
    const rows = this.#prepare(
      `SELECT CAST(filename AS BLOB) AS name, CAST(checktxt AS BLOB) AS text FROM file
         WHERE filename = CAST(:self AS TEXT) ${below}`,
    ).all(isDeep ? { self, ...range } : { self }) as { name: Buffer; text: Buffer }[];
    return rows.map(
      ({ name, text }) => [name.toString('latin1'), text.toString('latin1')] as const,
    );
  }

  /** All of {@link notes}, one at a time. */
  *allNotes(): Generator<readonly [name: string, text: string], void> {
    const rows = this.#prepare(
      'SELECT CAST(filename AS BLOB) AS name, CAST(checktxt AS BLOB) AS text FROM file',
    ).iterate() as Iterable<{ name: Buffer; text: Buffer }>;
    for (const { name, text } of rows) yield [name.toString('latin1'), text.toString('latin1')];
  }

  /** Whether a file is pending for any peer, by its name in the database. */
  isPending(encoded: Buffer): boolean {
    return (
      this.#prepare('SELECT 1 FROM dirty WHERE filename = CAST(? AS TEXT) LIMIT 1').get(encoded) !==
      undefined
    );
  }

  /** How many files are pending for a peer. */
  countDirty(peer: string): number {
    const row = this.#prepare(
      'SELECT count(*) AS n FROM dirty WHERE peername = CAST(? AS TEXT)',
    ).get(encodeName(Buffer.from(peer))) as { n: number };
    return row.n;
  }

  /**
   * Runs a write that throws `SQLITE_BUSY` at once, so that it doesn't hold up the event loop.
   * csync2's server keeps its lock for up to 3 s while it receives.
   */
  withoutWaiting<Result>(write: () => Result): Result {
    const { database } = this;
    database.pragma('busy_timeout = 0');
    try {
      return write();
    } finally {
      database.pragma(`busy_timeout = ${readWaitMilliseconds}`);
    }
  }

  close(): void {
    this.#open?.database.close();
    this.#open = undefined;
    this.#statements.clear();
  }

  readonly #statements = new Map<string, Database.Statement>();

  #prepare(sql: string): Database.Statement {
    const { database } = this;
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** A name directly below a directory. */
export interface KnownChild {
  readonly name: Buffer;
  /** Whether csync2 knows something below it. */
  readonly deep: boolean;
}

/** One of the notes that csync2 has made last. */
export interface RecentNote {
  /** An id that differs for every note, one character a byte. */
  readonly id: string;
  readonly path: PathBytes;
}

/** csync2's database can't be opened or read. */
export class LedgerError extends InotifyCsyncError {
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(
      'ICS_LEDGER',
      exitCodes.unavailable,
      `cannot read csync2's database ${file}: ${why}`,
      'check that the file belongs to root, that its disk is not full, and that `csync2 -M` works',
      options,
    );
  }
}

/** The key range of everything below an encoded name: '/' and '0' are neighbours in ASCII. */
export function subtree(encoded: Buffer): { self: Buffer; from: Buffer; to: Buffer } {
  const base = encoded.length === 1 && encoded[0] === slash ? Buffer.alloc(0) : encoded;
  return {
    self: encoded,
    from: Buffer.concat([base, Buffer.from('/')]),
    to: Buffer.concat([base, Buffer.from('0')]),
  };
}

/** Adds pending rows to a csync2 database, in one transaction. Existing rows stay as they are. */
export function insertDirty(
  database: Database.Database,
  encodedPeer: Buffer,
  rows: readonly DirtyRow[],
): void {
  const insert = database.prepare(
    `INSERT INTO dirty (filename, forced, myname, peername)
       VALUES (CAST(? AS TEXT), ?, CAST(? AS TEXT), CAST(? AS TEXT))`,
  );
  const insertAll = database.transaction(() => {
    for (const row of rows) insert.run(row.encoded, Number(row.forced), row.myName, encodedPeer);
  });
  insertAll();
}

/** Whether an error means that another process has locked csync2's database. */
export function isLocked(error: unknown): boolean {
  return (error as { code?: string }).code?.startsWith('SQLITE_BUSY') ?? false;
}

const slash = 0x2f;
const portionLength = 2000;
/**
 * Bytes of names in one query, which fit tens of thousands of usual names or a thousand of the
 * longest.
 */
const nameBytesAtOnce = 4 * 1024 * 1024;
/** Rows in one query. */
const mostTogether = 256;
const readWaitMilliseconds = 2000;
