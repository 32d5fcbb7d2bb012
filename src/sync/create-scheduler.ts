import type { Ledger } from '../csync2/database/ledger.js';
import type { KeptTime } from '../state/kept-time.js';
import type { Checker } from './check/checker.js';
import type { Surveys } from './common/survey.js';
import type { DatabaseWindow } from './database/database-window.js';
import { DetectedLate } from './full-check/detected-late.js';
import { FullCheck } from './full-check/full-check.js';
import { UnsupportedPaths } from './full-check/unsupported-paths.js';
import type { RootGuard } from './guard/root-guard.js';
import type { UnseenTimes } from './memory/unseen-times.js';
import type { SyncParts } from './parts.js';
import type { Lane } from './push/lane.js';
import { Scheduler } from './scheduler.js';
import { reportedTree, sweepTree } from './sweep/sweep-tree.js';

/** The parts that the scheduler joins; no `ledger` if the database is not SQLite. */
export interface SchedulerSurroundings {
  readonly ledger: Ledger | undefined;
  readonly window: DatabaseWindow;
  readonly guard: RootGuard;
  readonly checker: Checker;
  readonly lanes: readonly Lane[];
  readonly surveys: Surveys;
  /** When the last full check was. */
  readonly history: KeptTime;
  readonly unseenTimes: UnseenTimes;
}

/** Creates the scheduler, with the full checks that it runs and what they find. */
export function createScheduler(
  parts: SyncParts,
  around: SchedulerSurroundings,
): {
  readonly scheduler: Scheduler;
  readonly detectedLate: DetectedLate;
  readonly unsupported: UnsupportedPaths;
} {
  const { events, isEntered, memory, queue, roots, runner, timelines, unseen } = parts;
  const { checker, guard, history, lanes, ledger, surveys, unseenTimes, window } = around;
  const detectedLate = new DetectedLate();
  const unsupported = new UnsupportedPaths((summary) => events.onUnsupported?.(summary));
  const scheduler = new Scheduler(
    {
      ...{ queue, checker, guard, lanes, detectedLate, unsupported },
      ...{ history, unseen, memory, timelines, events },
      tree: reportedTree(ledger?.tree, isEntered),
      csync2: {
        get running() {
          return runner.running + surveys.running;
        },
        get started() {
          return runner.started + surveys.started;
        },
      },
      beginFullCheck: () =>
        new FullCheck({
          ...{ roots, checker, guard, window, unseenSince: unseenTimes.since() },
          tree: sweepTree(ledger?.tree, isEntered),
          onLeftOut: (paths) => unsupported.add(paths),
        }),
    },
    parts.options,
  );
  return { scheduler, detectedLate, unsupported };
}
