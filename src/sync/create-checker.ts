import { AutoCheck } from '../csync2/check/auto-check.js';
import { CurrentRules } from '../csync2/check/current-rules.js';
import { OwnCheck } from '../csync2/check/own-check.js';
import { type PathCheck, ProgramCheck } from '../csync2/check/path-check.js';
import type { Ledger } from '../csync2/database/ledger.js';
import { namesOf } from '../csync2/files/name-encoding.js';
import type { PathBytes } from '../text/path-bytes.js';
import { arrivalsOf } from './arrivals/arrivals.js';
import { Checker } from './check/checker.js';
import { HardLinks } from './check/hard-links.js';
import { CheckRecord } from './check/torn/check-record.js';
import { TornChecks } from './check/torn/torn-checks.js';
import type { Surveys } from './common/survey.js';
import type { CheckJournal } from './database/check-journal.js';
import type { DatabaseWindow } from './database/database-window.js';
import type { RootGuard } from './guard/root-guard.js';
import { OverlookedChanges } from './memory/overlooked-changes.js';
import type { UnseenTimes } from './memory/unseen-times.js';
import type { SyncParts } from './parts.js';

/** What the checker shares with other parts; no `ledger` if the database is not SQLite. */
export interface CheckerSurroundings {
  readonly ledger: Ledger | undefined;
  readonly journal: CheckJournal;
  readonly window: DatabaseWindow;
  readonly guard: RootGuard;
  readonly surveys: Surveys;
  readonly unseenTimes: UnseenTimes;
  /** Asks for a check of a file. */
  readonly recheck: (path: PathBytes) => void;
}

/** Creates the checker, and what finds the other names of files that it checks. */
export function createChecker(
  parts: SyncParts,
  around: CheckerSurroundings,
): { readonly checker: Checker; readonly links: HardLinks } {
  const { activity, events, memory, notes, prefixes, roots, runner } = parts;
  const { guard, journal, ledger, recheck, surveys, unseenTimes, window } = around;
  const links = new HardLinks({
    ...{ roots, recheck, concerns: parts.concerns, survey: surveys.survey },
    onError: (error) => events.onError?.('looking for files with several names', error),
  });
  const checker = new Checker({
    ...{ runner, ledger, journal, window, memory, notes, links, prefixes, guard },
    check: createPathCheck(parts, ledger),
    torn: createTornChecks(parts, around),
    changes: new OverlookedChanges({ noteTable: ledger?.notes, memory, notes }),
    arrivals: arrivalsOf(activity, parts.writes, prefixes),
    survey: surveys.survey,
    timelines: parts.timelines,
    unseenSince: unseenTimes.since,
    mayBeUnseen: unseenTimes.includes,
    onRestored: (paths) => events.onRestored?.(paths),
    takeBroken: () => activity.takeBroken(),
    takeEmptied: () =>
      activity.takeEmptied((path) =>
        namesOf(path, prefixes).map((name) => name.toString('latin1')),
      ),
  });
  return { checker, links };
}

function createTornChecks(
  { checkRecord, privateDatabases }: SyncParts,
  { journal, ledger }: CheckerSurroundings,
): TornChecks {
  return new TornChecks({
    newest: ledger && ((limit) => ledger.notes.newest(limit)),
    record: new CheckRecord(checkRecord),
    // A lane on a private database loses no marks.
    ...(ledger && privateDatabases ? {} : { alsoUnmarked: () => journal.markedSinceFirst() }),
  });
}

function createPathCheck(parts: SyncParts, ledger: Ledger | undefined): PathCheck {
  const { runner, prefixes, events } = parts;
  const program = new ProgramCheck(runner, prefixes);
  if (parts.checker === 'csync2') return program;
  const own = () =>
    ledger && parts.knownChecks
      ? new OwnCheck({ ledger, rules: new CurrentRules(runner.instance) })
      : undefined;
  return new AutoCheck({
    ...{ program, own: own() ?? (ledger ? 'program' : 'server') },
    onChecked: (count) => events.onCheckedHere?.(count),
    onFallback: (reason, count) => events.onLeftToCsync2?.(reason, count),
  });
}
