import { join } from 'node:path';
import { encodeName } from '../files/name-encoding.js';
import { databaseName } from '../run/instance.js';
import type { ListingOptions } from './peer-listing.js';
import { PrivateDatabase } from './private-database.js';

/**
 * Looks at what a peer has under some names, and changes nothing there (`csync2 -d -u`: command
 * SIG). Its server makes the signature of a file in a temporary file beside it, which a service on
 * the peer notices: so it learns that somebody has looked. Works on a database of its own.
 *
 * @param names - as they stand in the database
 */
export async function lookAtPeer(
  { runner, ledger, peer, myName, directory, stallSeconds, signal }: Omit<ListingOptions, 'idle'>,
  names: readonly Buffer[],
): Promise<void> {
  const own = join(directory, `look-${encodeURIComponent(peer)}`);
  const encodedName = encodeName(Buffer.from(myName));
  const rows = names.map((encoded, rowid) => ({ rowid, encoded, myName: encodedName, forced: 0 }));
  const copy = PrivateDatabase.build(ledger, join(own, databaseName(runner.instance)), peer, rows);
  try {
    await runner.run({
      mode: ['-A', '-d', '-u', '-P', peer],
      database: own,
      stallSeconds,
      signal,
      onMessage: () => {},
      onOutput: () => {},
    });
  } finally {
    copy.remove();
  }
}
