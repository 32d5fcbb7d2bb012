import type Database from 'better-sqlite3';
import { encodeName } from '../files/name-encoding.js';
import type { Connection } from './connection.js';
import type { PendingRow } from './pending-table.js';

/**
 * Adds pending rows to a csync2 database, in one transaction. Existing rows stay as they are.
 * Throws what better-sqlite3 throws.
 */
export function insertPending(
  database: Database.Database,
  encodedPeer: Buffer,
  rows: readonly PendingRow[],
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

/**
 * Removes a file from the pending rows of some peers, in one short transaction, except rows to be
 * sent with force. Throws what better-sqlite3 throws.
 */
export function forgetPending(
  { database }: Pick<Connection, 'database'>,
  encoded: Buffer,
  peers: readonly string[],
): void {
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
 * Removes the pending rows of some names for a peer, including rows to be sent with force. Throws
 * as {@link forgetPending}.
 */
export function withdrawPending(
  { database }: Pick<Connection, 'database'>,
  names: readonly Buffer[],
  peer: string,
): void {
  const withdraw = database.prepare(
    'DELETE FROM dirty WHERE filename = CAST(? AS TEXT) AND peername = CAST(? AS TEXT)',
  );
  const withdrawAll = database.transaction(() => {
    for (const encoded of names) withdraw.run(encoded, encodeName(Buffer.from(peer)));
  });
  withdrawAll.immediate();
}

/**
 * Removes all pending rows of these names, in one transaction. Throws what better-sqlite3 throws.
 * `SQLITE_BUSY` means that nothing has been changed and that the caller can try again shortly.
 */
export function removePending(connection: Connection, names: readonly Buffer[]): void {
  const { database } = connection;
  const removeRow = database.prepare('DELETE FROM dirty WHERE filename = CAST(? AS TEXT)');
  const removeAll = database.transaction(() => {
    for (const name of names) removeRow.run(name);
  });
  connection.withoutWaiting(() => removeAll.immediate());
}
