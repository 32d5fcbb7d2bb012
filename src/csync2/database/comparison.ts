import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { encodeName } from '../files/name-encoding.js';
import { databaseName } from '../run/instance.js';
import type { CommandResult } from '../run/runner.js';
import type { Ledger } from './ledger.js';
import type { ListingOptions } from './peer-listing.js';
import type { PendingRow } from './pending-table.js';
import { insertPending } from './pending-writes.js';

/** Options of {@link compareWithPeer}, which makes pending what a peer lacks. */
export interface ComparisonOptions extends Omit<ListingOptions, 'idle'> {
  /**
   * If given, files that only the peer has are taken, too, to be removed there. Only rows for which
   * `keep` returns true are made pending. It gets all differences except those pending before.
   */
  readonly keep?: (row: PendingRow) => boolean;
}

/**
 * Compares the notes of both sides (`csync2 -TIU`) and makes pending for the peer what it lacks.
 * Works on a copy of the database, so that no lock is held over the network. csync2 marks
 * differences in the copy, because its printed differences could not be told from file names.
 *
 * @returns csync2's result, and how many files are pending; 0 and 2 are csync2's good exit codes
 *   here
 */
export async function compareWithPeer(
  options: ComparisonOptions,
): Promise<{ result: CommandResult; pending: number }> {
  const { runner, ledger, peer, myName, stallSeconds, signal, keep } = options;
  const kind = keep ? 'difference' : 'compare';
  const directory = join(options.directory, `${kind}-${encodeURIComponent(peer)}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, databaseName(runner.instance));
  try {
    rmSync(file, { force: true });
    await ledger.database.backup(file);
    if (keep) forgetAllPending(file);
    const mode = ['-A', keep ? '-TIXU' : '-TIU', myName, peer];
    const result = await runner.run({ mode, database: directory, stallSeconds, signal });
    const good = result.outcome === 'done' || result.exitCode === 2;
    return { result, pending: good ? adopt(ledger, file, peer, keep) : 0 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function forgetAllPending(file: string): void {
  const copy = new Database(file);
  try {
    copy.exec('DELETE FROM dirty');
  } finally {
    copy.close();
  }
}

function adopt(
  ledger: Ledger,
  file: string,
  peer: string,
  keep: (row: PendingRow) => boolean = () => true,
): number {
  const copy = new Database(file, { readonly: true });
  try {
    const rows = copy
      .prepare(
        `SELECT rowid, CAST(filename AS BLOB) AS encoded, CAST(myname AS BLOB) AS myName, forced FROM dirty
           WHERE peername = CAST(? AS TEXT)`,
      )
      .all(encodeName(Buffer.from(peer))) as PendingRow[];
    const kept = rows.filter(keep);
    insertPending(ledger.database, encodeName(Buffer.from(peer)), kept);
    return kept.length;
  } finally {
    copy.close();
  }
}
