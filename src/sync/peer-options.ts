import type { Ledger } from '../csync2/database/ledger.js';
import type { ListingOptions } from '../csync2/database/peer-listing.js';
import type { SyncParts } from './parts.js';

/** What csync2 needs to be told to ask a peer for what it has. */
export function peerOptions(
  { laneDirectory: directory, peers, runner, stallSeconds }: SyncParts,
  ledger: Ledger,
  peer: string,
  signal: AbortSignal,
): Omit<ListingOptions, 'idle'> {
  const myName = peers.find(({ name }) => name === peer)?.myName ?? runner.instance.hostName;
  return { runner, ledger, peer, myName, directory, stallSeconds, signal };
}
