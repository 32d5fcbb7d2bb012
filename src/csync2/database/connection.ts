import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { exitCodes, InotifyCsyncError } from '../../errors.js';

/**
 * A connection to csync2's SQLite database.
 *
 * csync2 commits in short moments and our reads take a snapshot, so `SQLITE_BUSY` goes away within
 * milliseconds. The connection waits for that.
 */
export class Connection {
  readonly file: string;
  #open: { readonly database: Database.Database; readonly inode: bigint } | undefined;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(file: string) {
    this.file = file;
  }

  /**
   * The open database. It is reopened if another process has replaced the file. Throws a
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

  /** A statement, which is prepared only once. Throws as {@link database}. */
  prepare(sql: string): Database.Statement {
    const { database } = this;
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /**
   * Runs several queries on one snapshot, which is ten times faster than one by one. Keep it to a
   * few hundred, because a csync2 that wants to write meanwhile finds the database busy and sleeps
   * for a second.
   */
  reading<Result>(questions: () => Result): Result {
    return this.database.transaction(questions).deferred();
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

/** Whether an error means that another process has locked csync2's database. */
export function isLocked(error: unknown): boolean {
  return (error as { code?: string }).code?.startsWith('SQLITE_BUSY') ?? false;
}

const readWaitMilliseconds = 2000;
