import type { LeastRate } from '../../csync2/run/runner.js';
import type { Mutex } from '../common/mutex.js';

/**
 * The least rate of an update when peers are updated one after another: a peer that drips must not
 * hold up the others for ever. csync2 moves more bytes than this for small files, too, because it
 * reads and writes its database.
 */
export function leastRateOf(turn: Mutex | undefined): LeastRate | undefined {
  return turn && { bytesPerSecond: 4096, isWanted: () => turn.isWaitedFor };
}
