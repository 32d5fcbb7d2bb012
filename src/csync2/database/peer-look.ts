import { join } from 'node:path';
import { encodeName } from '../files/name-encoding.js';
import { databaseName } from '../run/instance.js';
import type { ListingOptions } from './peer-listing.js';
import { PrivateDatabase } from './private-database.js';

/**
 * Reads a peer's versions of some files, and changes nothing there (`csync2 -d -u`, command SIG).
 * The peer's server makes the signature of a file in a temporary file beside it. A service on the
 * peer notices that, and so learns of the look. Works on a private database.
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
