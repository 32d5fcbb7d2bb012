import type { Counts } from '../counts.js';
import type { EventFeed } from '../event-feed.js';
import type { Log } from '../log.js';
import type { RecentTroubles } from '../recent-troubles.js';
import type { TroubleLog } from '../trouble-log.js';

/** Where reports go. */
export interface Outlets {
  readonly log: Log;
  /** For problems that may go on, or come again and again. */
  readonly troubles: TroubleLog;
  readonly counts: Counts;
  /** Keeps the last of what is reported. */
  readonly feed: EventFeed;
  /** Keeps when queue and watcher were in trouble. */
  readonly recent: RecentTroubles;
  /** To be called when the state may look different to somebody who watches it. */
  readonly onChange: () => void;
}
