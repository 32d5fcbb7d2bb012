import { Counts } from './counts.js';
import { EventFeed } from './event-feed.js';
import { EventRing } from './event-ring.js';
import type { Log } from './log.js';
import { RecentTroubles } from './recent-troubles.js';
import { type CheckReports, checkReports } from './reports/checks.js';
import { type FullCheckReports, fullCheckReports } from './reports/full-checks.js';
import type { Outlets } from './reports/outlets.js';
import { type PeerReports, peerReports } from './reports/peers.js';
import { type PushReports, pushReports } from './reports/pushes.js';
import { type QueueReports, queueReports } from './reports/queue.js';
import { type RootReports, rootReports } from './reports/roots.js';
import { type ServerReports, serverReports } from './reports/server.js';
import { type ServiceReports, serviceReports } from './reports/service.js';
import { TroubleLog } from './trouble-log.js';

/**
 * Turns reports into log lines. A single file is logged above debug only if it has a problem, and a
 * continuing problem is logged more and more rarely. Its methods may be passed on one by one.
 */
export interface Reporter
  extends CheckReports,
    FullCheckReports,
    PeerReports,
    PushReports,
    QueueReports,
    RootReports,
    ServerReports,
    ServiceReports {
  /** The scheduler does something else now. */
  onState(): void;
}

/** Creates a reporter to a log. What is left out of `others` is its own, and seen by nobody. */
export function createReporter(
  log: Log,
  {
    counts = new Counts(),
    feed = new EventFeed(new EventRing()),
    recent = new RecentTroubles(),
    onChange = () => {},
  }: Partial<Omit<Outlets, 'log' | 'troubles'>> = {},
): Reporter {
  const outlets: Outlets = { log, troubles: new TroubleLog(log), counts, feed, recent, onChange };
  const checks = checkReports(outlets);
  return {
    onState: onChange,
    ...checks,
    ...rootReports(outlets),
    ...fullCheckReports(outlets, checks),
    ...pushReports(outlets),
    ...peerReports(outlets),
    ...serverReports(outlets),
    ...queueReports(outlets),
    ...serviceReports(outlets),
  };
}
