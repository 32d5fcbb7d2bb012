import { compareWithPeer } from '../csync2/database/comparison.js';
import type { Ledger } from '../csync2/database/ledger.js';
import { outcomeText } from '../csync2/run/result.js';
import { Newcomers } from './newcomers/newcomers.js';
import type { SyncParts } from './parts.js';
import { peerOptions } from './peer-options.js';

/** Creates what brings new peers up to date. */
export function createNewcomers(
  parts: SyncParts,
  ledger: Ledger,
  wake: (peer: string) => void,
): Newcomers {
  const { events, knownPeers } = parts;
  return new Newcomers({
    known: knownPeers,
    isPaused: (peer) => parts.paused.since(peer) !== undefined,
    wake,
    onCompared: (peer, comparison) => events.onCompared?.(peer, comparison),
    async compare(peer, signal) {
      const options = peerOptions(parts, ledger, peer, signal);
      const { result, pending } = await compareWithPeer(options);
      const ok = result.outcome === 'done' || result.exitCode === inSync;
      return { ok, pending, reason: ok ? '' : outcomeText[result.outcome] };
    },
  });
}

/** csync2's exit code for "nothing differs". */
const inSync = 2;
