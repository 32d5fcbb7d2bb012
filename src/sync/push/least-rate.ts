import type { LeastRate } from '../../csync2/run/runner.js';
import type { Mutex } from '../common/mutex.js';

/**
 * How fast an update has to be where peers are updated one after another: one whose peer drips must
 * not hold up the others for as long as it likes. csync2 moves more than this for small files, too,
 * as it reads and writes its database.
 */
export function leastRateOf(turn: Mutex | undefined): LeastRate | undefined {
  return turn && { bytesPerSecond: 4096, isWanted: () => turn.isWaitedFor };
}
