import type { PathCheck } from '../../csync2/check/path-check.js';
import { lastWords, type Outcome } from '../../csync2/run/result.js';
import type { CommandResult, Runner } from '../../csync2/run/runner.js';
import { type PathBytes, toKey } from '../../text/path-bytes.js';
import type { Scope } from '../common/batch.js';
import type { Timelines } from '../common/timelines.js';
import type { CheckJournal } from '../database/check-journal.js';
import { argumentChunks } from './argument-chunks.js';
import type { Clearance } from './clearance.js';
import type { FailedPath, NoteFailure } from './failed-path.js';
import type { MistakenDeletions } from './mistaken-deletions.js';
import type { TornChecks } from './torn/torn-checks.js';

/** How {@link CheckRunner} runs csync2 over paths. */
export interface CheckMode {
  /** Check, or mark dirty without looking. */
  readonly mode: '-c' | '-m';
  readonly recursive: boolean;
  readonly idle?: boolean;
  readonly signal?: AbortSignal;
  /** Whether each path has been looked at just now, so that it needs no other look. */
  readonly isLookedAt?: boolean;
  /** Given what each csync2 command has marked, as far as it says so; the retries too. */
  readonly onMarked?: (paths: readonly PathBytes[]) => void;
}

/** A mode, with a callback for the paths that csync2 has taken for deleted by mistake. */
interface RunMode extends CheckMode {
  readonly onMistaken?: (paths: readonly PathBytes[]) => void;
}

/** What became of paths that csync2 was to look at. */
export interface RunReport {
  readonly failed: readonly FailedPath[];
  /** Paths that it was not given, because they lie at or below a place that is not there. */
  readonly held: readonly PathBytes[];
}

/** What the runner works with. */
export interface CheckRunnerParts {
  readonly clearance: Clearance;
  readonly mistakes: MistakenDeletions;
  /** Checks and marks. */
  readonly check: PathCheck;
  /** Takes note of files as they are. */
  readonly runner: Runner;
  readonly journal: CheckJournal;
  readonly torn: TornChecks;
  /** Undefined: nobody wants to know where the time goes. */
  readonly timelines?: Timelines | undefined;
}

/**
 * Runs csync2 over any number of paths: cut into argument lists, tried again, and split where a
 * path is at fault.
 */
export class CheckRunner {
  readonly #parts: CheckRunnerParts;

  constructor(parts: CheckRunnerParts) {
    this.#parts = parts;
  }

  /** Runs csync2 over all paths that exist and can be looked at. */
  async run(paths: readonly PathBytes[], how: CheckMode): Promise<RunReport> {
    await this.markUnmarked();
    const report: Draft = { failed: [], held: [] };
    for (const chunk of argumentChunks(paths)) {
      // Marking looks at nothing.
      if (how.mode === '-m') await this.#mark(how, chunk, report);
      else await this.#check(how, chunk, report);
    }
    return report;
  }

  async #mark(how: CheckMode, chunk: readonly PathBytes[], report: Draft): Promise<void> {
    const { clearance } = this.#parts;
    const [held, marked] = [true, false].map((is) =>
      chunk.filter((path) => clearance.isHeld(path) === is),
    );
    append(report.held, held ?? []);
    await this.#runAll(how, marked ?? [], report);
  }

  async #check(how: CheckMode, chunk: readonly PathBytes[], report: Draft): Promise<void> {
    const { clearance } = this.#parts;
    const cleared = await clearance.of(chunk, how);
    append(report.failed, cleared.failed);
    append(report.held, cleared.held);
    const onMistaken = (paths: readonly PathBytes[]) => {
      const sorted = clearance.outOfSight(paths);
      append(report.failed, sorted.failed);
      append(report.held, sorted.held);
    };
    await this.#runAll({ ...how, onMistaken }, cleared.whole, report);
    await this.#runAll({ ...how, onMistaken, recursive: true }, cleared.trees, report);
    await this.#runAll({ ...how, onMistaken, recursive: false }, cleared.files, report);
  }

  async #runAll(how: RunMode, paths: readonly PathBytes[], { failed }: Draft): Promise<void> {
    for (const chunk of argumentChunks(paths)) append(failed, await this.#runChunk(how, chunk));
  }

  /**
   * Marks the paths that checks have torn. If a path can't be marked, it stays unmarked, and is
   * tried again before the next check.
   *
   * @param isNew - whether updates that run now may remove these marks unnoticed; false if the
   * checks that made them first are in the journal anyway
   * @returns whether nothing is left unmarked
   */
  async markUnmarked(isNew = true): Promise<boolean> {
    const { torn } = this.#parts;
    const { files, trees } = torn.unmarked;
    await this.#markUnmarked(files, { recursive: false, isNew });
    await this.#markUnmarked(trees, { recursive: true, isNew });
    return torn.unmarked.files.length + torn.unmarked.trees.length === 0;
  }

  async #markUnmarked(
    paths: readonly PathBytes[],
    { recursive, isNew }: { recursive: boolean; isNew: boolean },
  ): Promise<void> {
    for (const chunk of argumentChunks(paths)) {
      const { outcome } = await this.#command({ mode: '-m', recursive }, chunk, isNew);
      if (outcome === 'done') this.#parts.torn.forgetMarked(scopeOf(chunk, recursive));
    }
  }

  /**
   * Has csync2 take note of files as they are, with nothing pending for any peer (`-cI`).
   *
   * @returns what has failed; undefined: it has
   */
  async note(paths: readonly PathBytes[]): Promise<NoteFailure | undefined> {
    for (const chunk of argumentChunks(paths)) {
      const result = await this.#parts.runner.run({ mode: ['-I', '-c'], paths: chunk });
      if (result.outcome === 'done') continue;
      return {
        outcome: result.outcome,
        text: lastWords(result.said),
        isForAll: isUnwritable(result),
      };
    }
    return undefined;
  }

  /**
   * Runs a chunk. A chunk that fails again and again is split until the paths at fault stand alone.
   */
  async #runChunk(how: RunMode, chunk: readonly PathBytes[]): Promise<FailedPath[]> {
    const result = await this.#attempt(how, chunk);
    if (result.outcome === 'done') return [];
    const isForAll = hopeless.has(result.outcome) || isUnwritable(result);
    if (chunk.length === 1 || isForAll || how.signal?.aborted)
      return failedOf(chunk, how.recursive, result);
    const middle = chunk.length >> 1;
    return [
      ...(await this.#runChunk(how, chunk.slice(0, middle))),
      ...(await this.#runChunk(how, chunk.slice(middle))),
    ];
  }

  async #attempt(how: RunMode, paths: readonly PathBytes[]): Promise<CommandResult> {
    const { torn } = this.#parts;
    const scope = scopeOf(paths, how.recursive);
    const begunAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      const begun = torn.begin(scope);
      const result = await this.#command(how, paths);
      torn.end(begun, mayBeTorn(result));
      if (mayBeTorn(result)) await this.markUnmarked();
      // A file that vanishes ends a recursive check half-way. csync2 keeps what it had found, so
      // another try gets nearer the end.
      const mayGoOn = attempt < attempts && performance.now() - begunAt < attemptsMilliseconds;
      const isWorthIt = passing.has(result.outcome) && mayGoOn && !how.signal?.aborted;
      if (!isWorthIt) return result;
    }
  }

  async #command(
    how: RunMode,
    paths: readonly PathBytes[],
    isInJournal = true,
  ): Promise<CommandResult> {
    const { check, journal, mistakes, timelines } = this.#parts;
    const { mode, recursive, idle = false, signal, onMarked, onMistaken } = how;
    const scope = scopeOf(paths, recursive);
    const before = mode === '-c' ? mistakes.before(scope) : undefined;
    const ended = isInJournal ? journal.begin(paths, recursive) : () => {};
    timelines?.mark('look');
    const onSpawned = timelines && (() => timelines.mark('check spawn'));
    const answer = await check
      .run({ mode, recursive, paths, idle, signal, onSpawned })
      .catch((error: unknown) => {
        ended();
        throw error;
      });
    timelines?.mark('check');
    const { result, marked: found, isComplete } = answer;
    if (mayBeTorn(result) || !isComplete) ended();
    else ended(found);
    const isAnyMarked = found.length > 0 || !isComplete || mayBeTorn(result);
    const mistaken = isAnyMarked ? await mistakes.takeBack(scope, before) : [];
    onMistaken?.(mistaken);
    const keys = new Set(mistaken.map(toKey));
    onMarked?.(found.filter((path) => !keys.has(toKey(path))));
    return result;
  }
}

interface Draft extends RunReport {
  readonly failed: FailedPath[];
  readonly held: PathBytes[];
}

function append<Item>(list: Item[], items: readonly Item[]): void {
  for (const item of items) list.push(item);
}

function scopeOf(paths: readonly PathBytes[], recursive: boolean): Scope {
  return recursive ? { files: [], trees: paths } : { files: paths, trees: [] };
}

function failedOf(
  paths: readonly PathBytes[],
  recursive: boolean,
  result: Pick<CommandResult, 'outcome' | 'said'>,
): FailedPath[] {
  const { outcome, said } = result;
  const isForAll = hopeless.has(outcome) || isUnwritable(result);
  return paths.map((path) => ({ path, recursive, outcome, text: lastWords(said), isForAll }));
}

/**
 * Whether csync2's database can't be written, as on a full disk; not whether another process has
 * just written the same row.
 */
function isUnwritable({ said }: Pick<CommandResult, 'said'>): boolean {
  return said.some((message) => databaseError.test(message));
}

/**
 * Whether csync2 may have ended between two statements. With a wrong configuration, for example, it
 * has not even begun.
 */
function mayBeTorn({ outcome, signal, said }: CommandResult): boolean {
  const isBeforeNote = said.some((message) => message.startsWith(beforeNote));
  return signal !== undefined || !(whole.has(outcome) || isBeforeNote);
}

/** Ends at which no note is without its marks. */
const whole: ReadonlySet<Outcome> = new Set([
  'done',
  'vanished',
  'config',
  'maintenance',
  'not-found',
  'shortage',
]);
/** The database has refused the note itself: a session of the server has just made it. */
const beforeNote = 'Database Error: Adding or updating file entry';
/**
 * csync2 prints its action, then SQLite's reason, and only then the statement with the file's name.
 */
const databaseError =
  /^Database Error: [A-Za-z ]+ \[\d+\]: (?:database or disk is full|disk I\/O error|attempt to write a readonly database|unable to open database file)/;
/** Splitting doesn't help against these: they concern csync2, not a path. */
const hopeless: ReadonlySet<Outcome> = new Set([
  'config',
  'maintenance',
  'not-found',
  'locked',
  'shortage',
]);
/** Another try may do. */
const passing: ReadonlySet<Outcome> = new Set(['vanished', 'crashed', 'locked']);
const attempts = 5;
/** Checks that take longer are tried again later, because others wait. */
const attemptsMilliseconds = 3000;
